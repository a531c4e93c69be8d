/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of a container: the ways in.
 *
 * A process whose namespaces are all new is one clone3(2). To join namespaces
 * or to set the offsets of a time namespace, a joiner goes in between: it
 * enters what is to be entered and clones with CLONE_PARENT, so that the
 * child is the runtime's own, and ends.
 */
#ifndef BIVY_RUNTIME_SPAWN_H
#define BIVY_RUNTIME_SPAWN_H

#include "base/error.h"
#include "host/cgroup.h"
#include "host/idmap.h"
#include "spec/config.h"

#include <stdbool.h>
#include <sys/types.h>

struct spawn_join {
	int flag;         /* CLONE_NEW* */
	int fd;           /* of the namespace */
	const char *name; /* for messages */
};

#define SPAWN_JOIN_LIMIT 8

struct spawn_request {
	int new_namespaces;        /* CLONE_NEW* to make; NEWCGROUP is made last, inside the groups */
	const struct idmap *ids;   /* with CLONE_NEWUSER */
	struct spawn_join joins[SPAWN_JOIN_LIMIT];
	size_t join_count;
	const struct spec_time_offset *monotonic, *boottime; /* with CLONE_NEWTIME */
	int target_pidfd;          /* exec: join these... */
	int target_namespaces;     /* ...of this process, at once; 0: none */
	bool become_root;          /* after joining a user namespace: be its root */
	const char *initial_affinity; /* exec: cpu list before entering the groups, or NULL */
	struct cgroup_set *groups; /* prepared for entry; NULL: stay */
	bool has_entered;           /* the joiner has, for its child: those of version 1 */
	pid_t follow_pid;          /* exec: if the v2 group may have no processes, go where this one is; 0: do not */
	bool in_order_to_exec;     /* be invisible to the container that is entered */
	int sync_child, sync_parent; /* sync_pair(): the child's end, the parent's */
	int sync_joiner;           /* spawn()'s own: the joiner's end, so that it and its child do not talk over each other */
	/* Runs in the child, in its namespaces and groups; does not return. */
	_noreturn_ void (*child)(void *context, int sync);
	void *context;
};

struct spawned {
	pid_t pid;  /* in our pid namespace */
	int pidfd;
};

/*
 * Starts the child. Writes its id maps. The child's first act is up to its
 * function; errors of a joiner come back here. On failure nothing is left
 * running. Closes request->sync_child in any case.
 */
int spawn(struct spawn_request *request, struct spawned *ret, struct error *err) _must_check_;

/* Kills and reaps; for undoing. */
void spawned_kill(struct spawned *child);

#endif
