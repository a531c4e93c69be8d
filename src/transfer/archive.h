/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What images are saved in, whichever of its forms it has: a tar archive,
 * compressed or not, from a file or a pipe, or the directory that it would be
 * unpacked to. Gives its members by name; what they mean is archive_source.h's.
 */
#ifndef BIVY_TRANSFER_ARCHIVE_H
#define BIVY_TRANSFER_ARCHIVE_H

#include "base/str.h"
#include "store/store.h"
#include "store/tar_index.h"
#include "transfer/spool.h"

struct archive {
	char *name;  /* for messages */
	int fd;      /* of the uncompressed archive, or of the directory */
	struct tar_index *index; /* NULL: a directory */
};

#define ARCHIVE_INIT ((struct archive){ .fd = -EBADF })

/*
 * Opens what is at PATH, or comes on the standard input (NULL). What cannot be
 * read from anywhere, or is compressed, is kept in STORE (spool.h) for as long.
 */
int archive_open(const struct store *store, const char *path, struct archive *ret, struct error *err) _must_check_;
void archive_close(struct archive *archive);
#define _cleanup_archive_ _cleanup_(archive_close)

/* Where a member's bytes are: to be released with archive_member_done(). */
struct archive_member {
	int fd;
	bool owned;
	struct tar_span span;
};

#define ARCHIVE_MEMBER_INIT ((struct archive_member){ .fd = -EBADF })

/* Finds the file NAME, as tar_index_find() does; nothing outside of a directory is found. From any thread. */
int archive_find(const struct archive *archive, const char *name, struct archive_member *ret, struct error *err) _must_check_;
void archive_member_done(struct archive_member *member);
#define _cleanup_archive_member_ _cleanup_(archive_member_done)

/* Whether there is a member NAME that can be read. */
bool archive_has(const struct archive *archive, const char *name);

/* Appends all bytes of NAME to *OUT; ERROR_INVALID if they are more than LIMIT. */
int archive_read(const struct archive *archive, const char *name, size_t limit, struct buf *out, struct error *err) _must_check_;

#endif
