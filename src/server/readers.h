/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that answer short requests that only look, one after the other: to
 * start one for each would take longer than the answer, and they remember what
 * they have read (engine/container_cache.h). They come when they are needed and
 * go when they have had nothing to do for a while.
 */
#ifndef BIVY_SERVER_READERS_H
#define BIVY_SERVER_READERS_H

#include "api/call.h"

#include <poll.h>

#define READERS 2 /* at a time */

struct reader {
	pid_t pid;  /* 0: none */
	int socket; /* SOCK_SEQPACKET: requests go there, and a byte comes back for each that is answered */
	unsigned waiting, answered; /* requests */
	int64_t last_ms; /* CLOCK_MONOTONIC: when it was last given one */
};

struct readers {
	struct reader list[READERS];
	/* In the child, before anything else: closes what is not a reader's. */
	void (*leave)(void *context);
	void *context;
};

#define READERS_INIT ((struct readers){ .list = { { .socket = -EBADF }, { .socket = -EBADF } } })

/* Has the request answered by one of them, which has SOCKET then, too. -EAGAIN: they have too much to do; -errno. */
int readers_give(struct readers *readers, const struct api_work *work) _must_check_;

/* What to wait for, READERS of them; and what came of it. */
void readers_poll(const struct readers *readers, struct pollfd *ret);
void readers_take(struct readers *readers, const struct pollfd *polls);

/* Whether PID, which has ended, was one of them. */
bool readers_reap(struct readers *readers, pid_t pid);

/* Those that have been idle for long enough go; how long until that is to be looked at again, in ms; -1: there are none. */
int readers_expire(struct readers *readers);

/* All of them go, when they have answered what they have. */
void readers_end(struct readers *readers);

#endif
