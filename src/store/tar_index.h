/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in an archive, which is a file that can be read from anywhere, the data
 * of its members are: so that they can be read in another order than they came.
 * For archives of a few files, like those that images are saved in; every name
 * is kept in memory, within bounds.
 */
#ifndef BIVY_STORE_TAR_INDEX_H
#define BIVY_STORE_TAR_INDEX_H

#include "base/error.h"

#include <stdint.h>

#define TAR_INDEX_MEMBER_LIMIT 200000
#define TAR_INDEX_NAME_BYTES_LIMIT (64u << 20)

struct tar_index;

/* Where the bytes of a member are. */
struct tar_span {
	uint64_t offset, size;
};

/*
 * Reads the headers of the uncompressed archive FD (a regular file; its offset
 * moves). A member whose name is absolute or leads up is an error.
 */
int tar_index_read(int fd, struct tar_index **ret, struct error *err) _must_check_;
void tar_index_free(struct tar_index *index);

/*
 * The file called NAME, "./" and double slashes not counted, of several the
 * last; through links of either kind within the archive. ERROR_NOT_FOUND:
 * "there is no 'x'"; ERROR_INVALID: no file, links in a circle or out of the
 * archive.
 */
int tar_index_find(const struct tar_index *index, const char *name, struct tar_span *ret, struct error *err) _must_check_;

DEFINE_CLEANUP(struct tar_index *, tar_index_free)
#define _cleanup_tar_index_ _cleanup_(cleanup_tar_index_free)

#endif
