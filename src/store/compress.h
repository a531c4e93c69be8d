/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression on the way to a sink: gzip, by ISA-L where there is one, and
 * zstd. The same bytes in the same pieces or others come out the same, without
 * a time or a name in them; another version of a library may do it otherwise.
 */
#ifndef BIVY_STORE_COMPRESS_H
#define BIVY_STORE_COMPRESS_H

#include "store/stream.h"

enum compress_format { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_ZSTD };

struct compress;

struct compress *compress_new(struct sink downstream, enum compress_format format);

/* The same, harder or less hard: 1 to 9 for gzip, 1 to 22 for zstd, what is beyond as the nearest; 0 as above. */
struct compress *compress_new_at(struct sink downstream, enum compress_format format, int level);

void compress_free(struct compress *compress);

/* Takes the bytes to be compressed. */
struct sink compress_sink(struct compress *compress);

/* Writes what is left; nothing may be written afterwards. */
int compress_finish(struct compress *compress, struct error *err) _must_check_;

DEFINE_CLEANUP(struct compress *, compress_free)
#define _cleanup_compress_ _cleanup_(cleanup_compress_free)

#endif
