/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is no longer needed goes: what killed processes left half made, and
 * content that nothing names. Both may run beside any other command.
 */
#ifndef BIVY_STORE_SWEEP_H
#define BIVY_STORE_SWEEP_H

#include "store/reachable.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Downloads that broke off wait that long to be resumed. */
#define SWEEP_PARTIAL_AGE_S (7 * 24 * 3600)

/* Removes layers that nobody is making any more, and downloads that nobody has touched for AGE_S seconds (0: all that are not under way). */
int store_sweep_debris(const struct store *store, int64_t age_s, struct error *err) _must_check_;

struct sweep {
	struct store_roots roots; /* those of containers; what they reach is kept too */
	/* Called for each blob and layer that goes; may be NULL. */
	void (*removed)(void *context, const char *digest, bool is_layer);
	void *context;
	bool dry_run; /* only calls .removed */
};

struct sweep_report {
	uint64_t blobs, layers;
	uint64_t freed_bytes; /* on disk, of blobs; layers' are not counted here */
};

/*
 * Removes the blobs and layers that no image, live lease or root reaches, then
 * the debris of layers. Anything unreadable on the way from a root stops it
 * before the first removal: what cannot be read might need what is missing.
 */
int store_sweep(const struct store *store, const struct sweep *sweep, struct sweep_report *ret, struct error *err) _must_check_;

#endif
