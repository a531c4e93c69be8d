/* SPDX-License-Identifier: Apache-2.0 */
/* What the upper directory of an overlay mount changes of the tree beneath it. */
#ifndef BIVY_ENGINE_TREE_CHANGES_H
#define BIVY_ENGINE_TREE_CHANGES_H

#include "base/error.h"
#include "base/memory.h"
#include "engine/container_files.h"

/*
 * Walks UPPER_FD beside LOWER_FD, the tree as it is without it; both are
 * directories open for reading, and hostile. What is new is 'A' with all that
 * is in it, what is other 'C', as is every directory with changes below it; what
 * is gone is 'D'. MOUNTS (NULL-terminated, absolute) are where something is
 * mounted in the container: an empty file or directory that is new there is none
 * of its changes. Sorted by path, in the arena.
 */
int tree_changes_find(struct arena *arena, int upper_fd, int lower_fd, const char *const *mounts, struct container_change **ret, size_t *ret_count,
	struct error *err) _must_check_;

#endif
