/* SPDX-License-Identifier: Apache-2.0 */
/* The learner's own life, from its first listener until the profile is written. */
#ifndef BIVY_SUPERVISOR_LEARNING_H
#define BIVY_SUPERVISOR_LEARNING_H

#include "base/error.h"

struct learning_request {
	const char *profile; /* absolute path: what is learned is added to what is there */
	int listen_fd;       /* where the runtime hands over the listeners of filters (runtime/listener.h) */
	int control_fd;      /* a pipe: a byte says that all is to be forgotten, its end that the container has ended */
};

/*
 * Answers until the container has ended, then writes the profile, replaced by
 * rename(2). For a process of its own that is single-threaded and outside of
 * the container. Needs what ptrace(2) of the container's processes needs.
 */
int learning_run(const struct learning_request *request, struct error *err) _must_check_;

#endif
