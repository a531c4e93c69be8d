/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_kept.h"

#include "base/memory.h"
#include "base/str.h"

#include <pthread.h>
#include <stdint.h>

#define FILE_LIMIT ((off_t)32 << 10) /* to read more takes longer than to open it */
#define ALL_LIMIT ((size_t)32 << 20) /* with names */
#define PROBE_LIMIT 64               /* names may be made to collide */

struct entry {
	const char *path; /* NULL: none */
	const void *content;
	off_t size;
	struct timespec mtime;
};

struct build_kept {
	pthread_mutex_t lock;
	struct arena *arena;
	size_t bytes;
	struct entry *entries; /* open addressing, a power of two */
	size_t size, count;
};

struct build_kept *build_kept_new(void)
{
	struct build_kept *kept = memory_new(1, sizeof *kept);

	pthread_mutex_init(&kept->lock, NULL);
	kept->arena = arena_new();
	return kept;
}

void build_kept_free(struct build_kept *kept)
{
	if (!kept)
		return;
	pthread_mutex_destroy(&kept->lock);
	arena_free(kept->arena);
	free(kept->entries);
	free(kept);
}

/* FNV-1a. */
static size_t hash_of(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *path; path++)
		hash = (hash ^ (uint8_t)*path) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 32);
}

/* Where PATH is, or would be; NULL: nowhere near where it should. */
static struct entry *find_slot(const struct build_kept *kept, const char *path)
{
	size_t slot = hash_of(path);

	for (size_t i = 0; kept->size && i < PROBE_LIMIT; i++, slot++) {
		struct entry *entry = &kept->entries[slot & (kept->size - 1)];

		if (!entry->path || strcmp(entry->path, path) == 0)
			return entry;
	}
	return NULL;
}

static void put(struct build_kept *kept, const struct entry *entry)
{
	struct entry *slot = find_slot(kept, entry->path);

	if (slot)
		*slot = *entry;
}

static void grow(struct build_kept *kept)
{
	struct entry *old = kept->entries;
	size_t size = kept->size;

	kept->size = size ? 2 * size : 1024;
	kept->entries = memory_new(kept->size, sizeof *kept->entries);
	for (size_t i = 0; i < size; i++)
		if (old[i].path)
			put(kept, &old[i]);
	free(old);
}

static void add(struct build_kept *kept, const char *path, const struct stat *st, const void *content)
{
	struct entry entry = { .path = arena_strdup(kept->arena, path), .content = "", .size = st->st_size, .mtime = st->st_mtim };

	if (st->st_size > 0) {
		char *copy = arena_alloc(kept->arena, (size_t)st->st_size, 1);

		memcpy(copy, content, (size_t)st->st_size);
		entry.content = copy;
	}
	if (2 * kept->count >= kept->size)
		grow(kept);
	put(kept, &entry);
	kept->count++;
}

void build_kept_add(struct build_kept *kept, const char *above, const char *name, const struct stat *st, const void *content)
{
	_cleanup_free_ char *path = NULL;
	size_t bytes;

	if (st->st_size > FILE_LIMIT)
		return;
	path = str_printf("%s%s%s", above, *above ? "/" : "", name);
	bytes = (size_t)st->st_size + strlen(path) + 2 * sizeof(struct entry);
	pthread_mutex_lock(&kept->lock);
	if (kept->bytes + bytes <= ALL_LIMIT) {
		kept->bytes += bytes;
		add(kept, path, st, content);
	}
	pthread_mutex_unlock(&kept->lock);
}

bool build_kept_find(const struct build_kept *kept, const char *path, const struct stat *st, const void **ret)
{
	const struct entry *entry = find_slot(kept, path);

	if (!entry || !entry->path || entry->size != st->st_size || entry->mtime.tv_sec != st->st_mtim.tv_sec || entry->mtime.tv_nsec != st->st_mtim.tv_nsec)
		return false;
	*ret = entry->content;
	return true;
}
