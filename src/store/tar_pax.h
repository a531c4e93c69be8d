/* SPDX-License-Identifier: Apache-2.0 */
/* Records of pax extended headers (POSIX.1-2001), with those of GNU tar, star and libarchive. Pure functions over bytes. */
#ifndef BIVY_STORE_TAR_PAX_H
#define BIVY_STORE_TAR_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct tar_xattr {
	const char *name;
	const uint8_t *value;
	size_t length;
};

/* Where in a file there is data; the rest is holes. */
struct tar_extent {
	uint64_t offset;
	uint64_t length;
};

enum tar_pax_member {
	TAR_PAX_SIZE = 1 << 0,
	TAR_PAX_UID = 1 << 1,
	TAR_PAX_GID = 1 << 2,
	TAR_PAX_MTIME = 1 << 3,
	TAR_PAX_ATIME = 1 << 4,
	TAR_PAX_REAL_SIZE = 1 << 5,
	TAR_PAX_SPARSE = 1 << 6,     /* .extents count: GNU.sparse 0.0 or 0.1 */
	TAR_PAX_SPARSE_MAP = 1 << 7, /* GNU.sparse 1.0: the extents stand in front of the data */
};

struct tar_pax {
	unsigned set; /* enum tar_pax_member */
	const char *path, *target;
	uint64_t size, real_size;
	uint32_t uid, gid;
	struct timespec mtime, atime;
	const char *acl_access, *acl_default; /* star's texts */
	const char *sparse_path; /* goes before .path */
	struct tar_xattr *xattrs;
	size_t xattr_count;
	struct tar_extent *extents;
	size_t extent_count;
};

#define TAR_XATTR_LIMIT 1024          /* of a file */
#define TAR_EXTENT_LIMIT ((size_t)1 << 20) /* of a file */

/*
 * Adds the records in BYTES to *PAX, later ones over earlier ones. Strings and
 * values point into BYTES, which are changed. NULL, or words about what is
 * wrong.
 */
const char *tar_pax_parse(struct tar_pax *pax, char *bytes, size_t length);

/* *PAX becomes a copy of *FROM that owns its arrays; the strings stay shared. */
void tar_pax_copy(struct tar_pax *pax, const struct tar_pax *from);
void tar_pax_done(struct tar_pax *pax);

/* Adds an extent; NULL or words. */
const char *tar_pax_add_extent(struct tar_pax *pax, uint64_t offset, uint64_t length);

#endif
