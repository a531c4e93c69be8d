/* SPDX-License-Identifier: Apache-2.0 */
/* Images go: one by one, or all that nobody needs. What they alone consisted of goes with them. */
#ifndef BIVY_ENGINE_IMAGE_REMOVAL_H
#define BIVY_ENGINE_IMAGE_REMOVAL_H

#include "engine/directories.h"

#include <stdbool.h>
#include <stdint.h>

struct image_removal_request {
	const struct directories *directories;
	const char *image; /* a name, an id or the beginning of one */
	bool force;        /* by its id although it has several names */
	bool keep_content; /* layers stay until the next removal that does not ask for this */
};

/* Lists live in the arena and are NULL-terminated. */
struct image_removal_report {
	const char **untagged; /* names, as people write them */
	const char **deleted;  /* ids of images, each followed by the layers that went with it, the uppermost first */
	uint64_t freed_bytes;  /* on disk; only of image_removal_prune() */
};

/*
 * A name goes; with its last name the image. By its id the image goes with all
 * its names, but for ERROR_CONFLICT if it has several and force was not asked
 * for. ERROR_NOT_FOUND if there is none.
 */
int image_removal_remove(struct arena *arena, const struct image_removal_request *request, struct image_removal_report *ret, struct error *err)
	_must_check_;

struct image_prune_request {
	const struct directories *directories;
	char *const *filters; /* as for images_list(): until, label, label!, dangling */
	bool all;             /* also those that have names */
	bool debris;          /* also every download that is not under way, however young */
};

/* Removes images without a name, or all; and what is left over in the store. */
int image_removal_prune(struct arena *arena, const struct image_prune_request *request, struct image_removal_report *ret, struct error *err)
	_must_check_;

/*
 * Content that nothing needs: FOUND is called for each blob and layer, which is
 * gone then unless DRY_RUN is asked for. What containers need is found out
 * while nothing can come or go. An error if what is needed cannot be told.
 */
int image_removal_sweep(const struct directories *directories, bool dry_run, void (*found)(void *context, const char *digest, bool is_layer),
	void *context, struct error *err) _must_check_;

#endif
