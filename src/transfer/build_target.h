/* SPDX-License-Identifier: Apache-2.0 */
/* Where COPY, ADD and WORKDIR write to: a tree, with what all that comes into it becomes. */
#ifndef BIVY_TRANSFER_BUILD_TARGET_H
#define BIVY_TRANSFER_BUILD_TARGET_H

#include "base/str.h"
#include "transfer/build_owner.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Directories that were made on the way: what comes into them changes their times. */
struct build_target_made {
	char **paths;
	size_t count;
};

struct build_target {
	int root_fd;
	const char *path;   /* as written: absolute */
	bool has_owner;
	struct build_owner owner;
	const char *chmod;  /* valid for build_mode_apply(), or NULL */
	bool has_epoch;
	int64_t epoch;      /* no time is later */
	struct build_target_made *made; /* or NULL */
	struct build_progress *progress; /* of names that are written; or NULL */
};

/* Whether what is written is a directory whatever is there. */
bool build_target_is_directory(const struct build_target *target);

/*
 * Opens the directory PATH of the tree (clean, without links: build_path.h) as
 * O_PATH; what is missing of it is made with 0755, the target's owner.
 */
int build_target_make_directory(const struct build_target *target, const char *path, int *ret_fd, struct error *err) _must_check_;

/* When all is written: gives the directories that were made their times, and forgets them. */
int build_target_finish(const struct build_target *target, struct error *err) _must_check_;

/* Where something called NAME goes: in the directory *RET_FD, to be closed, as *RET, emptied before. */
int build_target_place(const struct build_target *target, const char *name, int *ret_fd, struct buf *ret, struct error *err) _must_check_;

/* What *ST becomes: owner, mode (07777, in .st_mode with the type), times. */
int build_target_adapt(const struct build_target *target, struct stat *st, struct error *err) _must_check_;

/* TIME, but not later than may be. */
struct timespec build_target_time(const struct build_target *target, struct timespec time);

/* Removes what has the NAME in the directory, unless it is a directory: ERROR_CONFLICT. PATH is for messages. */
int build_target_clear(int fd, const char *name, const char *path, struct error *err) _must_check_;

#endif
