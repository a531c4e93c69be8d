/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_event.h"
#include "base/clock.h"


/* Of several with one key the first is kept: a label cannot pretend to be the container's name. */
static size_t drop_doubles(struct spec_pair *pairs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		size_t same = 0;

		while (same < kept && !str_equal(pairs[same].key, pairs[i].key))
			same++;
		if (same == kept)
			pairs[kept++] = pairs[i];
	}
	return kept;
}

void container_event_add(const struct directories *directories, const struct spec_container *container, const char *action,
	const struct spec_pair *extra, size_t extra_count)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_pair *attributes = arena_alloc(arena, container->config.label_count + extra_count + 2, sizeof *attributes);
	const char *image = container->config.image ? container->config.image : container->host.rootfs_path;
	struct spec_event event = { .type = "container", .action = action, .id = container->id, .attributes = attributes };
	size_t count = 0;

	attributes[count++] = (struct spec_pair){ (char *)"image", (char *)(image ? image : "") };
	attributes[count++] = (struct spec_pair){ (char *)"name", container->name };
	for (size_t i = 0; i < extra_count; i++)
		attributes[count++] = extra[i];
	for (size_t i = 0; i < container->config.label_count; i++)
		attributes[count++] = container->config.labels[i];
	event.attribute_count = drop_doubles(attributes, count);
	event.time_ns = clock_wall_ns();
	events_add(directories, &event);
}
