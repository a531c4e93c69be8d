/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that builds keep, as people see it: layers of steps, each once however
 * many records name it, directories of cache mounts, files of web servers, and
 * digests of contexts.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_ENTRIES_H
#define BIVY_ENGINE_BUILD_ENTRIES_H

#include "engine/build.h"
#include "store/path_set.h"
#include "store/store.h"

struct build_entry {
	struct build_cache_entry shown;
	const char *chain_id, *parent; /* of a step: its layer, and the one below; or NULL */
	uint64_t blob_size;            /* of the layer's blob, if that is there */
	char **records;                /* of a step: ids in ROOT/build/cache; NULL-terminated */
	const char *bytes;             /* of a file of a web server: the name of that; or NULL */
	unsigned depth;                /* layers of other entries below */
	bool is_useless;               /* the layer is gone */
};

struct build_entries {
	struct arena *arena;
	const struct directories *directories;
	struct store store;
	struct build_entry *list;
	size_t count, capacity;
};

#define BUILD_ENTRIES_INIT ((struct build_entries){ .store = STORE_INIT })

/*
 * Reads them, in the order in which they may go: what is of no use first, then
 * what was not used for longest, what lies on others before those. A layer was
 * last used when what lies on it was, and is in use as long as a build that
 * runs has it. ROUGHLY: cache mounts may have the size that they had within
 * the last hour.
 */
int build_entries_read(struct arena *arena, const struct directories *directories, bool roughly, struct build_entries *ret, struct error *err) _must_check_;
void build_entries_done(struct build_entries *entries);

#define _cleanup_build_entries_ _cleanup_(build_entries_done)

/* Keeps those that all FILTERS ("NAME=VALUE", NULL-terminated; or NULL) are true of. ERROR_INVALID. */
int build_entries_filter(struct build_entries *entries, char *const *filters, struct error *err) _must_check_;

/* Takes it away, but for its layer, which is the sweep's: 1; 0: a step has the cache mounted now. */
int build_entry_remove(const struct build_entries *entries, const struct build_entry *entry, struct error *err) _must_check_;

#endif
