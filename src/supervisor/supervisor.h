/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that stays with one container: it starts it, owns its terminal
 * and pipes, writes its log, answers clients, restarts it by its policy and
 * records how it ended (spec/supervision.h has the documents and messages).
 */
#ifndef BIVY_SUPERVISOR_SUPERVISOR_H
#define BIVY_SUPERVISOR_SUPERVISOR_H

#include "base/error.h"

#include <stdbool.h>

struct supervisor_request {
	const char *bundle; /* absolute directory with config.json and supervise.json */
	int socket;         /* the connection it is born with */
	int root_fd;        /* the root of the first start, a detached mount; or -EBADF */
	int user_fd, network_fd; /* namespaces of the first start, which have its links already (runtime/verbs.h); or -EBADF */
	bool has_groups;    /* of the first start: its control groups are made already (CREATE_HAS_GROUPS) */
	int preserve_fds;   /* descriptors 3 … 3+N-1 are the container's, at its first start */
	bool rootless;      /* as in struct runtime */
	void (*trim)(void); /* gives memory back that only the start needed; or NULL */
};

/*
 * Until the container has ended for good; then the exit command, if there is
 * one and nobody else does its work, is executed in our place. Call it
 * single-threaded, with standard streams that the container may have (log
 * driver "passthrough") or that are /dev/null. Closes all descriptors of the request.
 */
int supervisor_run(const struct supervisor_request *request, struct error *err) _must_check_;

#endif
