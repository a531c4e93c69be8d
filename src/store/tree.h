/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of files that strangers made: removed by descriptor, links not followed. All return 0 or -errno. */
#ifndef BIVY_STORE_TREE_H
#define BIVY_STORE_TREE_H

#include "base/cleanup.h"
#include "store/path_set.h"

/* Removes NAME of the directory and all that is in it. No error if it is not there. */
int tree_remove_at(int directory_fd, const char *name) _must_check_;

/*
 * Removes everything in the directory that is called PATH in KEPT ("" for the
 * root), but what KEPT has and the ways to it.
 */
int tree_prune_at(int directory_fd, const char *path, const struct path_set *kept) _must_check_;

#endif
