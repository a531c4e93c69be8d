/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a command of bivy-builder is with one thing, told now and then while
 * it takes long; from any thread.
 */
#ifndef BIVY_TRANSFER_BUILD_PROGRESS_H
#define BIVY_TRANSFER_BUILD_PROGRESS_H

#include "transfer/session.h"

#include <stdatomic.h>

struct build_progress {
	const struct transfer_globals *globals; /* NULL: nobody is told */
	const char *item;
	uint64_t total;         /* bytes, or files; 0: nobody knows */
	_Atomic uint64_t done;
	_Atomic int64_t told_ms; /* of the monotonic clock; begun, at first */
};

void build_progress_begin(struct build_progress *progress, const struct transfer_globals *globals, const char *item, uint64_t total);

/* So much more is done. PROGRESS may be NULL. */
void build_progress_add(struct build_progress *progress, uint64_t amount);

#endif
