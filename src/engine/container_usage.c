/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_usage.h"
#include "base/file.h"
#include "engine/container.h"
#include "engine/container_size.h"
#include "store/path_set.h"

#include <fcntl.h>

struct measure {
	const struct directories *directories;
	struct path_set *mounted; /* names of volumes */
	struct container_usage usage;
};

static int measure_container(void *context, struct container_record *record, struct error *err _unused_)
{
	struct measure *measure = context;
	const struct spec_host_config *host = &record->container->host;
	uint64_t bytes = 0;

	for (size_t i = 0; i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && host->mounts[i].source)
			path_set_add(measure->mounted, host->mounts[i].source);
	/* One that is being removed takes nothing. */
	if (container_disk_usage(record->path, &bytes) < 0)
		bytes = 0;
	measure->usage.containers++;
	measure->usage.bytes += bytes;
	if (record->is_supervised)
		measure->usage.running++;
	else
		measure->usage.stopped_bytes += bytes;
	return 0;
}

static int measure_volume(void *context, const char *name)
{
	struct measure *measure = context;
	_cleanup_free_ char *path = NULL;
	uint64_t bytes = 0;

	if (name[0] == '.')
		return 0;
	path = str_printf("%s/volumes/%s", measure->directories->root, name);
	if (container_disk_usage(path, &bytes) < 0)
		bytes = 0;
	measure->usage.volumes++;
	measure->usage.volume_bytes += bytes;
	if (path_set_has(measure->mounted, name))
		measure->usage.mounted_volumes++;
	else
		measure->usage.unmounted_bytes += bytes;
	return 0;
}

int container_usage_measure(const struct directories *directories, struct container_usage *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_path_set_ struct path_set *mounted = path_set_new();
	_cleanup_free_ char *path = str_printf("%s/volumes", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct measure measure = { .directories = directories, .mounted = mounted };
	int r = container_record_visit(arena, directories, measure_container, &measure, err);

	if (r < 0)
		return r;
	r = fd < 0 ? -errno : file_each_name(fd, measure_volume, &measure);
	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot read '%s'", path);
	*ret = measure.usage;
	return 0;
}
