/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Much that is written is on its way to the disk before somebody waits for it:
 * a thread syncs the file system each time that some MiB more have been written,
 * so that little is left for store_sync() at the end. It promises nothing:
 * what has been synced is known by store_sync() alone, which hears of all errors
 * that were heard of here.
 */
#ifndef BIVY_TRANSFER_EARLY_SYNC_H
#define BIVY_TRANSFER_EARLY_SYNC_H

#include "base/cleanup.h"

#include <stdint.h>

/* After so many bytes; of an image's blobs, of which files become that are about three times as large. */
#define EARLY_SYNC_STEP_BYTES ((uint64_t)8 << 20)

struct early_sync;

/* Of the file system of the directory, which is opened anew. Never fails: where it cannot work it does nothing. */
struct early_sync *early_sync_new(int directory_fd);

/* So many bytes more have been written. In any thread; does not wait. EARLY may be NULL. */
void early_sync_add(struct early_sync *early, uint64_t bytes);

/* Ends the thread, after what it is at. */
void early_sync_free(struct early_sync *early);

DEFINE_CLEANUP(struct early_sync *, early_sync_free)
#define _cleanup_early_sync_ _cleanup_(cleanup_early_sync_free)

#endif
