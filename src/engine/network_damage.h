/* SPDX-License-Identifier: Apache-2.0 */
/* Records of networks that cannot be read. */
#ifndef BIVY_ENGINE_NETWORK_DAMAGE_H
#define BIVY_ENGINE_NETWORK_DAMAGE_H

#include "engine/directories.h"

/* Calls FOUND for each, with its name and what is the matter with it. */
typedef int network_damaged(void *context, const char *name, const struct error *damage, struct error *err);
int network_find_damaged(const struct directories *directories, network_damaged *found, void *context, struct error *err) _must_check_;

/*
 * Makes the record of NAME readable again: from what was noted when its bridge
 * came up; that of the default network goes, for the next who needs it to make
 * it. 1, or 0 if neither is possible; nothing if it can be read.
 */
int network_mend(const struct directories *directories, const char *name, struct error *err) _must_check_;

/* Removes the damaged record of NAME, which has no bridge then. ERROR_NOT_FOUND if there is none, or it is not damaged. */
int network_remove_damaged(const struct directories *directories, const char *name, struct error *err) _must_check_;

#endif
