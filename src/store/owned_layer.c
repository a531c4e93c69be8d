/* SPDX-License-Identifier: Apache-2.0 */
#include "store/owned_layer.h"
#include "base/file.h"
#include "base/str.h"
#include "host/xattr.h"
#include "store/chain_id.h"
#include "store/layers.h"
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DEPTH_LIMIT (PATH_MAX / 2)
#define BLOCK (64u << 10)

/* ---- owners --------------------------------------------------------------------------- */

static uint32_t map_id(const struct idmap_range *ranges, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= ranges[i].inside && id - ranges[i].inside < ranges[i].size)
			return ranges[i].outside + (id - ranges[i].inside);
	return id;
}

/* FNV-1a of the ranges: the name of a directory, no secret. */
static uint64_t hash_of(const struct idmap *map)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t kind = 0; kind < 2; kind++) {
		const struct idmap_range *ranges = kind ? map->gids : map->uids;

		for (size_t i = 0; i < (kind ? map->gid_count : map->uid_count); i++) {
			const uint32_t numbers[] = { (uint32_t)kind, ranges[i].inside, ranges[i].outside, ranges[i].size };

			for (size_t n = 0; n < ARRAY_SIZE(numbers); n++)
				hash = (hash ^ numbers[n]) * UINT64_C(0x100000001b3);
		}
	}
	return hash;
}

/* ---- the copy ---------------------------------------------------------------------------- */

/* A file of several names, and where its copy is. */
struct linked {
	ino_t number;
	char *path;
};

struct copy {
	const struct idmap *map;
	int top_fd;      /* of the copy */
	struct linked *linked;
	size_t linked_count, linked_capacity;
};

static void copy_done(struct copy *copy)
{
	for (size_t i = 0; i < copy->linked_count; i++)
		free(copy->linked[i].path);
	free(copy->linked);
}

static const char *find_linked(const struct copy *copy, ino_t number)
{
	for (size_t i = copy->linked_count; i > 0; i--) /* names of one file lie close together */
		if (copy->linked[i - 1].number == number)
			return copy->linked[i - 1].path;
	return NULL;
}

static void add_linked(struct copy *copy, ino_t number, const char *path)
{
	if (copy->linked_count == copy->linked_capacity) {
		copy->linked_capacity = copy->linked_capacity ? 2 * copy->linked_capacity : 64;
		copy->linked = memory_resize(copy->linked, copy->linked_capacity, sizeof *copy->linked);
	}
	copy->linked[copy->linked_count++] = (struct linked){ number, str_dup(path) };
}

/* Shared blocks where the file system can, and holes stay holes where it says where they are. */
static int copy_bytes(int from_fd, int to_fd, off_t size)
{
	off_t at = 0;

	if (ioctl(to_fd, FICLONE, from_fd) == 0)
		return 0;
	while (at < size) {
		off_t data = lseek(from_fd, at, SEEK_DATA), end;

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			data = at;
		end = lseek(from_fd, data, SEEK_HOLE);
		if (end < 0)
			end = size;
		if (lseek(from_fd, data, SEEK_SET) < 0 || lseek(to_fd, data, SEEK_SET) < 0)
			return -errno;
		while (data < end) {
			ssize_t n = copy_file_range(from_fd, NULL, to_fd, NULL, (size_t)(end - data), 0);
			char block[BLOCK];

			if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP)) {
				int r;

				n = read(from_fd, block, end - data < (off_t)sizeof block ? (size_t)(end - data) : sizeof block);
				r = n > 0 ? fd_write_all(to_fd, block, (size_t)n) : 0;
				if (r < 0)
					return r;
			}
			if (n < 0)
				return -errno;
			if (n == 0)
				return -EIO; /* it is shorter than it was */
			data += n;
		}
		at = end;
	}
	return ftruncate(to_fd, size) < 0 ? -errno : 0;
}

/* The mode after the owner, whose change takes setuid bits away; then what belongs to that owner; times at last. */
static int copy_status(const struct copy *copy, int from_fd, int to_fd, const struct stat *st)
{
	int r;

	if (fchown(to_fd, map_id(copy->map->uids, copy->map->uid_count, st->st_uid), map_id(copy->map->gids, copy->map->gid_count, st->st_gid)) < 0 ||
	    fchmod(to_fd, st->st_mode & 07777) < 0)
		return -errno;
	r = xattr_copy(from_fd, to_fd, 0);
	if (r < 0)
		return r;
	return futimens(to_fd, (const struct timespec[]){ st->st_atim, st->st_mtim }) < 0 ? -errno : 0;
}

static int copy_file(const struct copy *copy, int from_fd, int to_fd, const char *name, const struct stat *st)
{
	_cleanup_close_ int from = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), to = -EBADF;
	int r;

	if (from < 0)
		return -errno;
	to = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_bytes(from, to, st->st_size);
	return r < 0 ? r : copy_status(copy, from, to, st);
}

static int copy_link(int from_fd, int to_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from_fd, name, target, sizeof target - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	return symlinkat(target, to_fd, name) < 0 ? -errno : 0;
}

/* What is no directory and no regular file: by name alone. */
static int copy_node(const struct copy *copy, int from_fd, int to_fd, const char *name, const struct stat *st)
{
	int r = S_ISLNK(st->st_mode) ? copy_link(from_fd, to_fd, name) : mknodat(to_fd, name, st->st_mode & S_IFMT, st->st_rdev) < 0 ? -errno : 0;

	if (r < 0)
		return r;
	if (fchownat(to_fd, name, map_id(copy->map->uids, copy->map->uid_count, st->st_uid), map_id(copy->map->gids, copy->map->gid_count, st->st_gid),
		     AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to_fd, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to_fd, name, (const struct timespec[]){ st->st_atim, st->st_mtim }, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_tree(struct copy *copy, int from_fd, int to_fd, const char *path, unsigned depth);

static int copy_directory(struct copy *copy, int from_fd, int to_fd, const char *name, const char *path, unsigned depth)
{
	_cleanup_close_ int from = openat(from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -EBADF;

	if (from < 0 || mkdirat(to_fd, name, 0700) < 0)
		return -errno;
	to = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return to < 0 ? -errno : copy_tree(copy, from, to, path, depth + 1);
}

/* PATH is the copy's own from the top. */
static int copy_entry(struct copy *copy, int from_fd, int to_fd, const char *name, const char *path, unsigned depth)
{
	bool has_names;
	struct stat st;
	int r;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_directory(copy, from_fd, to_fd, name, path, depth);
	/* A whiteout is nothing that has owners, and there may be more of them than a file can have names. */
	has_names = st.st_nlink > 1 && !(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	if (has_names && find_linked(copy, st.st_ino))
		return linkat(copy->top_fd, find_linked(copy, st.st_ino), to_fd, name, 0) < 0 ? -errno : 0;
	r = S_ISREG(st.st_mode) ? copy_file(copy, from_fd, to_fd, name, &st) : copy_node(copy, from_fd, to_fd, name, &st);
	if (r == 0 && has_names)
		add_linked(copy, st.st_ino, path);
	return r;
}

static int copy_tree(struct copy *copy, int from_fd, int to_fd, const char *path, unsigned depth)
{
	_cleanup_closedir_ DIR *directory = NULL;
	int own_fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	struct dirent *entry;
	struct stat st;

	if (own_fd < 0 || fstat(from_fd, &st) < 0)
		return -errno;
	directory = fdopendir(own_fd);
	if (!directory) {
		close(own_fd);
		return -ENOMEM;
	}
	if (depth > DEPTH_LIMIT)
		return -ELOOP;
	while (r == 0 && (errno = 0, (entry = readdir(directory)))) {
		_cleanup_free_ char *inner = str_printf("%s%s%s", path, *path ? "/" : "", entry->d_name);

		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
			r = copy_entry(copy, from_fd, to_fd, entry->d_name, inner, depth);
	}
	if (r == 0)
		r = -errno;
	return r < 0 ? r : copy_status(copy, from_fd, to_fd, &st);
}

/* ---- its place ------------------------------------------------------------------------------ */

static int make(const struct store *store, const char *chain_id, const struct idmap *map, const char *name, int layer_fd, struct error *err)
{
	_cleanup_layer_stage_ struct layer_stage stage = LAYER_STAGE_INIT;
	_cleanup_close_ int from_fd = -EBADF;
	struct copy copy = { .map = map };
	int r = layer_open(store, chain_id, &from_fd, err);

	if (r == 0)
		r = layer_begin(store, &stage, err);
	if (r < 0)
		return r;
	copy.top_fd = stage.diff_fd;
	r = copy_tree(&copy, from_fd, stage.diff_fd, "", 0);
	copy_done(&copy);
	if (r == 0 && renameat(stage.fd, "diff", layer_fd, name) < 0)
		r = errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno; /* another one was as quick */
	return r < 0 ? error_errno(err, -r, "cannot copy the layer %.19s for other owners", chain_id) : 0;
}

int owned_layer_find(const struct store *store, struct arena *arena, const char *chain_id, const struct idmap *map, char **ret, struct error *err)
{
	const char *diff = layer_path(arena, store, chain_id), *slash = strrchr(diff, '/');
	char *directory = arena_strndup(arena, diff, (size_t)(slash - diff));
	const char *name = arena_printf(arena, "owners-%016llx", (unsigned long long)hash_of(map));
	_cleanup_close_ int layer_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = 0;

	if (layer_fd < 0)
		return error_errno(err, errno, "cannot open '%s'", directory);
	if (faccessat(layer_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = make(store, chain_id, map, name, layer_fd, err);
	if (r == 0)
		*ret = arena_printf(arena, "%s/%s", directory, name);
	return r;
}
