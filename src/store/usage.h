/* SPDX-License-Identifier: Apache-2.0 */
/* What a store takes on its disk: blocks, as the file system counts them, so that the parts add up to the whole. */
#ifndef BIVY_STORE_USAGE_H
#define BIVY_STORE_USAGE_H

#include "store/reachable.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct store_usage {
	uint64_t blobs, layers;               /* how many */
	uint64_t blob_bytes, layer_bytes;     /* on disk */
	uint64_t debris_bytes;                /* of downloads and layers that are being made, or were */
	uint64_t other_bytes;                 /* of everything else: directories, index.json, locks */
	uint64_t reclaimable_bytes;           /* of the blobs and layers that a sweep would remove now */
	uint64_t cached_bytes;                /* of those that are only worth keeping; 0 if nobody says which */
	uint64_t total_bytes;                 /* blobs, layers, debris and other */
};

/*
 * Walks the whole store. ROOTS is as for reachable_find(). A file with several names
 * counts once. What other commands change meanwhile may count or not.
 */
int store_usage(const struct store *store, const struct store_roots *roots, struct store_usage *ret, struct error *err) _must_check_;

typedef void store_usage_each(void *context, const char *digest, bool is_layer, uint64_t bytes);

struct store_usage_question {
	const struct store_roots *roots;   /* as for reachable_find() */
	const struct store_roots *lasting; /* those of them that are more than worth keeping; or NULL: all are */
	/* Called with what every blob and layer takes; or NULL. Of files that several of them have, the first is told the whole. */
	store_usage_each *each;
	void *context;
};

/* The same, with more that is asked. */
int store_usage_visit(const struct store *store, const struct store_usage_question *question, struct store_usage *ret, struct error *err) _must_check_;

#endif
