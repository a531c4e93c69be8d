/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in namespaces of its own, or of others, with this process waiting
 * for it:
 *
 *   1. parent  makes a process in between, in a new user namespace if there is to be one, and writes its id maps
 *   2. between arranges: makes or enters namespaces, which count for the parent's next child only as far as
 *              processes and clocks are concerned (unshare(2), setns(2))
 *   3. between makes the child, as the parent's own (CLONE_PARENT), and ends
 *   4. child   prepares
 *   5. parent  looks at the child, or does with it what is to be done before there is a command
 *   6. child   becomes the command
 *   7. parent  passes signals on, and ends as the command does
 *
 * If the parent dies the child is killed: nobody is left behind.
 */
#ifndef BIVY_PRIMITIVE_LAUNCH_H
#define BIVY_PRIMITIVE_LAUNCH_H

#include "base/error.h"
#include "host/idmap.h"

#include <stdbool.h>
#include <sys/types.h>

enum launch_flag {
	LAUNCH_USER_NAMESPACE = 1 << 0, /* .map is that of a new one, of no ranges: nobody is mapped */
	LAUNCH_CLOSES = 1 << 1,         /* of descriptors the command gets the standard streams alone */
	LAUNCH_FIRST = 1 << 2,          /* the child is the first process of a pid namespace, whom signals without a handler do not end */
};

struct launch {
	unsigned flags;
	struct idmap map;
	int (*arrange)(void *context, struct error *err); /* step 2, or NULL */
	int (*prepare)(void *context, struct error *err); /* step 4, or NULL */
	/* Step 5, or NULL: the child is CHILD, of this process's pid namespace. If it fails the child ends. */
	int (*visit)(void *context, pid_t child, struct error *err);
	/* Between the last descriptor that is closed and the exec; or NULL. Returns 0 or -errno, makes no call but one that confines. */
	int (*confine)(void *context);
	void *context;
	char *const *args; /* the command; NULL-terminated */
};

/*
 * Returns the command's status, 128 and more for a signal, in *RET_STATUS. Only
 * from a process with a single thread. Errors of all the processes come here;
 * 126 and 127 of a command that cannot be executed.
 */
int launch_run(const struct launch *launch, int *ret_status, struct error *err) _must_check_;

/* The same in place of this process: neither .arrange and .visit nor waiting. Returns only an error. */
int launch_become(const struct launch *launch, struct error *err) _must_check_;

#endif
