/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory in which images live, and the rules that every module which
 * writes to it keeps. It is an OCI image layout, with more beside:
 *
 *   oci-layout           what the specification asks for
 *   format               a number; a newer one than ours is refused
 *   index.json           the images by name (images.h), and .index.json.copy, which is read by nobody but image_mend()
 *   blobs/sha256/HEX     content by digest, complete, read-only (blobs.h)
 *   layers/HEX/          a layer by chain id: diff/ and layer.json (layers.h)
 *   partial/             downloads that are under way or broke off (blobs.h)
 *   staging/             layers that are being made (layers.h)
 *   leases/              what running commands still need (lease.h)
 *   locks/               empty files to lock (lock.h)
 *
 * Invariants:
 *  1. What has its final name in blobs/ or layers/ is complete and was
 *     verified by who put it there; it got its name by one rename(2) and never
 *     changes afterwards.
 *  2. Content is removed only under the exclusive lock "content", and only if
 *     neither index.json nor a live lease, nor those that a caller names, reach
 *     it. Who relies on content that no image names yet has it in a lease
 *     first, and looks whether it is there afterwards.
 *  3. index.json changes only under the exclusive lock "index", by rename.
 *     What it names is synced to disk before it is.
 *  4. Locks are taken in the order index, content; neither is held while
 *     bytes are moved or the network is waited for.
 *  5. Everything in partial/, staging/ and leases/ is locked by its maker as
 *     long as that lives. What is not locked is garbage, but a download that is
 *     waiting to be resumed.
 */
#ifndef BIVY_STORE_STORE_H
#define BIVY_STORE_STORE_H

#include "base/error.h"

#define STORE_FORMAT 1

struct store {
	char *path; /* absolute or as given, for messages and mounts */
	int fd;
	int partial_fd, staging_fd, leases_fd, locks_fd, layers_fd;
	int blobs_fd[2]; /* by enum store_algorithm */
};

enum store_algorithm { STORE_SHA256, STORE_SHA512 };

#define STORE_INIT ((struct store){ .fd = -EBADF, .partial_fd = -EBADF, .staging_fd = -EBADF, .leases_fd = -EBADF, .locks_fd = -EBADF, \
	.layers_fd = -EBADF, .blobs_fd = { -EBADF, -EBADF } })

/*
 * Opens the store in the directory PATH, which is made, with all that belongs
 * into it, if it is missing. Several processes may do so at once. ERROR_DENIED
 * without the permission, ERROR_UNSUPPORTED for a newer format.
 */
int store_open(const char *path, struct store *ret, struct error *err) _must_check_;
void store_close(struct store *store);

#define _cleanup_store_ _cleanup_(store_close)

/* Everything written so far to the store's file system is on the disk. Or -errno: then it may not be. */
int store_sync(const struct store *store) _must_check_;

#endif
