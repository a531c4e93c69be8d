/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of `RUN --mount=type=cache`: ROOT/build/mounts/NAME, each
 * beside NAME.lock, which whoever has it mounted has locked. How much one takes
 * is remembered in that file, as it takes long to find out.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_MOUNT_CACHE_H
#define BIVY_ENGINE_BUILD_MOUNT_CACHE_H

#include "engine/directories.h"

#include <stdbool.h>
#include <stdint.h>

/* Locks it (HOW: of flock(2)) in the directory PATH, whether it is there or not; close *RET_FD to release it. -EWOULDBLOCK with LOCK_NB, or -errno. */
int build_mount_cache_lock(const char *path, const char *name, int how, int *ret_fd) _must_check_;

struct build_mount_cache {
	uint64_t bytes; /* on disk */
	int64_t used_s; /* when it was last mounted, seconds since 1970 */
	bool in_use;    /* a step has it mounted */
};

/*
 * What NAME in the directory MOUNTS_FD is. ROUGHLY: what it took within the last hour, or when it was last mounted, will do. -ENOTDIR, -ENOENT: it is none.
 */
int build_mount_cache_measure(int mounts_fd, const char *name, bool roughly, struct build_mount_cache *ret) _must_check_;

/* Takes it away at once, or not at all: 1; 0: a step has it mounted. -errno: it may be half there, under another name that the next build removes. */
int build_mount_cache_remove(const struct directories *directories, const char *name) _must_check_;

#endif
