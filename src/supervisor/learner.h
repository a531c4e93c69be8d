/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that learns what a container uses (`--learn`): the filters of its
 * processes ask it before each system call that they would allow, and it lets
 * every one through. One for each start; it ends with the container, and adds
 * what it has seen to the profile (spec/profile.h).
 *
 * A child of the supervisor's, so that neither waits for the other: the
 * supervisor makes the process whose first call, its execve(2), asks already.
 */
#ifndef BIVY_SUPERVISOR_LEARNER_H
#define BIVY_SUPERVISOR_LEARNER_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct keeper;

struct learner {
	pid_t pid;   /* 0: there is none */
	int control; /* closing it says that the container has ended */
	int report;  /* what went wrong, in words, until its end */
};

#define LEARNER_NONE ((struct learner){ .control = -EBADF, .report = -EBADF })

/* Before the container's process is made; nothing without `learn` in its document. */
int learner_start(struct keeper *keeper, struct error *err) _must_check_;

/* The container has ended: what was seen is written. */
void learner_finish(struct keeper *keeper);

/* It has not begun: what was seen is forgotten. */
void learner_drop(struct keeper *keeper);

/* Whether it still writes. */
bool learner_is_busy(const struct keeper *keeper);

/* PID, a child, has ended with STATUS. False if it was another's. Says what went wrong; a container that is left without its learner is killed. */
bool learner_take_end(struct keeper *keeper, pid_t pid, int status);

void learner_done(struct keeper *keeper);

#endif
