/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Those who attach to a container before it is started. Each listens on a socket
 * in RUN_ROOT/waiting/ID, called by its process; who starts the container lets
 * each attach, between the supervisor's beginning and that of the first process,
 * so that no byte of it is lost.
 */
#ifndef BIVY_ENGINE_WAITERS_H
#define BIVY_ENGINE_WAITERS_H

#include "engine/container.h"

struct waiter {
	char *directory, *name; /* of the socket; owned */
	int listen_fd, starter; /* -EBADF: none */
};

#define WAITER_INIT ((struct waiter){ .listen_fd = -EBADF, .starter = -EBADF })

/* Listens; whoever starts the container from now on finds it. */
int waiter_open(const struct container_record *record, struct waiter *ret, struct error *err) _must_check_;

/*
 * Until somebody starts it: 1, and then waiter_close() says that we have
 * attached; 0: LEFT, called now and then, says that nobody wants to any more, or
 * the container is gone.
 */
int waiter_wait(struct waiter *waiter, const struct container_record *record, bool (*left)(const void *context), const void *context, struct error *err)
	_must_check_;

void waiter_close(struct waiter *waiter);
#define _cleanup_waiter_ _cleanup_(waiter_close)

/* Whether there is one; who starts the container asks before waiters_admit(). */
bool waiters_exist(const struct container_record *record);

/* Lets all attach, and waits until they have, or a moment. What killed ones left is removed. */
void waiters_admit(const struct container_record *record);

/* What is left of those of the container ID, which is removed: who still waits finds that by itself. */
void waiters_forget(const struct directories *directories, const char *id);

#endif
