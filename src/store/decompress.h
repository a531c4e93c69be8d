/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression of a stream whose format is found by its first bytes: gzip
 * (members that follow each other, RFC 1952), zstd (RFC 8878), xz and bzip2;
 * anything else passes as it is. A stream that ends too early, is damaged, or
 * goes on with something else than zeros and further members is an error.
 *
 * Memory is bounded whatever the stream says (a window of 128 MiB for zstd,
 * 256 MiB for xz), and so is what comes out.
 */
#ifndef BIVY_STORE_DECOMPRESS_H
#define BIVY_STORE_DECOMPRESS_H

#include "store/stream.h"

struct decompress_limits {
	uint64_t bytes; /* that may come out at most */
	/* Above .ratio_from bytes, each byte that went in may have made .ratio bytes at most. 0: any number. */
	uint64_t ratio_from;
	uint64_t ratio;
};

/* Nothing that people build reaches these; a file made to fill a disk does. deflate cannot do better than 1032. */
#define DECOMPRESS_LIMITS ((struct decompress_limits){ \
	.bytes = (uint64_t)1 << 40, .ratio_from = (uint64_t)16 << 30, .ratio = 200 })

struct decompress;

/* Pulls from UPSTREAM with the first block. */
struct decompress *decompress_new(struct stream upstream, const struct decompress_limits *limits);
void decompress_free(struct decompress *decompress);

/* The decompressed bytes. */
struct stream decompress_stream(struct decompress *decompress);

/* "gzip", "zstd", "xz", "bzip2" or "none"; NULL before the first block. */
const char *decompress_format(const struct decompress *decompress);

DEFINE_CLEANUP(struct decompress *, decompress_free)
#define _cleanup_decompress_ _cleanup_(cleanup_decompress_free)

#endif
