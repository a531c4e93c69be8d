/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_size.h"
#include "base/file.h"
#include "store/layers.h"
#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A container nests directories as deep as it likes: what is deeper is not measured, as descriptors would run out. */
#define DEPTH_LIMIT 256

struct walk {
	int fd;
	unsigned depth;
	bool on_disk; /* blocks, not lengths */
	uint64_t bytes;
};

static int walk_directory(struct walk *walk);

static int add_entry(void *context, const char *name)
{
	struct walk *walk = context, child = *walk;
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	int r;

	if (str_equal(name, ".") || str_equal(name, ".."))
		return 0;
	if (fstatat(walk->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	/* A file of several names counts for each in part. */
	if (walk->on_disk)
		walk->bytes += (uint64_t)status.st_blocks * 512 / (S_ISREG(status.st_mode) && status.st_nlink ? status.st_nlink : 1);
	else if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		walk->bytes += (uint64_t)status.st_size;
	if (!S_ISDIR(status.st_mode))
		return 0;
	fd = openat(walk->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	child.fd = fd;
	child.depth++;
	r = walk_directory(&child);
	walk->bytes = child.bytes;
	return r;
}

static int walk_directory(struct walk *walk)
{
	return walk->depth > DEPTH_LIMIT ? 0 : file_each_name(walk->fd, add_entry, walk);
}

static int measure(const char *path, bool on_disk, uint64_t *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct walk walk = { .fd = fd, .on_disk = on_disk };
	int r = fd < 0 ? -errno : walk_directory(&walk);

	if (r < 0 && r != -ENOENT)
		return r;
	*ret = walk.bytes;
	return 0;
}

int container_disk_usage(const char *path, uint64_t *ret_bytes)
{
	return measure(path, true, ret_bytes);
}

/* The records of its layers know how large they are. */
static uint64_t size_of_image(const struct container_record *record)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	char **layers = NULL;
	size_t count = 0;
	uint64_t bytes = 0;

	if (!record->container->image_top_layer || store_open(record->directories->images, &store, NULL) < 0 ||
	    layer_stack(&store, arena, record->container->image_top_layer, &layers, &count, NULL) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct spec_layer layer;

		if (layer_read(&store, arena, layers[i], &layer, NULL) == 0)
			bytes += layer.size;
	}
	return bytes;
}

int container_size(const struct container_record *record, uint64_t *ret_written, uint64_t *ret_root)
{
	_cleanup_free_ char *path = str_printf("%s/root/upper", record->path);
	int r = measure(path, false, ret_written);

	if (r == 0)
		*ret_root = *ret_written + size_of_image(record);
	return r;
}
