/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of files that strangers made: removed by descriptor, links not followed. All return 0 or -errno. */
#ifndef BIVY_STORE_TREE_H
#define BIVY_STORE_TREE_H

#include "base/cleanup.h"
#include "store/path_set.h"

#include <sys/types.h>

/* Removes NAME of the directory and all that is in it, however deep. No error if it is not there. */
int tree_remove_at(int directory_fd, const char *name) _must_check_;

/* Makes the directory FD and all that is in it on the same file system, links themselves too, UID's and GID's. */
int tree_chown(int fd, uid_t uid, gid_t gid) _must_check_;

/*
 * Removes everything in the directory that is called PATH in KEPT ("" for the
 * root), but what KEPT has and the ways to it.
 */
int tree_prune_at(int directory_fd, const char *path, const struct path_set *kept) _must_check_;

#endif
