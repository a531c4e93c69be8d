/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as those who need images. */
#ifndef BIVY_ENGINE_CONTAINER_USERS_H
#define BIVY_ENGINE_CONTAINER_USERS_H

#include "engine/directories.h"
#include "store/reachable.h"

#include <stdbool.h>

struct container_user {
	const char *image_id; /* or NULL */
	const char *id, *name;
	bool runs;
};

struct container_users {
	struct container_user *list;
	size_t count;
};

/* All containers, in the arena. */
int container_users_list(struct arena *arena, const struct directories *directories, struct container_users *ret, struct error *err) _must_check_;
/* The same for who removes what they do not use: ERROR_CONFLICT if one is damaged. */
int container_users_list_whole(struct arena *arena, const struct directories *directories, struct container_users *ret, struct error *err)
	_must_check_;

/* One of the image's, one that runs rather than another; NULL if it has none. */
const struct container_user *container_users_find(const struct container_users *users, const char *image_id);
/* How many. */
size_t container_users_count(const struct container_users *users, const char *image_id);

/*
 * The manifests and layers that containers were made of (container.h, invariant
 * 6), and the layers that builds remember, for store_sweep(); DIRECTORIES must
 * outlive them. A container whose record cannot be read stops the sweep.
 */
struct store_roots container_users_roots(const struct directories *directories);

/* The same without what builds remember. */
struct store_roots container_users_own_roots(const struct directories *directories);

#endif
