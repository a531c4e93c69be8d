/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image index: the manifests of one image for several platforms; also
 * `index.json` of an image layout, and Docker's manifest list.
 */
#ifndef BIVY_SPEC_IMAGE_INDEX_H
#define BIVY_SPEC_IMAGE_INDEX_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/descriptor.h"
#include "spec/media_type.h"

/*
 * Longest index that is decoded: the store's own, of some ten thousand images.
 * What strangers send is bounded by SPEC_MANIFEST_LIMIT before.
 */
#define SPEC_INDEX_LIMIT (32u << 20)

struct spec_index {
	char *media_type;    /* never NULL once decoded */
	char *artifact_type; /* or NULL */
	struct spec_descriptor *manifests;
	size_t manifest_count;
	struct spec_descriptor *subject; /* or NULL */
	struct spec_pair *annotations;
	size_t annotation_count;
	const struct json *source; /* as in struct spec_descriptor */
};

/* As spec_manifest_decode(), for what spec_manifest_kind() would call an index. */
int spec_index_decode(struct arena *arena, const char *text, size_t length, struct spec_index **ret, struct error *err) _must_check_;

/* One line of JSON without newline, the same for the same content. */
void spec_index_encode(const struct spec_index *index, struct buf *out);

/*
 * The manifest that suits a normalised platform best, the first of equals; one
 * without a platform only if there is no other manifest in the index. NULL if
 * none suits.
 */
const struct spec_descriptor *spec_index_select(const struct spec_index *index, const struct spec_platform *wanted);

/* What an index offers, for a message: "linux/amd64, linux/arm64/v8". */
char *spec_index_platforms(struct arena *arena, const struct spec_index *index);

/* The first manifest whose annotation KEY has VALUE, or NULL. */
struct spec_descriptor *spec_index_find(const struct spec_index *index, const char *key, const char *value);

#endif
