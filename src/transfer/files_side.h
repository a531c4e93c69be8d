/* SPDX-License-Identifier: Apache-2.0 */
/* One side of a copy between a container and the host: where paths begin, and what they mean. */
#ifndef BIVY_TRANSFER_FILES_SIDE_H
#define BIVY_TRANSFER_FILES_SIDE_H

#include "base/memory.h"

#include <stdbool.h>
#include <sys/stat.h>

struct files_side {
	bool is_container;
	int root_fd; /* of the container, which no path leaves; unused on the host */
};

/* open(2) of PATH, links followed; 0 or -errno. */
int files_side_open(const struct files_side *side, const char *path, int flags, int *ret_fd) _must_check_;

/* A path taken apart: "a/b/" is in "a", "b"; all in the arena. */
struct files_path {
	const char *directory; /* "/" or "." if there is none */
	const char *name;      /* its last component; "" for "/", ".", ".." and what ends in one of these */
	bool is_content;       /* the latter: what is in the directory, not itself */
	bool is_directory;     /* it ends with a slash */
};

struct files_path files_path_split(struct arena *arena, const char *path);

/*
 * PATH with a symbolic link at its end replaced by what that names, and so on;
 * in the arena. NULL with -errno in *RET_ERROR if it cannot be looked at; what
 * is not there is no error.
 */
const char *files_side_follow(const struct files_side *side, struct arena *arena, const char *path, int *ret_error);

#endif
