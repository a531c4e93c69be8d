/* SPDX-License-Identifier: Apache-2.0 */
/* What a COPY would bring, as one digest: names, kinds, modes, owners, extended attributes, bytes, links; never times. */
#ifndef BIVY_TRANSFER_BUILD_DIGEST_H
#define BIVY_TRANSFER_BUILD_DIGEST_H

#include "store/digest.h"
#include "transfer/build_index.h"
#include "transfer/build_take.h"

/*
 * Of what was taken. Files that *INDEX knows are not read, the others by
 * THREADS threads, and added to it. *RET_BYTES: of all files' data, read or not.
 */
int build_digest(const struct spec_build_take *take, const struct build_taken *taken, struct build_index *index, unsigned threads,
	char ret[static DIGEST_TEXT_SIZE], uint64_t *ret_bytes, struct error *err) _must_check_;

/* The digest of one regular file, whose CONTENT was read: what build_digest() finds as .hash. */
int build_digest_small(int fd, bool has_xattrs, const void *content, size_t length, const char *path, uint8_t ret[static BUILD_INDEX_HASH_SIZE],
	struct error *err) _must_check_;

#endif
