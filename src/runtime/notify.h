/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFY_SOCKET of sd_notify(3), handed through: what the container says, the caller's service manager hears. */
#ifndef BIVY_RUNTIME_NOTIFY_H
#define BIVY_RUNTIME_NOTIFY_H

#include "base/error.h"

#include <sys/types.h>

/*
 * The socket that the container sees as /run/notify/notify.sock, bound in the
 * record DIR_FD. *ret is -EBADF where the container was made without one.
 */
int notify_open(int dir_fd, int *ret, struct error *err) _must_check_;

/* Hands one message on to HOST ("/path" or "@abstract"). Only READY, STATUS, ERRNO, BUSERROR, STOPPING and
 * WATCHDOG lines: a container may not name pids of the host. 1 if it said READY=1, else 0 or -errno. */
int notify_forward(int socket, const char *host) _must_check_;

/*
 * Forwards until READY=1, then tells HOST that PID, the container's process, is
 * the one to watch (MAINPID); or until that process, PIDFD, ends.
 */
int notify_wait_until_ready(int socket, const char *host, pid_t pid, int pidfd, struct error *err) _must_check_;

#endif
