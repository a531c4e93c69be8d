/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process in a container is to be: names of users and groups looked up in
 * the container's own /etc/passwd and /etc/group, which are hostile.
 */
#ifndef BIVY_ENGINE_IDENTITY_H
#define BIVY_ENGINE_IDENTITY_H

#include "base/error.h"
#include "base/memory.h"

#include <stdint.h>

struct identity {
	uint32_t uid, gid;
	uint32_t *groups; /* further ones */
	size_t group_count;
	const char *name; /* NULL: it has none there */
	const char *home; /* NULL: none there */
};

/*
 * USER is "USER[:GROUP]", names or numbers; NULL or "" is root. Without GROUP
 * it has the groups of its line and those that list it. EXTRA, which may be
 * NULL, are names or numbers of more groups. ROOT_FD is the root of the
 * container's files. Numbers need no line; ERROR_NOT_FOUND for a name without.
 * All live in the arena.
 */
int identity_find(struct arena *arena, int root_fd, const char *user, char *const *extra, struct identity *ret, struct error *err) _must_check_;

/*
 * This thread becomes it: groups, gid, then uid. Groups that a user namespace
 * denies to be set (user_namespaces(7)) stay as they are. Capabilities are the
 * caller's to drop.
 */
int identity_assume(const struct identity *identity, struct error *err) _must_check_;

#endif
