/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts that a process sees, as a tree, and how they propagate to each other: mount_namespaces(7). */
#ifndef BIVY_HOST_MOUNT_TREE_H
#define BIVY_HOST_MOUNT_TREE_H

#include "base/memory.h"
#include "host/mountinfo.h"

#include <stdbool.h>

#define MOUNT_TREE_NONE SIZE_MAX

struct mount_node {
	const struct mountinfo_entry *entry;
	size_t parent;    /* its index; MOUNT_TREE_NONE at the top */
	unsigned depth;   /* 0 at the top */
	bool is_last;     /* of those on the same mount */
	bool is_covered;  /* another mount is on its root: nobody gets to it by its path */
};

/* Mounts that get what is mounted in each other. */
struct mount_group {
	uint64_t number;
	size_t *members, *slaves; /* indexes of nodes, those that are in sight */
	size_t member_count, slave_count;
};

struct mount_tree {
	struct mount_node *nodes; /* each before those on it, these in the order of the table */
	size_t count;
	struct mount_group *groups; /* by number */
	size_t group_count;
};

/* Pure. What goes round in circles, which no kernel says, is at the top. In the arena; TABLE must stay. */
void mount_tree_build(struct arena *arena, const struct mountinfo *table, struct mount_tree *ret);

/* "shared:5, slave of 3"; "private", "unbindable"; in the arena. */
const char *mount_tree_propagation(struct arena *arena, const struct mountinfo_entry *entry);

#endif
