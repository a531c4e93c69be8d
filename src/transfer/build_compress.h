/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression by several threads: every 4 MiB become a member of their own
 * (RFC 1952; a frame, RFC 8878), which readers of both formats put together. How
 * many threads there are makes no difference to the bytes.
 */
#ifndef BIVY_TRANSFER_BUILD_COMPRESS_H
#define BIVY_TRANSFER_BUILD_COMPRESS_H

#include "store/compress.h"

#define BUILD_COMPRESS_BLOCK ((size_t)4 << 20)
#define BUILD_COMPRESS_THREAD_LIMIT 8u /* each has two blocks in memory */

struct build_compress;

/* LEVEL as for compress_new_at(). */
struct build_compress *build_compress_new(struct sink downstream, enum compress_format format, int level, unsigned threads);
void build_compress_free(struct build_compress *compress);

/* Takes the bytes to be compressed. */
struct sink build_compress_sink(struct build_compress *compress);

/* Writes what is left; nothing may be written afterwards. */
int build_compress_finish(struct build_compress *compress, struct error *err) _must_check_;

DEFINE_CLEANUP(struct build_compress *, build_compress_free)
#define _cleanup_build_compress_ _cleanup_(cleanup_build_compress_free)

#endif
