/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system of a container from outside: what of it is where on the disk, and how it looks from within. */
#ifndef BIVY_ENGINE_CONTAINER_ROOT_H
#define BIVY_ENGINE_CONTAINER_ROOT_H

#include "engine/container.h"
#include "host/idmap.h"

/* Whether what it writes goes into a directory of its own, over its image or its --rootfs. */
bool container_root_is_layered(const struct spec_container *container);

/*
 * What it has changed: the upper directory of its root, with overlay's marks
 * in it, owners as on disk. -EBADF in *RET_FD if it has never been started.
 */
int container_root_open_upper(const struct container_record *record, int *ret_fd, struct error *err) _must_check_;

/*
 * All of its files, read only, owners as on disk, without what is mounted in
 * it; a detached mount, or the directory of a --rootfs. While the container
 * runs what it writes afterwards may or may not be seen.
 */
int container_root_open_merged(const struct container_record *record, int *ret_fd, struct error *err) _must_check_;

/* The directories beneath what it changes, the uppermost first, NULL-terminated: its image's layers, or the --rootfs beneath an overlay. */
int container_root_lowers(const struct container_record *record, char ***ret, struct error *err) _must_check_;

/* Adds --uid-map and --gid-map for bivy-transfer, of a container whose files have the ids of outside (bundle_ids.h), to COUNT ARGUMENTS. */
#define CONTAINER_ROOT_OWNER_ARGUMENTS (2 * IDMAP_LIMIT)
size_t container_root_add_owners(const struct container_record *record, const char **arguments, size_t count);

/* Whether it has processes that use its files. */
bool container_root_is_live(const struct container_record *record);

#endif
