/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What builds have done and need not do again: ROOT/build/cache and /results, a
 * file per record, called after a hash of its key. The hash only finds it: the
 * key itself is compared. A record's time of modification is when it was last
 * of use.
 */
#ifndef BIVY_ENGINE_BUILD_CACHE_H
#define BIVY_ENGINE_BUILD_CACHE_H

#include "engine/directories.h"
#include "spec/build_record.h"
#include "base/str.h"

enum build_cache_part { BUILD_CACHE_STEPS, BUILD_CACHE_RESULTS };

#define BUILD_CACHE_ID_LENGTH 32

/* The hash of KEY, as 32 digits and a NUL. Not cryptographic. */
void build_cache_id(const char *key, char ret[static BUILD_CACHE_ID_LENGTH + 1]);

/*
 * The record of KEY into the arena, and marks it as used: 1; 0: there is none,
 * or one that cannot be read or is another key's, which counts as none. Whether
 * the layers it names are still there is the caller's to see.
 */
int build_cache_find(struct arena *arena, const struct directories *directories, enum build_cache_part part, const char *key,
	struct spec_build_record *ret);

/* Writes it, in place of another of the same hash. */
int build_cache_put(const struct directories *directories, enum build_cache_part part, const struct spec_build_record *record, struct error *err)
	_must_check_;

/* Forgets the record of that id. 0 or -errno; none is no error. */
int build_cache_forget(const struct directories *directories, enum build_cache_part part, const char *id) _must_check_;

/* Calls EACH with all records that can be read, in no order, until it returns something else than 0, which is returned. USED_S: seconds since 1970. */
typedef int build_cache_each(void *context, const char *id, int64_t used_s, const struct spec_build_record *record);
int build_cache_visit(const struct directories *directories, enum build_cache_part part, build_cache_each *each, void *context) _must_check_;

/* Adds the chain ids and blobs of all steps' layers, each with a newline: roots of the store's sweep. Names of records that cannot be read stop it. */
int build_cache_add_roots(const struct directories *directories, struct buf *digests, struct error *err) _must_check_;

#endif
