/* SPDX-License-Identifier: Apache-2.0 */
/* Images as docker lists them: one element for each id, whatever names it has. */
#ifndef BIVY_API_IMAGES_LIST_H
#define BIVY_API_IMAGES_LIST_H

#include "base/json.h"
#include "engine/images.h"

struct api_images_style {
	unsigned minor;           /* of the version */
	const uint64_t *shared;   /* bytes of entry N that other images have, too; NULL: nobody has looked */
	bool has_containers;      /* .container_count is known */
};

/* An array of all COUNT of ENTRIES, which are sorted by age. */
void api_images_write(struct json_writer *w, const char *key, struct arena *arena, const struct images_entry *entries, size_t count,
	const struct api_images_style *style);

#endif
