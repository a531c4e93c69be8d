/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a COPY, an ADD or a bind mount takes from a tree, as a list: sources and
 * wildcards resolved as docker does it, what is ignored and excluded left out.
 * Nothing is read but directories and links.
 */
#ifndef BIVY_TRANSFER_BUILD_TAKE_H
#define BIVY_TRANSFER_BUILD_TAKE_H

#include "base/error.h"
#include "base/memory.h"
#include "spec/build_work.h"
#include "transfer/build_index.h"

#include <sys/stat.h>

#define BUILD_TAKE_LIMIT 4000000 /* files, directories and links of one */

/* A file of any kind but a socket. */
struct build_found {
	const char *path;  /* in the tree, without links on the way; "" is the root */
	const char *name;  /* where it goes beneath what its source becomes; "" for a source that is no directory */
	size_t parent;     /* number of its directory in the same list; or itself: that is the source's own */
	size_t first;      /* number of the first name of the same file in the same source; mostly itself */
	struct stat st;    /* root's, if all of the tree is */
	/* Of a regular file that was read already (build_write.c): as build_digest.c would digest it. */
	bool is_digested;
	uint8_t hash[BUILD_INDEX_HASH_SIZE];
	struct timespec read_at; /* of build_index_now() before it was opened */
};

/* What one source, or one fit of a wildcard, is. */
struct build_source {
	const char *written; /* for messages */
	const char *name;    /* what it is called where it comes into a directory: the link's name, if that was followed */
	const char *path;    /* the directory, or the file, in the tree, without links */
	bool is_directory;   /* what is in it is taken, without itself */
	size_t start, count; /* of the list */
};

struct build_taken {
	struct build_source *sources;
	size_t source_count;
	struct build_found *list; /* source by source; a directory before what is in it, names in the order of their bytes; not in the arena */
	size_t count;
	const char **unmatched;   /* wildcards that nothing fits; NULL-terminated */
};

#define BUILD_TAKEN_INIT ((struct build_taken){ .count = 0 })

/*
 * Strings live in the arena. ERROR_NOT_FOUND names a source that is missing,
 * with the nearest name as hint, or that the ignore file leaves out.
 */
int build_take(struct arena *arena, const struct spec_build_take *take, struct build_taken *ret, struct error *err) _must_check_;
void build_taken_done(struct build_taken *taken);
#define _cleanup_build_taken_ _cleanup_(build_taken_done)

/* Opens it for reading (a link: O_PATH) and checks that it is still what it was; .fd of a directory that it lies in, or -EBADF. */
int build_found_open(const struct spec_build_take *take, const struct build_found *found, int parent_fd, int *ret_fd, struct error *err) _must_check_;

#endif
