/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_cache.h"

#include <fcntl.h>

#define RACY_NS 100000000 /* longer than a step of any file system's clock */

struct kept {
	struct arena *arena; /* NULL: the place is free */
	struct container_record record;
	struct container_stamp stamp;
	bool is_seen;
};

/* Open addressing; an id is as good as a hash of it. */
struct container_cache {
	struct kept *places;
	size_t capacity, count; /* capacity: a power of two */
};

struct container_cache *container_cache_new(void)
{
	return memory_new(1, sizeof(struct container_cache));
}

void container_cache_free(struct container_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->capacity; i++)
		if (cache->places[i].arena)
			arena_free(cache->places[i].arena);
	free(cache->places);
	free(cache);
}

/* ---- stamps ------------------------------------------------------------------------------ */

static bool same_time(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

static bool same(const struct container_stamp *one, const struct container_stamp *other)
{
	return one->inode == other->inode && one->run_inode == other->run_inode && same_time(&one->changed, &other->changed) &&
	       same_time(&one->run_changed, &other->run_changed);
}

bool container_stamp_take(int fd, int run_fd, const char *id, struct container_stamp *ret)
{
	struct stat status;

	if (fstatat(fd, id, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret = (struct container_stamp){ .changed = status.st_mtim, .inode = status.st_ino };
	if (run_fd >= 0 && fstatat(run_fd, id, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		ret->run_changed = status.st_mtim;
		ret->run_inode = status.st_ino;
	}
	return true;
}

/* Whether it was so long ago that another change would have another time. */
static bool is_past(const struct timespec *moment)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - moment->tv_sec) * 1000000000LL + now.tv_nsec - moment->tv_nsec > RACY_NS;
}

/* ---- places --------------------------------------------------------------------------------- */

/* That of ID, or the free one where it would be. */
static struct kept *find(const struct container_cache *cache, const char *id)
{
	uint64_t hash = 0;
	size_t at;

	for (int i = 0; i < 16; i++)
		hash = hash << 4 | (uint64_t)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
	for (at = hash & (cache->capacity - 1); cache->places[at].arena; at = (at + 1) & (cache->capacity - 1))
		if (str_equal(cache->places[at].record.container->id, id))
			break;
	return &cache->places[at];
}

/* Into as many places, without those that are not SEEN if that is asked for. */
static void rebuild(struct container_cache *cache, size_t capacity, bool only_seen)
{
	struct container_cache next = { .places = memory_new(capacity, sizeof *next.places), .capacity = capacity };

	for (size_t i = 0; i < cache->capacity; i++) {
		struct kept *kept = &cache->places[i];

		if (!kept->arena)
			continue;
		if (only_seen && !kept->is_seen) {
			arena_free(kept->arena);
			continue;
		}
		*find(&next, kept->record.container->id) = *kept;
		next.count++;
	}
	free(cache->places);
	*cache = next;
}

const struct container_record *container_cache_find(struct container_cache *cache, const char *id, const struct container_stamp *stamp)
{
	struct kept *kept = cache->capacity ? find(cache, id) : NULL;

	if (!kept || !kept->arena || !same(&kept->stamp, stamp))
		return NULL;
	kept->is_seen = true;
	return &kept->record;
}

bool container_cache_keep(struct container_cache *cache, const struct container_stamp *stamp, struct arena *arena, const struct container_record *record)
{
	struct kept *kept;

	if (!is_past(&stamp->changed) || (stamp->run_inode && !is_past(&stamp->run_changed)))
		return false;
	if (2 * (cache->count + 1) > cache->capacity)
		rebuild(cache, cache->capacity ? 2 * cache->capacity : 256, false);
	kept = find(cache, record->container->id);
	if (kept->arena)
		arena_free(kept->arena);
	else
		cache->count++;
	*kept = (struct kept){ arena, *record, *stamp, true };
	return true;
}

void container_cache_sweep(struct container_cache *cache)
{
	size_t unseen = 0;

	for (size_t i = 0; i < cache->capacity; i++)
		unseen += cache->places[i].arena && !cache->places[i].is_seen;
	if (unseen)
		rebuild(cache, cache->capacity, true);
	for (size_t i = 0; i < cache->capacity; i++)
		cache->places[i].is_seen = false;
}
