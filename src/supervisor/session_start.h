/* SPDX-License-Identifier: Apache-2.0 */
/* The child that starts a session's process and tells of it. */
#ifndef BIVY_SUPERVISOR_SESSION_START_H
#define BIVY_SUPERVISOR_SESSION_START_H

#include "runtime/verbs.h"
#include "spec/supervision.h"

struct session_start {
	const struct runtime *runtime;
	const char *id;
	int null_fd;
	/* A request of EXEC (spec/supervision.h), which nobody before the child reads; its size is the terminal's. */
	const char *text;
	size_t length;
	/*
	 * The child's end of a pair of sync_pair(); the process's streams that the request names, in the order in, out, err (of the others:
	 * /dev/null, or the terminal); and .process->preserve_fds more, to be 3 and up.
	 */
	const int *fds;
	size_t count; /* 1 at least */
};

/*
 * Forks it. To the other end of the pair come, as packets of runtime/sync.h:
 * SYNC_CHILD with the process's id and a pidfd, then SYNC_GO with the master of
 * a terminal and another one with its other end; or SYNC_ERROR, also if there
 * could be no child; then the end. The descriptors may be closed afterwards.
 */
void session_start(const struct session_start *start);

#endif
