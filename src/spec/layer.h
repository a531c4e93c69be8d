/* SPDX-License-Identifier: Apache-2.0 */
/* The store's record of an extracted layer (layer.json). Versioned as state.json is. */
#ifndef BIVY_SPEC_LAYER_H
#define BIVY_SPEC_LAYER_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdint.h>

#define SPEC_LAYER_FORMAT 1
#define SPEC_LAYER_RECORD_LIMIT (16u << 10) /* bytes */

struct spec_layer {
	char *diff_id; /* digest of its uncompressed archive */
	char *parent;  /* chain id of the layer below, or NULL */
	uint64_t size; /* bytes of all its files' data */
};

int spec_layer_decode(struct arena *arena, const char *text, size_t length, struct spec_layer *ret, struct error *err) _must_check_;
void spec_layer_encode(const struct spec_layer *layer, struct buf *out);

#endif
