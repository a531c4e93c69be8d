/* SPDX-License-Identifier: Apache-2.0 */
/* Which blobs and layers of a store can be reached from images, live leases and further roots. */
#ifndef BIVY_STORE_REACHABLE_H
#define BIVY_STORE_REACHABLE_H

#include "base/str.h"
#include "store/path_set.h"
#include "store/store.h"

struct reachable {
	struct path_set *blobs;  /* digests */
	struct path_set *layers; /* chain ids */
};

/* What is needed although no image names it: digests of manifests, and chain ids of layers. All zero: nothing. */
struct store_roots {
	char *const *digests; /* NULL-terminated, or NULL */
	/*
	 * Adds more of them, each with a newline behind it; or NULL. Called under
	 * the lock after the leases were read: who ends a lease once such a root
	 * of his can be found here is seen in one of the two.
	 */
	int (*add)(void *context, struct buf *digests, struct error *err);
	void *context;
};

#define REACHABLE_INIT ((struct reachable){ .blobs = NULL })

/*
 * To be called under the exclusive lock "content", so that the answer holds as
 * long as the lock. ROOTS may be NULL. A blob or layer that is named but
 * missing is no error, one that cannot be read is.
 */
int reachable_find(const struct store *store, const struct store_roots *roots, struct reachable *ret, struct error *err) _must_check_;
void reachable_done(struct reachable *reachable);

#define _cleanup_reachable_ _cleanup_(reachable_done)

#endif
