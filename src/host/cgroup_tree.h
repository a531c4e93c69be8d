/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over the groups below a group. Their number, names and depth are the
 * container's choice, so one descriptor is open at a time and no path is built.
 */
#ifndef BIVY_HOST_CGROUP_TREE_H
#define BIVY_HOST_CGROUP_TREE_H

#include "base/cleanup.h"

struct cgroup_tree_visitor {
	/* Called with each group, the top first, before those below it; may be NULL. */
	int (*enter)(int fd, void *context);
	/* Called with each group but the top after those below it, as a name in its parent; may be NULL. */
	int (*leave)(int parent_fd, const char *name, void *context);
	void *context;
};

/*
 * Walks from FD (a readable directory, not closed). A function that returns
 * non-zero ends the walk with that value. Groups that vanish meanwhile are
 * passed over.
 */
int cgroup_tree_walk(int fd, const struct cgroup_tree_visitor *visitor) _must_check_;

#endif
