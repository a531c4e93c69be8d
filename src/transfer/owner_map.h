/* SPDX-License-Identifier: Apache-2.0 */
/* Of a container whose files have, on disk, the ids of outside: which ids those are inside, as options say. */
#ifndef BIVY_TRANSFER_OWNER_MAP_H
#define BIVY_TRANSFER_OWNER_MAP_H

#include "base/memory.h"
#include "base/options.h"
#include "host/idmap.h"

/* The two options, whose lists are members of the request. */
#define OWNER_MAP_ENTRIES(request_, uids_, gids_) \
	{ "uid-map", 0, OPTION_LIST, 0, offsetof(request_, uids_), "INSIDE:OUTSIDE:SIZE", "users whose files have the ids outside; may be repeated" }, \
	{ "gid-map", 0, OPTION_LIST, 0, offsetof(request_, gids_), "INSIDE:OUTSIDE:SIZE", "likewise groups" }

/* NULL if neither list has anything. In the arena. */
int owner_map_parse(struct arena *arena, char *const *uids, char *const *gids, const struct idmap **ret, struct error *err) _must_check_;

#endif
