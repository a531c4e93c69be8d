/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/counts.h"
#include "engine/container.h"
#include "store/images.h"
#include "store/path_set.h"

static int count_container(void *context, struct container_record *record, struct error *err _unused_)
{
	struct counts *counts = context;

	counts->containers++;
	if (record->state->status == SPEC_CONTAINER_PAUSED)
		counts->paused++;
	else if (record->is_supervised && record->state->status != SPEC_CONTAINER_EXITED)
		counts->running++;
	else
		counts->stopped++;
	return 0;
}

size_t counts_images(const struct directories *directories)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *index = str_printf("%s/index.json", directories->images);
	_cleanup_path_set_ struct path_set *ids = path_set_new();
	_cleanup_store_ struct store store = STORE_INIT;
	struct image *images = NULL;
	size_t count = 0, different = 0;

	/* Opening a store makes it. */
	if (access(index, R_OK) < 0 || store_open(directories->images, &store, NULL) < 0 || image_list(&store, arena, &images, &count, NULL) < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		different += path_set_add(ids, images[i].id);
	return different;
}

struct counts counts_take(const struct directories *directories)
{
	struct counts counts = { .containers = 0 };

	ignore_result(container_record_survey(directories, NULL, count_container, &counts, NULL)); /* those that could be read */
	counts.images = counts_images(directories);
	return counts;
}
