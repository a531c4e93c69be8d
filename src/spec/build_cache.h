/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What builds elsewhere have done, as `--cache-to` writes it and `--cache-from`
 * reads it: which work made which layer. As the configuration of an artifact
 * whose layers are blobs of those, or as a member of an image's configuration.
 * Whoever reads it does not believe it: it is a stranger's.
 */
#ifndef BIVY_SPEC_BUILD_CACHE_H
#define BIVY_SPEC_BUILD_CACHE_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdint.h>

#define SPEC_BUILD_CACHE_FORMAT 1
#define SPEC_BUILD_CACHE_LIMIT (32u << 20) /* bytes of a document */
#define SPEC_BUILD_CACHE_TYPE "application/vnd.bivy.build.cache.v1+json"
#define SPEC_BUILD_CACHE_MEMBER "io.bivy.build.cache" /* of an image's configuration */
#define SPEC_BUILD_CACHE_KEYS 4 /* of one record */

struct spec_build_cache_record {
	char **keys;   /* SHA-256 of the texts that name the work, 64 digits each; the first is that of all that it comes from */
	char *diff_id; /* of the layer that came out */
	char *created; /* RFC 3339 */
	char *title;   /* "RUN make"; or NULL */
};

/* A blob that there is of a layer. In a document that is written only .diff_id: the manifest has the rest. */
struct spec_build_cache_layer {
	char *diff_id; /* NULL: it is a cache mount's */
	char *digest, *media_type;
	uint64_t size;
};

/* The files of a cache mount. */
struct spec_build_cache_mount {
	char *id;
	uint64_t layer; /* number of that */
};

struct spec_build_cache {
	struct spec_build_cache_record *records;
	size_t record_count;
	struct spec_build_cache_layer *layers; /* of an artifact: as many as its manifest has; of an image: none, its configuration has them */
	size_t layer_count;
	struct spec_build_cache_mount *mounts;
	size_t mount_count;
};

/* ERROR_INVALID for what is none, or has digests that are none or cannot be verified. */
int spec_build_cache_decode(struct arena *arena, const char *text, size_t length, struct spec_build_cache *ret, struct error *err) _must_check_;

/* One line of JSON without newline. */
void spec_build_cache_encode(const struct spec_build_cache *cache, struct buf *out);

/* The member of an image's configuration, as a document; -ENOENT: it has none. TEXT is JSON. */
int spec_build_cache_find(struct arena *arena, const char *text, size_t length, struct buf *ret, struct error *err) _must_check_;

/* Adds MORE to *CACHE. */
void spec_build_cache_join(struct arena *arena, struct spec_build_cache *cache, const struct spec_build_cache *more);

#endif
