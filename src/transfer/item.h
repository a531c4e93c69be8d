/* SPDX-License-Identifier: Apache-2.0 */
/* How far layers and blobs are, told by several threads: one event at a time, and not too many. */
#ifndef BIVY_TRANSFER_ITEM_H
#define BIVY_TRANSFER_ITEM_H

#include "base/memory.h"
#include "transfer/ingest.h"

#include <pthread.h>

/* Whom all items of a transfer tell. */
struct teller {
	struct ingest_progress progress;
	pthread_mutex_t lock;
};

#define TELLER_INIT(progress_) { .progress = (progress_), .lock = PTHREAD_MUTEX_INITIALIZER }

int teller_tell(struct teller *teller, const struct spec_transfer_event *event, struct error *err) _must_check_;
void teller_done(struct teller *teller);

/* One layer or blob; used by one thread at a time. */
struct item {
	struct teller *teller;
	const char *id;
	uint64_t total;
	bool is_told; /* .phase and .current were, at .told_ms */
	enum spec_transfer_phase phase;
	uint64_t current;
	int64_t told_ms;
};

/* For the blob DIGEST of TOTAL bytes; the id lives in ARENA. */
struct item item_of(struct arena *arena, struct teller *teller, const char *digest, uint64_t total);

/* Tells each change of phase, and of one phase now and then how far it is. DETAIL may be NULL. */
int item_tell(struct item *item, enum spec_transfer_phase phase, uint64_t current, const char *detail, struct error *err) _must_check_;

#endif
