/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running command still needs although no image names it yet: a list of
 * digests in a file that the command keeps locked. Removal of content passes
 * over what a live lease lists; a lease whose owner is gone counts for nothing.
 * A brief lease lists nothing and is no file: it lets all removals of content
 * wait. Who has one calls nobody who waits for something himself.
 */
#ifndef BIVY_STORE_LEASE_H
#define BIVY_STORE_LEASE_H

#include "base/str.h"
#include "store/store.h"

struct lease {
	const struct store *store;
	char *name; /* NULL: another process's, or a brief one */
	int fd;
	int lock_fd; /* a brief one's: the lock "content", shared */
};

#define LEASE_INIT ((struct lease){ .fd = -EBADF, .lock_fd = -EBADF })

/* An empty lease; the store must outlive it. */
int lease_begin(const struct store *store, struct lease *ret, struct error *err) _must_check_;

/* A brief one, of everything that there is. */
int lease_begin_brief(const struct store *store, struct lease *ret, struct error *err) _must_check_;

/* A brief one becomes another, which is empty; others stay as they are. Before what takes its time. */
int lease_make_lasting(struct lease *lease, struct error *err) _must_check_;

/* The lease of another process, which has it open as FD and lasts longer: what is added is kept as long as that lasts. Takes a copy of FD. */
int lease_join(const struct store *store, int fd, struct lease *ret, struct error *err) _must_check_;

/*
 * From now on the content called DIGEST (a blob's, or a layer's chain id) is
 * not removed as long as this lease lasts. Whether it is there is to be looked
 * at afterwards. Waits for a removal that is under way.
 */
int lease_add(struct lease *lease, const char *digest, struct error *err) _must_check_;

/* Ends it, unless it is another process's. */
void lease_end(struct lease *lease);

#define _cleanup_lease_ _cleanup_(lease_end)

/*
 * Appends the digests of all live leases to *DIGESTS, each with a newline, and
 * removes the dead ones. Under the exclusive lock "content". 0 or -errno.
 */
int lease_collect(const struct store *store, struct buf *digests) _must_check_;

#endif
