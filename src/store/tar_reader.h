/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a tar archive, one after the other, out of a stream of bytes that
 * a stranger made: V7, ustar, star, GNU (long names, binary numbers, old sparse
 * files), pax with GNU's sparse files 0.0 to 1.0 and extended attributes as
 * star and libarchive write them.
 *
 * The reader believes nothing and does nothing: names come as they are in the
 * archive, be they absolute or full of "..". Memory is bounded: 1 MiB of
 * extended headers a member, and as many parts of a sparse file as tar_pax.h
 * allows. No data is copied.
 */
#ifndef BIVY_STORE_TAR_READER_H
#define BIVY_STORE_TAR_READER_H

#include "store/stream.h"
#include "store/tar_pax.h"

#include <sys/types.h>

#define TAR_HEADER_LIMIT ((size_t)1 << 20)

enum tar_type {
	TAR_FILE,
	TAR_HARD_LINK,
	TAR_SYMLINK,
	TAR_CHARACTER_DEVICE,
	TAR_BLOCK_DEVICE,
	TAR_DIRECTORY,
	TAR_FIFO,
};

/* All strings live until the next member. */
struct tar_entry {
	enum tar_type type;
	const char *path;   /* never empty */
	const char *target; /* of links, never empty; else NULL */
	mode_t mode;        /* permissions, set-id and sticky bits */
	uint32_t uid, gid;
	uint64_t size;      /* of a file, with its holes */
	struct timespec mtime;
	struct timespec atime; /* if .has_atime */
	bool has_atime;
	unsigned major, minor; /* of a device */
	const char *acl_access, *acl_default; /* texts, or NULL */
	const struct tar_xattr *xattrs;
	size_t xattr_count;
	bool sparse; /* what tar_reader_data() does not cover are holes */
};

struct tar_reader;

struct tar_reader *tar_reader_new(struct stream stream);
void tar_reader_free(struct tar_reader *reader);

/* The next member, whatever was left of the last one skipped. 1; 0 at the end of the archive; or a negative errno. */
int tar_reader_next(struct tar_reader *reader, struct tar_entry *ret, struct error *err) _must_check_;

/*
 * The next bytes of the member's data and where in the file they belong, valid
 * until the next call; a length of 0 behind the last.
 */
int tar_reader_data(struct tar_reader *reader, const uint8_t **ret_bytes, size_t *ret_length, uint64_t *ret_offset, struct error *err)
	_must_check_;

/* Where the bytes that tar_reader_data() is to give next begin in the stream. */
uint64_t tar_reader_position(const struct tar_reader *reader);

/*
 * Where the stream is a file, bytes that nobody wants need not be read: SKIP
 * has the stream go on COUNT bytes further. Behind its end the stream ends.
 */
void tar_reader_set_skip(struct tar_reader *reader, int (*skip)(void *context, uint64_t count, struct error *err), void *context);

/* Reads what follows the end of the archive: to the end of the stream. */
int tar_reader_drain(struct tar_reader *reader, struct error *err) _must_check_;

DEFINE_CLEANUP(struct tar_reader *, tar_reader_free)
#define _cleanup_tar_reader_ _cleanup_(cleanup_tar_reader_free)

#endif
