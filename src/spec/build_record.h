/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build remembers: steps that were done, and images that were made of
 * them. A record is found by its key, which is all of what it came from.
 * Versioned as state.json is.
 */
#ifndef BIVY_SPEC_BUILD_RECORD_H
#define BIVY_SPEC_BUILD_RECORD_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdint.h>

#define SPEC_BUILD_RECORD_FORMAT 1
#define SPEC_BUILD_RECORD_LIMIT (48u << 20) /* bytes */
#define SPEC_BUILD_KEY_LIMIT (16u << 20)    /* bytes: a whole script may be in it */

struct spec_build_record {
	char *key;
	char *description; /* "RUN make" */
	char *created;     /* RFC 3339 */
	uint64_t size;     /* bytes of what came out */
	/* A step: the layer that came out, NULL if it left everything as it was. */
	char *chain_id, *diff_id;
	char *content_key; /* SHA-256 of the key by which the same work is found on other layers, 64 digits; NULL: .key is that */
	/* The layer's blob, if there is one. */
	char *blob, *blob_media_type;
	uint64_t blob_size;
	/* An image. */
	char *image_id, *image_target, *image_media_type, *image_manifest, *image_platform;
	uint64_t image_target_size;
};

/* ERROR_INVALID for what is none, or names digests that are none. */
int spec_build_record_decode(struct arena *arena, const char *text, size_t length, struct spec_build_record *ret, struct error *err) _must_check_;
void spec_build_record_encode(const struct spec_build_record *record, struct buf *out);

#endif
