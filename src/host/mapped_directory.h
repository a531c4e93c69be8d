/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the host's, shown to others with its owners mapped: mount_setattr(2), MOUNT_ATTR_IDMAP. */
#ifndef BIVY_HOST_MAPPED_DIRECTORY_H
#define BIVY_HOST_MAPPED_DIRECTORY_H

#include "base/error.h"
#include "host/idmap.h"

/*
 * PATH with all that is mounted below it as a detached mount, a file of owner
 * .inside of MAP seen as .outside's, as in host/overlay.h. Without MAP, or where
 * everybody is himself in it, nothing is mapped. PROCFS_FD: host/procfs.h. Errors say what to do.
 */
int mapped_directory_open(int procfs_fd, const char *path, const struct idmap *map, int *ret_fd, struct error *err) _must_check_;

#endif
