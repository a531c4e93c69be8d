/* SPDX-License-Identifier: Apache-2.0 */
/* --userns, --uidmap, --gidmap: whose ids the container's are. */
#ifndef BIVY_ENGINE_BUNDLE_IDS_H
#define BIVY_ENGINE_BUNDLE_IDS_H

#include "engine/bundle_plan.h"
#include "host/idmap.h"

/* Whether what is asked for can be understood, without taking anything. */
int bundle_check_ids(const struct spec_host_config *host, struct error *err) _must_check_;

/* Who runs in a container when nobody says so and --userns=keep-id does: "UID:GID", else NULL. In the arena. */
char *bundle_ids_user(struct arena *arena, const struct spec_host_config *host);

/* Whose files of its root are whose on disk; NULL: everybody's his own. In the arena. */
const struct idmap *bundle_ids_map(struct arena *arena, const struct bundle_ids *ids);

/*
 * The same of a container whose files have, on disk, the ids that they have
 * outside: an ordinary user cannot have owners mapped by mounts, so its layers
 * are copied with those. NULL of any other one.
 */
const struct idmap *bundle_ids_copied(struct arena *arena, const struct spec_host_config *host);

/* Fills plan->ids, taking a range if it needs one. */
int bundle_take_ids(struct bundle_plan *plan, struct error *err) _must_check_;

/* Whether HOST asks for a range of its own of the usual size, which mounts map. */
bool bundle_ids_are_usual(const struct spec_host_config *host);

/* *RET as it is for such a one, from BASE on, without its lock. */
void bundle_ids_of_range(struct arena *arena, uint32_t base, struct bundle_ids *ret);

#endif
