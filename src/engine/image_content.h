/* SPDX-License-Identifier: Apache-2.0 */
/* What an image consists of in the store: its documents decoded, and the digests of all of it. */
#ifndef BIVY_ENGINE_IMAGE_CONTENT_H
#define BIVY_ENGINE_IMAGE_CONTENT_H

#include "spec/image_config.h"
#include "spec/manifest.h"
#include "store/images.h"

struct image_documents {
	const struct spec_manifest *manifest;   /* the one that is used here */
	const struct spec_image_config *config; /* NULL for an artifact */
};

/* Reads them, into the arena. Fails if the manifest, or the configuration of what is an image, is missing or damaged. */
int image_content_read(const struct store *store, struct arena *arena, const struct image *image, struct image_documents *ret, struct error *err)
	_must_check_;

/* The beginning of something that is asked for each digest of an image's; stops at and returns what is not 0. */
typedef int image_content_each(void *context, const char *digest, bool is_layer);

/*
 * Calls EACH for every blob and layer that the image reaches and that is there,
 * some perhaps more than once: its target and, of an index, all that it names;
 * the layers from the uppermost down. What cannot be read is passed over.
 */
int image_content_visit(const struct store *store, const struct image *image, image_content_each *each, void *context) _must_check_;

#endif
