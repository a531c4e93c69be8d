/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer below all others: ROOT/mountpoints, with what is mounted on in every
 * container. An image that lacks one of these would have it made in the
 * container's upper directory at each start, and removed with it.
 *
 * It is made once, piece by piece, what was there being left as it is; the
 * last piece tells that it is whole, and nobody mounts it before. It never
 * changes then. What it has an image that has it, or has hidden it, hides.
 */
#ifndef BIVY_ENGINE_MOUNT_POINTS_H
#define BIVY_ENGINE_MOUNT_POINTS_H

#include "base/memory.h"
#include "engine/directories.h"

/* The directory, in ARENA; NULL where it cannot be had (a disk that is full, a root that is read only): the container does without. */
char *mount_points_find(struct arena *arena, const struct directories *directories) _must_check_;

#endif
