/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_usage.h"
#include "engine/container.h"
#include "engine/container_size.h"

struct measure {
	struct volume_usage *volumes;
	size_t count;
};

static int compare(const void *name, const void *volume)
{
	return strcmp(name, ((const struct volume_usage *)volume)->entry.volume->name);
}

/* One that has a volume twice counts once. */
static bool has_before(const struct spec_host_config *host, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && str_equal(host->mounts[i].source, host->mounts[index].source))
			return true;
	return false;
}

static int count_container(void *context, struct container_record *record, struct error *err _unused_)
{
	const struct measure *measure = context;
	const struct spec_host_config *host = &record->container->host;

	for (size_t i = 0; i < host->mount_count; i++) {
		const struct spec_container_mount *mount = &host->mounts[i];
		struct volume_usage *usage;

		if (mount->kind != SPEC_MOUNT_VOLUME || !mount->source || has_before(host, i))
			continue;
		usage = bsearch(mount->source, measure->volumes, measure->count, sizeof *usage, compare);
		if (usage)
			usage->container_count++;
	}
	return 0;
}

int volume_usage_measure(struct arena *arena, const struct directories *directories, struct volume_usage **ret, size_t *ret_count, struct error *err)
{
	struct volume_entry *list = NULL;
	struct measure measure = { NULL };
	int r = volume_list(arena, directories, NULL, &list, &measure.count, err);

	if (r < 0)
		return r;
	measure.volumes = arena_alloc(arena, measure.count + 1, sizeof *measure.volumes);
	for (size_t i = 0; i < measure.count; i++) {
		char *path = arena_printf(arena, "%s/volumes/%s", directories->root, list[i].volume->name);

		measure.volumes[i].entry = list[i];
		/* One that is being removed takes nothing. */
		if (container_disk_usage(path, &measure.volumes[i].bytes) < 0)
			measure.volumes[i].bytes = 0;
	}
	r = container_record_visit(arena, directories, count_container, &measure, err);
	if (r == 0) {
		*ret = measure.volumes;
		*ret_count = measure.count;
	}
	return r;
}
