/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_entry.h"
#include "base/moment.h"
#include "engine/image_filter.h"
#include "spec/reference.h"

struct images_entry image_entry_make(struct arena *arena, const struct image *image)
{
	struct images_entry entry = { .name = image->name, .id = image->id, .target = image->target, .target_size = image->target_size, .media_type = image->media_type,
				      .platform = image->platform, .created = image->created, .created_s = image_created(image).tv_sec,
				      .size = image->size };
	struct spec_reference reference;

	if (image->name && spec_reference_parse(arena, image->name, &reference, NULL) == 0) {
		entry.repository = spec_reference_familiar_repository(arena, &reference);
		entry.tag = reference.tag;
	}
	return entry;
}

bool image_entry_is_shadow(struct arena *arena, const struct image *images, size_t count, const struct image *image)
{
	struct spec_reference reference, other;

	if (!image->name || !strchr(image->name, '@') || spec_reference_parse(arena, image->name, &reference, NULL) < 0 || reference.tag)
		return false;
	for (size_t i = 0; i < count; i++)
		if (images[i].name && str_equal(images[i].target, image->target) &&
		    spec_reference_parse(arena, images[i].name, &other, NULL) == 0 && other.tag && spec_reference_same_repository(&other, &reference))
			return true;
	return false;
}

const char *image_entry_familiar(struct arena *arena, const struct image *image)
{
	struct spec_reference reference;

	if (!image->name)
		return "<none>";
	if (spec_reference_parse(arena, image->name, &reference, NULL) < 0)
		return image->name;
	return spec_reference_familiar(arena, &reference);
}
