/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation of the process that creates (or execs) with its children, over
 * one SOCK_SEQPACKET pair each: a message is one packet. A child speaks first; each
 * message that asks for something is answered with SYNC_GO. When the other side
 * is gone sync_receive() fails with -EPIPE, and a child then ends itself: a
 * killed runtime leaves no half-made init behind.
 */
#ifndef BIVY_RUNTIME_SYNC_H
#define BIVY_RUNTIME_SYNC_H

#include "base/error.h"

#include <stdint.h>

enum sync_type {
	SYNC_GO = 1,        /* parent: done, go on */
	SYNC_MAP_IDS,       /* joiner: I am in a new user namespace; write my maps */
	SYNC_CHILD,         /* joiner: VALUE is the child's pid, its pidfd comes along */
	SYNC_HOOKS,         /* init: mounts stand; run prestart and createRuntime hooks */
	SYNC_LIMITS,        /* set my resource limits, I may not raise them myself */
	SYNC_READY,         /* init: all made; waiting for start (or for GO to run) */
	SYNC_ERROR,         /* child: ERROR says what went wrong; I am gone */
};

struct sync_message {
	uint32_t type;
	int32_t value;
	struct error error;
};

/* A pair, both ends CLOEXEC; -errno on failure. */
int sync_pair(int ret_ends[2]) _must_check_;

/* Sends a packet, with descriptor FD along unless it is negative. No SIGPIPE. */
int sync_send(int socket, enum sync_type type, int32_t value, int fd) _must_check_;
int sync_send_error(int socket, const struct error *error) _must_check_;

/*
 * Receives one. *ret_fd (if not NULL) is the descriptor that came along or
 * -EBADF; the caller closes it. -EPIPE at end of file, -EBADMSG on anything
 * that is no message.
 */
int sync_receive(int socket, struct sync_message *ret, int *ret_fd) _must_check_;

/* Child: sends TYPE and waits for SYNC_GO. */
int sync_ask(int socket, enum sync_type type, int32_t value) _must_check_;

#endif
