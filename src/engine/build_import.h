/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cache-from: what builds elsewhere have done. A record of theirs counts as
 * one of the cache's own, but its layer need not be here: a stage goes on with
 * what is known of it, and only a step that has to be done, or an output,
 * fetches the bytes. A layer that cannot be had then was never there: all stages
 * begin anew without that record, and find again what was done meanwhile.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_IMPORT_H
#define BIVY_ENGINE_BUILD_IMPORT_H

#include "base/sha256.h"
#include "engine/build_step.h"
#include "spec/build_cache.h"

struct build_imports;

/* What is known of a layer that is elsewhere: the blob, and where that is. */
struct build_import_blob {
	size_t place; /* number in --cache-from */
	const struct spec_build_cache_layer *layer;
};

/* Reads what all places of --cache-from say. One that cannot be read is warned of and left out. */
void build_imports_open(struct build *build);

/* Of the work KEY names: *RET, on PARENT (chain id, or NULL); its layer may be here or not. */
bool build_imports_find(struct build *build, const char *key, const char *parent, struct build_layer *ret);

/* A blob of the layer, or of the cache mount. */
bool build_imports_find_blob(const struct build *build, const char *diff_id, struct build_import_blob *ret);
bool build_imports_find_mount(const struct build *build, const char *id, struct build_import_blob *ret);

/* Whom it is told how far it is: a step's process, which can only print, or else a vertex. */
#define BUILD_IMPORT_PRINTS ((size_t)-1)

/*
 * Sees to it that all layers of FILES are in the store and in the lease, and
 * in the cache's own records. -ESTALE with *STALE: one cannot be had; ERR says
 * why, and build_imports_forget() is to be called in the build's own process.
 */
int build_imports_fetch(struct build *build, struct build_files *files, size_t vertex, struct build_stale *stale, struct error *err) _must_check_;

/* Whether there may be something to fetch. */
bool build_imports_are_needed(const struct build_files *files);

/* The blobs come into the store, and are in the lease; or one is extracted into a directory. From one place. */
int build_imports_fetch_blobs(struct build *build, const struct build_import_blob *blobs, size_t count, const char *directory, size_t vertex,
	struct error *err) _must_check_;

/* Nothing is found any more that STALE says cannot be had. */
void build_imports_forget(struct build *build, const struct build_stale *stale, const struct error *why);

/* Appends what tells bivy-transfer where PLACE is, at most BUILD_IMPORT_ARGUMENTS, to the COUNT arguments; how many there are then. */
#define BUILD_IMPORT_ARGUMENTS 8
size_t build_imports_add_arguments(const struct build *build, const struct build_cache_place *place, const char **arguments, size_t count);

/* How messages call it. */
const char *build_imports_title(const struct build_cache_place *place);

#endif
