/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a tree, by the names that their components have themselves: links followed within the tree, as in a root directory. */
#ifndef BIVY_TRANSFER_BUILD_PATH_H
#define BIVY_TRANSFER_BUILD_PATH_H

#include "base/str.h"

#include <limits.h>

/*
 * Adds to *RET, which is emptied before, PATH of the tree without links, "."
 * and "..": relative, "" for the root. From the first component that is not
 * there on it is what it would be. Whatever is done to the tree meanwhile, the
 * result is a clean relative path; it is to be opened with BENEATH_NO_SYMLINKS.
 * 0, -ELOOP for a circle, -ENAMETOOLONG, or another -errno.
 */
int build_path_follow(int root_fd, const char *path, struct buf *ret) _must_check_;

/* The same in a tree that is known by what READ_LINK says: 1 with what the link PATH (clean) says in TARGET, 0: it is none, or not there; or -errno. */
typedef int build_path_read_link(const void *context, const char *path, char target[static PATH_MAX]);
int build_path_follow_by(build_path_read_link *read_link, const void *context, const char *path, struct buf *ret) _must_check_;

/* PATH without ".", double slashes and slashes at its ends; ".." takes a component back, of the root none. In *RET, emptied before. */
void build_path_clean(const char *path, struct buf *ret);

/* Its last component: a pointer into it. */
const char *build_path_base(const char *path);

#endif
