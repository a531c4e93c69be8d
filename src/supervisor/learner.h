/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that learns what a container uses (`--learn`): the filters of its
 * processes ask it before each system call that they would allow, and it lets
 * every one through. One for each start; it ends with the container, and adds
 * what it has seen to the profile (spec/profile.h).
 *
 * A child of whoever makes the container's process, so that neither waits for
 * the other: that process's first call, its execve(2), asks already.
 */
#ifndef BIVY_SUPERVISOR_LEARNER_H
#define BIVY_SUPERVISOR_LEARNER_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct learner_request {
	const char *profile; /* absolute path of what is written; NULL: nothing is learned */
	int bundle_fd;       /* directory where its socket is made, SPEC_SUPERVISION_LEARNER */
	int null_fd;         /* /dev/null */
};

struct learner {
	pid_t pid;   /* 0: there is none */
	int control; /* closing it says that the container has ended */
	int report;  /* what went wrong, in words, until its end */
};

#define LEARNER_NONE ((struct learner){ .control = -EBADF, .report = -EBADF })

/* Before the container's process is made. *RET is what learner_end() or learner_drop() takes. Not with threads. */
int learner_start(const struct learner_request *request, struct learner *ret, struct error *err) _must_check_;

/*
 * The container has ended: what was seen is written. Waits for that, which
 * takes milliseconds; two seconds if processes of the container outlive its
 * first one. What went wrong is logged as a warning.
 */
void learner_end(struct learner *learner);

/* The container has not begun: what was seen is forgotten. Does not wait: who has it for a child reaps it. */
void learner_drop(struct learner *learner);

/*
 * PID, a child that was reaped, has ended with STATUS. True if it was the
 * learner: nobody answers the container's calls any more, all of them fail.
 */
bool learner_take_end(struct learner *learner, pid_t pid, int status);

#endif
