/* SPDX-License-Identifier: Apache-2.0 */
/* From the store's record of an image to what the engine tells of it. */
#ifndef BIVY_ENGINE_IMAGE_ENTRY_H
#define BIVY_ENGINE_IMAGE_ENTRY_H

#include "engine/images.h"
#include "store/images.h"

/* Its texts are the image's or in the arena. */
struct images_entry image_entry_make(struct arena *arena, const struct image *image);

/*
 * Whether it is only the digest's name of what has a tag in the same
 * repository, among IMAGES, too: people see it as one.
 */
bool image_entry_is_shadow(struct arena *arena, const struct image *images, size_t count, const struct image *image);

/* The name as people write it, "<none>" for none, in the arena. */
const char *image_entry_familiar(struct arena *arena, const struct image *image);

#endif
