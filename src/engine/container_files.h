/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a container, running or not: cp, diff, export, commit. All paths
 * inside resolve within its root. Archives are made and read by bivy-transfer,
 * confined, which is handed the directory by descriptor.
 */
#ifndef BIVY_ENGINE_CONTAINER_FILES_H
#define BIVY_ENGINE_CONTAINER_FILES_H

#include "engine/container.h"

struct container_copy_request {
	const struct directories *directories;
	const char *container, *path; /* in it */
	const char *local;            /* on this side; "-": an archive on the standard stream */
	const char *other;            /* another container, whose path .local is; NULL: of the host */
	bool to_container;
	bool archive;      /* -a: owners are kept */
	bool follow;       /* -L: a link at the source's end is followed */
	bool overwrite_other_kind; /* --overwrite: a directory may replace a file and the other way round */
	uint64_t *ret_bytes; /* or NULL */
};
/* docker cp's rules for names and slashes. */
int container_copy(const struct container_copy_request *request, struct error *err) _must_check_;

struct container_path_stat {
	const char *name; /* the last component of the path */
	uint64_t size;
	uint32_t mode;    /* st_mode */
	int64_t mtime_s;
	uint32_t mtime_ns;
	const char *link_target; /* of a symbolic link, from the root; else "" */
};
/* lstat(2) of PATH in it; texts live in the arena. ERROR_NOT_FOUND for what is not there. */
int container_stat(struct arena *arena, const struct directories *directories, const char *container, const char *path, struct container_path_stat *ret,
	struct error *err) _must_check_;

struct container_change {
	char kind; /* 'A', 'C', 'D' */
	const char *path;
};
/* Sorted by path, in the arena. */
int container_diff(struct arena *arena, const struct directories *directories, const char *container, struct container_change **ret, size_t *ret_count,
	struct error *err) _must_check_;

/* One archive of all its files to OUTPUT (NULL: standard output). */
int container_export(const struct directories *directories, const char *container, const char *output, struct error *err) _must_check_;

struct container_commit_request {
	const struct directories *directories;
	const char *container, *name; /* name: or NULL */
	const char *author, *message;
	char **changes; /* Dockerfile instructions */
	bool no_pause, squash;
};
/* *RET_ID: digest of the new image's configuration, in the arena. */
int container_commit(struct arena *arena, const struct container_commit_request *request, const char **ret_id, struct error *err) _must_check_;

#endif
