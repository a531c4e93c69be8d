/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tree_changes.h"

#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Each level takes two descriptors. */
#define DEPTH_LIMIT 400

struct finder {
	struct arena *arena;
	const char *const *mounts;
	struct container_change *changes;
	size_t count, room;
	struct buf path;
	unsigned depth;
};

/* A directory in both trees; the lower one may be missing. */
struct pair {
	int upper_fd, lower_fd;
	bool opaque; /* of the lower one only what is not there can be told */
};

static int walk(struct finder *finder, const struct pair *pair, bool *ret_mounted, struct error *err);

static size_t add(struct finder *finder, char kind)
{
	if (finder->count == finder->room) {
		finder->room = finder->room * 2 + 64;
		finder->changes = memory_resize(finder->changes, finder->room, sizeof *finder->changes);
	}
	finder->changes[finder->count] = (struct container_change){ kind, arena_strdup(finder->arena, finder->path.data) };
	return finder->count++;
}

static bool is_mount(const struct finder *finder)
{
	for (const char *const *mount = finder->mounts; *mount; mount++)
		if (str_equal(*mount, finder->path.data))
			return true;
	return false;
}

/* ---- names --------------------------------------------------------------------------- */

struct names {
	char **list;
	size_t count, room;
};

static int take_name(void *context, const char *name)
{
	struct names *names = context;

	if (str_equal(name, ".") || str_equal(name, ".."))
		return 0;
	if (names->count + 2 > names->room) {
		names->room = names->room * 2 + 32;
		names->list = memory_resize(names->list, names->room, sizeof *names->list);
	}
	names->list[names->count++] = str_dup(name);
	names->list[names->count] = NULL;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
}

/* Of both, each once; those of the lower one only if the upper one hides them. */
static int list_names(const struct finder *finder, const struct pair *pair, struct names *names, struct error *err)
{
	size_t kept = 0;
	int r = file_each_name(pair->upper_fd, take_name, names);

	if (r == 0 && pair->opaque && pair->lower_fd >= 0)
		r = file_each_name(pair->lower_fd, take_name, names);
	if (r < 0)
		return error_errno(err, -r, "cannot read the directory '%s'", finder->path.data);
	if (names->count)
		qsort(names->list, names->count, sizeof *names->list, compare_names);
	for (size_t i = 0; i < names->count; i++) {
		if (kept && str_equal(names->list[kept - 1], names->list[i]))
			free(names->list[i]);
		else
			names->list[kept++] = names->list[i];
	}
	names->count = kept;
	return 0;
}

/* ---- one entry ------------------------------------------------------------------------- */

struct entry {
	const char *name;
	struct stat upper, lower;
	bool in_upper, in_lower;
};

static int look_at(const struct finder *finder, int fd, const char *name, struct stat *ret, bool *ret_there, struct error *err)
{
	*ret_there = fd >= 0 && fstatat(fd, name, ret, AT_SYMLINK_NOFOLLOW) == 0;
	if (fd >= 0 && !*ret_there && errno != ENOENT)
		return error_errno(err, errno, "cannot look at '%s'", finder->path.data);
	return 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(int fd)
{
	char value;

	return (fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 || fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1) && value == 'y';
}

static bool has_other_owner(const struct entry *entry)
{
	return entry->upper.st_mode != entry->lower.st_mode || entry->upper.st_uid != entry->lower.st_uid || entry->upper.st_gid != entry->lower.st_gid;
}

static bool has_other_time(const struct entry *entry)
{
	return entry->upper.st_mtim.tv_sec != entry->lower.st_mtim.tv_sec || entry->upper.st_mtim.tv_nsec != entry->lower.st_mtim.tv_nsec;
}

/* One that went meanwhile is -EBADF. */
static int open_directory(const struct finder *finder, int fd, const char *name, int *ret_fd, struct error *err)
{
	*ret_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	*ret_fd = -EBADF;
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : error_errno(err, errno, "cannot open the directory '%s'", finder->path.data);
}

/*
 * Whether a directory stays in the list although nothing in it does: not if it,
 * or its time, only came about because something is mounted in or on it.
 */
static bool is_change(const struct finder *finder, const struct entry *entry, bool was_dir, bool mounted)
{
	if (!entry->in_lower)
		return !mounted && !is_mount(finder);
	return !was_dir || has_other_owner(entry) || (!mounted && has_other_time(entry));
}

static int find_in_directory(struct finder *finder, const struct pair *parent, const struct entry *entry, bool *ret_mounted, struct error *err)
{
	_cleanup_close_ int upper_fd = -EBADF, lower_fd = -EBADF;
	bool was_dir = entry->in_lower && S_ISDIR(entry->lower.st_mode), mounted = false;
	size_t place = add(finder, entry->in_lower ? 'C' : 'A');
	int r = open_directory(finder, parent->upper_fd, entry->name, &upper_fd, err);

	if (r == 0 && was_dir)
		r = open_directory(finder, parent->lower_fd, entry->name, &lower_fd, err);
	if (r == 0 && upper_fd >= 0)
		r = walk(finder, &(struct pair){ upper_fd, lower_fd, is_opaque(upper_fd) }, &mounted, err);
	if (r == 0 && finder->count == place + 1 && !is_change(finder, entry, was_dir, mounted)) {
		*ret_mounted |= mounted || !entry->in_lower;
		finder->count = place;
	}
	return r;
}

static int find_in_entry(struct finder *finder, const struct pair *parent, const char *name, bool *ret_mounted, struct error *err)
{
	struct entry entry = { .name = name };
	int r = look_at(finder, parent->upper_fd, name, &entry.upper, &entry.in_upper, err);

	if (r == 0)
		r = look_at(finder, parent->lower_fd, name, &entry.lower, &entry.in_lower, err);
	if (r < 0)
		return r;
	if (entry.in_upper && S_ISDIR(entry.upper.st_mode))
		return find_in_directory(finder, parent, &entry, ret_mounted, err);
	if (!entry.in_upper || is_whiteout(&entry.upper)) {
		if (entry.in_lower)
			add(finder, 'D');
	} else if (!entry.in_lower && entry.upper.st_size == 0 && is_mount(finder)) {
		*ret_mounted = true;
	} else {
		add(finder, entry.in_lower ? 'C' : 'A');
	}
	return 0;
}

/* *RET_MOUNTED: something in it came about because it is mounted on. */
static int walk(struct finder *finder, const struct pair *pair, bool *ret_mounted, struct error *err)
{
	_cleanup_(names_done) struct names names = { .list = NULL };
	size_t length = finder->path.length;
	int r = finder->depth >= DEPTH_LIMIT ? error_set(err, ERROR_UNSUPPORTED, 0, "too many levels of directories in '%.100s'", finder->path.data)
					     : list_names(finder, pair, &names, err);

	finder->depth++;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		finder->path.length = length;
		buf_printf(&finder->path, "/%s", names.list[i]);
		r = find_in_entry(finder, pair, names.list[i], ret_mounted, err);
	}
	finder->depth--;
	if (r == 0) {
		finder->path.length = length;
		finder->path.data[length] = '\0';
	}
	return r;
}

int tree_changes_find(struct arena *arena, int upper_fd, int lower_fd, const char *const *mounts, struct container_change **ret, size_t *ret_count,
	struct error *err)
{
	struct finder finder = { .arena = arena, .mounts = mounts };
	bool mounted = false;
	int r;

	buf_add_text(&finder.path, "");
	r = walk(&finder, &(struct pair){ upper_fd, lower_fd, is_opaque(upper_fd) }, &mounted, err);
	if (r == 0) {
		*ret = arena_alloc(arena, finder.count + 1, sizeof **ret);
		if (finder.count)
			memcpy(*ret, finder.changes, finder.count * sizeof **ret);
		*ret_count = finder.count;
	}
	buf_done(&finder.path);
	free(finder.changes);
	return r;
}
