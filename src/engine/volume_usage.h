/* SPDX-License-Identifier: Apache-2.0 */
/* What each volume takes on the disk, and how many containers have it. */
#ifndef BIVY_ENGINE_VOLUME_USAGE_H
#define BIVY_ENGINE_VOLUME_USAGE_H

#include "engine/volumes.h"

struct volume_usage {
	struct volume_entry entry;
	uint64_t bytes;         /* as the file system counts them */
	size_t container_count; /* running or not */
};

/* Sorted by name; all live in the arena. */
int volume_usage_measure(struct arena *arena, const struct directories *directories, struct volume_usage **ret, size_t *ret_count, struct error *err)
	_must_check_;

#endif
