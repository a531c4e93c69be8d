/* SPDX-License-Identifier: Apache-2.0 */
/* Several things done at once, by threads. */
#ifndef BIVY_TRANSFER_TASKS_H
#define BIVY_TRANSFER_TASKS_H

#include "base/error.h"

#include <stddef.h>

struct tasks {
	size_t count;
	unsigned at_once;
	/* Does one, in whichever thread. */
	int (*run)(void *context, size_t index, struct error *err);
	/* One has failed: has the others that wait for something end soon, with ECANCELED. Called once, at most. May be NULL. */
	void (*cancel)(void *context);
	void *context;
};

/*
 * Begins them in their order, .at_once at a time (the caller's thread is one
 * of those that work), and waits for all that were begun. After a failure none
 * is begun; the first failure is the result.
 */
int tasks_run(const struct tasks *tasks, struct error *err) _must_check_;

#endif
