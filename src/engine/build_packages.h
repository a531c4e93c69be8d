/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What packages are in a tree, by the databases of package managers in it.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_PACKAGES_H
#define BIVY_ENGINE_BUILD_PACKAGES_H

#include "build/package_list.h"
#include "engine/build_state.h"

struct build_packages {
	struct package_list list; /* sorted */
	const char *distribution, *version; /* of os-release: "debian", "12"; or NULL */
	const char *comment;      /* what the list does not have, and why; or NULL */
};

/* Of the tree that is open; all in the arena. Warns of what .comment says. */
int build_packages_find(struct build *build, int root_fd, struct build_packages *ret, struct error *err) _must_check_;

#endif
