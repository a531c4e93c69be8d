/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a mount that is attached nowhere, as a mount of its own, on kernels before 6.15. */
#ifndef BIVY_HOST_MOUNT_PART_H
#define BIVY_HOST_MOUNT_PART_H

#include "base/cleanup.h"

#include <stdbool.h>

/*
 * As mount_clone_tree() of what PATH is beneath MOUNT_FD (links in it end there), which open_tree(2) has done for
 * detached mounts since 6.15: before, for those of the caller's mount namespace alone. A child attaches the mount in
 * one of its own, where it goes with that; MOUNT_FD is of no use afterwards. The caller is single-threaded and has CAP_SYS_ADMIN.
 */
int mount_part_clone(int mount_fd, const char *path, bool recursive, int *ret_fd) _must_check_;

#endif
