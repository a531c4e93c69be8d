/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_root.h"
#include "engine/bundle_ids.h"
#include "host/overlay.h"
#include "store/layers.h"
#include "store/owned_layer.h"
#include "store/root.h"

#include <fcntl.h>

#define UPPER "root/upper"

bool container_root_is_layered(const struct spec_container *container)
{
	return !container->host.rootfs_path || container->host.rootfs_overlay;
}

bool container_root_is_live(const struct container_record *record)
{
	return record->is_supervised && record->state->pid > 0;
}

int container_root_open_upper(const struct container_record *record, int *ret_fd, struct error *err)
{
	int fd = openat(record->fd, UPPER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot open '%s/" UPPER "'", record->path);
	*ret_fd = fd < 0 ? -EBADF : fd;
	return 0;
}

/* As the container was given them. */
static int find_owned(const struct container_record *record, const struct store *store, const struct image *image, const struct idmap *map, char **paths,
	struct error *err)
{
	char **chain_ids = NULL;
	size_t count = 0;
	int r = layer_stack(store, record->arena, image->top_layer, &chain_ids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = owned_layer_find(store, record->arena, chain_ids[i], map, &paths[i], err);
	return r;
}

/* Of the store, for whose layers the record is a root. */
static int image_lowers(const struct container_record *record, char ***ret, struct error *err)
{
	const struct image image = { .name = record->container->image_name, .id = record->container->image_id, .top_layer = record->container->image_top_layer };
	const struct idmap *map = bundle_ids_copied(record->arena, &record->container->host);
	_cleanup_store_ struct store store = STORE_INIT;
	struct overlay overlay;
	int r = store_open(record->directories->images, &store, err);

	if (r == 0)
		r = root_of_image(&store, record->arena, &image, &overlay, err);
	if (r < 0)
		return r;
	*ret = arena_alloc(record->arena, overlay.lower_count + 1, sizeof **ret);
	memcpy(*ret, overlay.lowers, overlay.lower_count * sizeof **ret);
	return map ? find_owned(record, &store, &image, map, *ret, err) : 0;
}

int container_root_lowers(const struct container_record *record, char ***ret, struct error *err)
{
	if (!record->container->host.rootfs_path && record->container->image_top_layer)
		return image_lowers(record, ret, err);
	*ret = arena_alloc(record->arena, 2, sizeof **ret);
	(*ret)[0] = record->container->host.rootfs_path;
	return 0;
}

static int open_directory(const char *path, int *ret_fd, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "cannot open the root '%s'", path);
	*ret_fd = fd;
	return 0;
}

int container_root_open_merged(const struct container_record *record, int *ret_fd, struct error *err)
{
	_cleanup_close_ int upper_fd = -EBADF;
	char **lowers = NULL, **all;
	size_t count = 0;
	int r;

	if (!container_root_is_layered(record->container))
		return open_directory(record->container->host.rootfs_path, ret_fd, err);
	r = container_root_open_upper(record, &upper_fd, err);
	if (r == 0)
		r = container_root_lowers(record, &lowers, err);
	if (r < 0)
		return r;
	all = arena_alloc(record->arena, strv_length(lowers) + 2, sizeof *all);
	if (upper_fd >= 0)
		all[count++] = arena_printf(record->arena, "%s/" UPPER, record->path);
	for (; *lowers; lowers++)
		all[count++] = *lowers;
	return overlay_mount(-EBADF, &(struct overlay){ .lowers = all, .lower_count = count }, ret_fd, NULL, err);
}

static size_t add_ranges(const struct container_record *record, const char *option, const struct idmap_range *ranges, size_t range_count,
	const char **arguments, size_t count)
{
	for (size_t i = 0; i < range_count; i++)
		arguments[count++] = arena_printf(record->arena, "--%s=%u:%u:%u", option, ranges[i].inside, ranges[i].outside, ranges[i].size);
	return count;
}

size_t container_root_add_owners(const struct container_record *record, const char **arguments, size_t count)
{
	const struct idmap *map = bundle_ids_copied(record->arena, &record->container->host);

	if (!map)
		return count;
	count = add_ranges(record, "uid-map", map->uids, map->uid_count, arguments, count);
	return add_ranges(record, "gid-map", map->gids, map->gid_count, arguments, count);
}
