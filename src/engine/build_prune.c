/* SPDX-License-Identifier: Apache-2.0 */
/* What builds have left, listed and removed. */
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "engine/build.h"
#include "engine/build_cache.h"
#include "engine/container_size.h"
#include "engine/image_removal.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/lock.h"
#include "store/path_set.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define KIND_STEP "regular"
#define KIND_MOUNT "exec.cachemount"
#define LOCK_SUFFIX ".lock"

struct list {
	struct arena *arena;
	const struct directories *directories;
	struct store store;
	struct path_set *shared; /* layers that images have */
	struct build_cache_entry *entries;
	size_t count, capacity;
};

static void list_done(struct list *list)
{
	path_set_free(list->shared);
	store_close(&list->store);
}

static struct build_cache_entry *add(struct list *list)
{
	if (list->count == list->capacity) {
		struct build_cache_entry *larger;

		list->capacity = list->capacity * 2 + 64;
		larger = arena_alloc(list->arena, list->capacity, sizeof *larger);
		if (list->count)
			memcpy(larger, list->entries, list->count * sizeof *larger);
		list->entries = larger;
	}
	return &list->entries[list->count++];
}

/* ---- steps ------------------------------------------------------------------------------ */

/* An image whose layers cannot be told shares none that are there. */
static int find_shared(struct list *list, struct error *err)
{
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(&list->store, list->arena, &images, &count, err);

	list->shared = path_set_new();
	for (size_t i = 0; r == 0 && i < count; i++) {
		char **layers = NULL;
		size_t layer_count = 0;

		if (images[i].top_layer && layer_stack(&list->store, list->arena, images[i].top_layer, &layers, &layer_count, NULL) == 0)
			for (size_t n = 0; n < layer_count; n++)
				path_set_add(list->shared, layers[n]);
	}
	return r;
}

static int64_t seconds_of(const char *text)
{
	struct timespec moment;

	return text && moment_parse(text, &moment) == 0 ? moment.tv_sec : 0;
}

static int add_step(void *context, const char *id, int64_t used_s, const struct spec_build_record *record)
{
	struct list *list = context;
	struct build_cache_entry *entry = add(list);
	struct spec_layer layer = { .size = 0 };

	if (record->chain_id && layer_read(&list->store, list->arena, record->chain_id, &layer, NULL) < 0)
		layer.size = 0; /* it is gone: the record is of no use any more */
	*entry = (struct build_cache_entry){ .id = arena_strdup(list->arena, id), .kind = KIND_STEP,
		.description = record->description ? arena_strdup(list->arena, record->description) : "", .created_s = seconds_of(record->created),
		.used_s = used_s, .size = layer.size, .shared = record->chain_id && path_set_has(list->shared, record->chain_id) };
	return 0;
}

/* ---- cache mounts -------------------------------------------------------------------------- */

static int open_mounts(const struct directories *directories)
{
	_cleanup_free_ char *path = str_printf("%s/build/mounts", directories->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Whether no step has it mounted; then it is ours until *RET_FD is closed. */
static bool lock_mount(int mounts_fd, const char *name, int *ret_fd)
{
	_cleanup_free_ char *lock = str_printf("%s" LOCK_SUFFIX, name);
	_cleanup_close_ int fd = openat(mounts_fd, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	*ret_fd = TAKE_FD(fd);
	return true;
}

struct mounts {
	struct list *list;
	int fd;
};

static int add_mount(void *context, const char *name)
{
	const struct mounts *mounts = context;
	struct list *list = mounts->list;
	struct build_cache_entry *entry;
	_cleanup_close_ int lock_fd = -EBADF;
	struct stat status;

	if (name[0] == '.' || fstatat(mounts->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(status.st_mode))
		return 0;
	entry = add(list);
	*entry = (struct build_cache_entry){ .id = arena_strdup(list->arena, name), .kind = KIND_MOUNT,
		.description = arena_printf(list->arena, "cache mount %s", name), .used_s = status.st_mtim.tv_sec };
	if (container_disk_usage(arena_printf(list->arena, "%s/build/mounts/%s", list->directories->root, name), &entry->size) < 0)
		entry->size = 0;
	entry->in_use = !lock_mount(mounts->fd, name, &lock_fd);
	return 0;
}

static int add_mounts(struct list *list, struct error *err)
{
	_cleanup_close_ int fd = open_mounts(list->directories);
	struct mounts mounts = { list, fd };
	int r = fd < 0 ? (fd == -ENOENT ? 0 : fd) : file_each_name(fd, add_mount, &mounts);

	return r < 0 ? error_errno(err, -r, "cannot read '%s/build/mounts'", list->directories->root) : 0;
}

/* ---- filters ---------------------------------------------------------------------------------- */

static bool is_true(const char *value)
{
	return str_equal(value, "true") || str_equal(value, "1") || !*value;
}

/* Whether FILTER's name, of LENGTH bytes, is NAME. */
static bool is_named(const char *filter, size_t length, const char *name)
{
	return strlen(name) == length && strncmp(filter, name, length) == 0;
}

/* Whether ENTRY is as "NAME=VALUE" says: 1, 0 or a negative errno. */
static int passes(const struct build_cache_entry *entry, const char *filter, const struct timespec *now, struct error *err)
{
	const char *value = strchr(filter, '=');
	size_t length = value ? (size_t)(value - filter) : strlen(filter);
	struct timespec limit;

	value = value ? value + 1 : "";
	if (is_named(filter, length, "until") || is_named(filter, length, "unused-for")) {
		if (moment_parse_limit(value, now, &limit) < 0)
			return error_set(err, ERROR_INVALID, 0, "invalid filter '%.200s': expected a length of time, such as 24h, or a moment", filter);
		return entry->used_s < limit.tv_sec;
	}
	if (is_named(filter, length, "id"))
		return str_starts_with(entry->id, value);
	if (is_named(filter, length, "type"))
		return str_equal(entry->kind, value);
	if (is_named(filter, length, "description"))
		return strstr(entry->description, value) != NULL;
	if (is_named(filter, length, "inuse"))
		return entry->in_use == is_true(value);
	if (is_named(filter, length, "shared"))
		return entry->shared == is_true(value);
	if (is_named(filter, length, "private"))
		return entry->shared != is_true(value);
	error_set(err, ERROR_INVALID, 0, "invalid filter '%.200s'", filter);
	error_hint(err, "there are description, id, inuse, private, shared, type, until and unused-for");
	return -EINVAL;
}

static int filter_all(struct list *list, char *const *filters, struct error *err)
{
	struct timespec now;
	size_t kept = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < list->count; i++) {
		int r = 1;

		for (char *const *filter = filters; r == 1 && filter && *filter; filter++)
			r = passes(&list->entries[i], *filter, &now, err);
		if (r < 0)
			return r;
		if (r == 1)
			list->entries[kept++] = list->entries[i];
	}
	list->count = kept;
	return 0;
}

/* ---- the calls ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const struct build_cache_entry *one = a, *other = b;

	return one->used_s < other->used_s ? -1 : one->used_s > other->used_s ? 1 : strcmp(one->id, other->id);
}

int build_cache_list(struct arena *arena, const struct directories *directories, char *const *filters, struct build_cache_entry **ret, size_t *ret_count,
	struct error *err)
{
	_cleanup_(list_done) struct list list = { .arena = arena, .directories = directories, .store = STORE_INIT };
	int r = store_open(directories->images, &list.store, err);

	if (r == 0)
		r = find_shared(&list, err);
	if (r == 0 && (r = build_cache_visit(directories, BUILD_CACHE_STEPS, add_step, &list)) < 0)
		r = error_errno(err, -r, "cannot read '%s/build/cache'", directories->root);
	if (r == 0)
		r = add_mounts(&list, err);
	if (r == 0)
		r = filter_all(&list, filters, err);
	if (r < 0)
		return r;
	if (list.count)
		qsort(list.entries, list.count, sizeof *list.entries, compare);
	*ret = list.entries;
	*ret_count = list.count;
	return 0;
}

/* 1: it is gone; 0: a step has it. */
static int remove_mount(const struct directories *directories, const struct build_cache_entry *entry)
{
	_cleanup_close_ int fd = open_mounts(directories), lock_fd = -EBADF;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!lock_mount(fd, entry->id, &lock_fd))
		return 0;
	/* The lock's file stays: who waits for it has it open. */
	r = tree_remove_at(fd, entry->id);
	return r < 0 ? r : 1;
}

static int remove_entry(const struct directories *directories, const struct build_cache_entry *entry, struct error *err)
{
	int r;

	if (str_equal(entry->kind, KIND_MOUNT))
		r = remove_mount(directories, entry);
	else if ((r = build_cache_forget(directories, BUILD_CACHE_STEPS, entry->id)) == 0)
		r = 1;
	return r < 0 ? error_errno(err, -r, "cannot remove '%s' of the build cache", entry->id) : r;
}

static uint64_t sum(const struct build_cache_entry *entries, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += entries[i].size;
	return bytes;
}

int build_cache_prune(struct arena *arena, const struct build_cache_prune_request *request, struct build_cache_prune_report *ret, struct error *err)
{
	struct build_cache_entry *entries = NULL;
	size_t count = 0, removed = 0;
	uint64_t bytes;
	int r = build_cache_list(arena, request->directories, request->filters, &entries, &count, err);

	if (r < 0)
		return r;
	*ret = (struct build_cache_prune_report){ .ids = arena_alloc(arena, count + 1, sizeof *ret->ids) };
	bytes = sum(entries, count);
	for (size_t i = 0; i < count && (bytes > request->keep_bytes || request->keep_bytes == 0); i++) {
		if (entries[i].in_use || (entries[i].shared && !request->all))
			continue;
		r = remove_entry(request->directories, &entries[i], err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		bytes -= entries[i].size;
		ret->ids[removed++] = (char *)entries[i].id;
		/* The layer of an image stays. */
		ret->freed_bytes += entries[i].shared ? 0 : entries[i].size;
	}
	/* What they stood on stays as long as a container or another record needs it. */
	return removed ? image_removal_sweep(request->directories, false, NULL, NULL, err) : 0;
}
