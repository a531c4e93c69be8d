/* SPDX-License-Identifier: Apache-2.0 */
/* The layers that a step was run on, as what they show together: for questions about single paths. */
#ifndef BIVY_TRANSFER_BUILD_LOWER_H
#define BIVY_TRANSFER_BUILD_LOWER_H

#include "base/memory.h"
#include "base/str.h"
#include "store/layers.h"

#include <sys/stat.h>

struct build_lower {
	int *fds; /* the uppermost first */
	size_t count;
};

/* TOP NULL: none. */
int build_lower_open(const struct store *store, struct arena *arena, const char *top, struct build_lower *ret, struct error *err) _must_check_;
void build_lower_close(struct build_lower *lower);
#define _cleanup_build_lower_ _cleanup_(build_lower_close)

/* What is at PATH (clean, relative; links are not followed): 1 with *RET filled, 0: nothing, or -errno. */
int build_lower_find(const struct build_lower *lower, const char *path, struct stat *ret) _must_check_;

/*
 * Writes to *RET, which is emptied before, PATH without links, "." and "..",
 * clean and relative, in these layers with the one of UPPER_FD on top. 0,
 * -ELOOP for a circle, -ENAMETOOLONG, or another -errno.
 */
int build_lower_follow(const struct build_lower *lower, int upper_fd, const char *path, struct buf *ret) _must_check_;

#endif
