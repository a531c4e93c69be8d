/* SPDX-License-Identifier: Apache-2.0 */
/* The child that starts a session's process and tells of it. */
#ifndef BIVY_SUPERVISOR_SESSION_START_H
#define BIVY_SUPERVISOR_SESSION_START_H

#include "runtime/verbs.h"
#include "spec/supervision.h"

struct session_start {
	const struct runtime *runtime;
	const char *id;
	const struct spec_exec_process *process;
	int streams[3]; /* the process's, or -EBADF: /dev/null, or the terminal */
	int null_fd;
	const int *preserved; /* .process->preserve_fds descriptors, to be 3 and up */
	uint32_t width, height; /* of the terminal; 0: unknown */
};

/*
 * Forks it. On *RET_SOCKET come, as packets of runtime/sync.h: SYNC_CHILD with
 * the process's id and a pidfd, then SYNC_GO with the master of a terminal; or
 * SYNC_ERROR; then the end. The descriptors may be closed afterwards.
 */
int session_start(const struct session_start *start, int *ret_socket, struct error *err) _must_check_;

#endif
