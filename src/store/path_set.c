/* SPDX-License-Identifier: Apache-2.0 */
#include "store/path_set.h"

#include "base/memory.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

struct path_set {
	struct arena *arena;
	const char **slots; /* open addressing, a power of two */
	size_t size, count;
	uint64_t seed; /* strangers choose the paths */
};

struct path_set *path_set_new(void)
{
	struct path_set *set = memory_new(1, sizeof *set);

	set->arena = arena_new();
	set->size = 64;
	set->slots = memory_new(set->size, sizeof *set->slots);
	/* Without randomness the set is slower under attack, no worse. */
	ignore_result(getrandom(&set->seed, sizeof set->seed, GRND_NONBLOCK));
	return set;
}

void path_set_free(struct path_set *set)
{
	if (!set)
		return;
	arena_free(set->arena);
	free(set->slots);
	free(set);
}

/* FNV-1a from a seed, its bits mixed at the end. */
static size_t find_slot(const struct path_set *set, const char *path)
{
	uint64_t hash = 0xcbf29ce484222325 ^ set->seed;
	size_t slot;

	for (const char *c = path; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	hash ^= hash >> 32;
	slot = (size_t)hash & (set->size - 1);
	while (set->slots[slot] && strcmp(set->slots[slot], path) != 0)
		slot = (slot + 1) & (set->size - 1);
	return slot;
}

static void grow(struct path_set *set)
{
	const char **old = set->slots;
	size_t size = set->size;

	set->size = 2 * size;
	set->slots = memory_new(set->size, sizeof *set->slots);
	for (size_t i = 0; i < size; i++)
		if (old[i])
			set->slots[find_slot(set, old[i])] = old[i];
	free(old);
}

bool path_set_add(struct path_set *set, const char *path)
{
	size_t slot = find_slot(set, path);

	if (set->slots[slot])
		return false;
	set->slots[slot] = arena_strdup(set->arena, path);
	set->count++;
	if (set->count > set->size / 2)
		grow(set);
	return true;
}

bool path_set_has(const struct path_set *set, const char *path)
{
	return set->slots[find_slot(set, path)];
}
