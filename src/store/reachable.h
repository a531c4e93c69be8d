/* SPDX-License-Identifier: Apache-2.0 */
/* Which blobs and layers of a store can be reached from images, live leases and further roots. */
#ifndef BIVY_STORE_REACHABLE_H
#define BIVY_STORE_REACHABLE_H

#include "store/path_set.h"
#include "store/store.h"

struct reachable {
	struct path_set *blobs;  /* digests */
	struct path_set *layers; /* chain ids */
};

#define REACHABLE_INIT ((struct reachable){ .blobs = NULL })

/*
 * To be called under the exclusive lock "content", so that the answer holds as
 * long as the lock. ROOTS is as in sweep.h. A blob or layer that is named but
 * missing is no error, one that cannot be read is.
 */
int reachable_find(const struct store *store, char *const *roots, struct reachable *ret, struct error *err) _must_check_;
void reachable_done(struct reachable *reachable);

#define _cleanup_reachable_ _cleanup_(reachable_done)

#endif
