/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups by name, for people: NAME is a group in every hierarchy of the
 * host, version 1 and 2 alike, below a group of ours, so that nobody else's is
 * ever touched. A group is what the kernel says it is; no record is kept.
 *
 * An ordinary user has what was delegated to him (cgroups(7)); hierarchies that
 * he may not write are left out, and none at all is ERROR_DENIED.
 */
#ifndef BIVY_PRIMITIVE_GROUP_H
#define BIVY_PRIMITIVE_GROUP_H

#include "primitive/group_limits.h"

/* Beneath the top of each hierarchy, or of what was delegated. */
#define GROUP_TOP "/bivy-groups"

/* Bytes of a name, and groups within each other. */
#define GROUP_NAME_LIMIT 255
#define GROUP_DEPTH_LIMIT 8

/* Whether NAME is one: parts of letters, digits and "_.-", the first no ".", with "/" between for groups in groups. */
int group_name_check(const char *name, struct error *err) _must_check_;

/*
 * Makes the group NAME and sets LIMITS; its parents are made, too. On failure
 * nothing is left. ERROR_CONFLICT if it is there; one that a killed creator has
 * left in some of the hierarchies is completed.
 */
int group_create(const char *name, const struct group_limits *limits, struct error *err) _must_check_;

/* ERROR_NOT_FOUND if there is no such group; what was set before a failure stays. */
int group_set(const char *name, const struct group_limits *limits, struct error *err) _must_check_;

/* This process, which has a single thread, enters the group and becomes ARGS: returns only an error (126, 127). */
int group_execute(const char *name, char *const *args, struct error *err) _must_check_;

/*
 * Takes it away. ERROR_BUSY if processes run in it or groups are below it;
 * IS_FORCED kills those and takes these away, too.
 */
int group_remove(const char *name, bool is_forced, struct error *err) _must_check_;

struct group_entry {
	const char *name;
	size_t processes;  /* in it and in groups below */
	unsigned v1, v2;   /* in how many hierarchies of either version it is */
};

/* All of them, sorted by name, in the arena. */
int group_list(struct arena *arena, struct group_entry **ret, size_t *ret_count, struct error *err) _must_check_;

/* For group_usage.c: the group in those hierarchies that have it. ERROR_NOT_FOUND. Release with cgroup_set_done(). */
int group_open(const char *name, struct cgroup_set *ret, struct error *err) _must_check_;

/* The text of FILE of the group, in whichever hierarchy has it, in the arena. */
int group_read_file(struct arena *arena, const char *name, const char *file, const char **ret, struct error *err) _must_check_;

#endif
