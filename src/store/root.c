/* SPDX-License-Identifier: Apache-2.0 */
#include "store/root.h"

#include "store/layers.h"

static const char *name_of(const struct image *image)
{
	return image->name ? image->name : image->id;
}

int root_of_image(const struct store *store, struct arena *arena, const struct image *image, struct overlay *ret, struct error *err)
{
	char **chain_ids = NULL, **lowers;
	size_t count = 0;
	int r = layer_stack(store, arena, image->top_layer, &chain_ids, &count, err);

	if (r < 0) {
		error_hint(err, "pull or load it again; `bivy system check` tells what else is missing");
		return error_wrap(err, "cannot use the image '%.200s'", name_of(image));
	}
	if (count > OVERLAY_LOWER_LIMIT) {
		r = error_set(err, ERROR_UNSUPPORTED, 0, "cannot use the image '%.200s': it has %zu layers, and overlay takes %d", name_of(image),
			count, OVERLAY_LOWER_LIMIT);
		error_hint(err, "export and import make an image of one layer of it");
		return r;
	}
	lowers = arena_alloc(arena, count + 1, sizeof *lowers);
	for (size_t i = 0; i < count; i++)
		lowers[i] = layer_path(arena, store, chain_ids[i]);
	*ret = (struct overlay){ .lowers = lowers, .lower_count = count };
	return 0;
}
