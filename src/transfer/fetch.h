/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One blob from a source into the store, in one stream: what an earlier attempt
 * left of it, then what is missing; verified, and, if it is a layer that is
 * wanted, decompressed and extracted on the way.
 */
#ifndef BIVY_TRANSFER_FETCH_H
#define BIVY_TRANSFER_FETCH_H

#include "store/layer_apply.h"
#include "store/layers.h"
#include "transfer/source.h"

#include <stdatomic.h>

struct fetch {
	const struct store *store;
	const struct image_source *source;
	const struct spec_descriptor *blob;
	const char *diff_id;    /* of the layer that it is; NULL: it is not to be extracted */
	enum layer_form form;

	const atomic_bool *cancelled; /* set by another thread: ends soon with ECANCELED */
	/* How many of its bytes have passed. A negative errno, ERR being filled, ends it. */
	int (*progress)(void *context, enum spec_transfer_phase phase, uint64_t current, struct error *err);
	/* Whether the layer is there by now: asked when the blob is. */
	bool (*is_made)(void *context);
	void *context;
};

struct fetch_result {
	bool is_made;               /* as .is_made said: nothing else of this counts */
	uint64_t fetched_bytes;     /* that came from the source */
	struct layer_stage stage;   /* with the layer, if that was wanted; not yet committed */
	struct layer_report report;
};

#define FETCH_RESULT_INIT ((struct fetch_result){ .stage = LAYER_STAGE_INIT })

/*
 * Afterwards the blob is in the store. If another process is writing it, waits
 * for that. After a break what came stays, for the next attempt to go on with;
 * what is not what the digest says, or cannot be extracted, does not stay.
 * ERROR_INVALID for those. To be called with the blob in a lease.
 */
int fetch_blob(const struct fetch *fetch, struct fetch_result *ret, struct error *err) _must_check_;

/* The stage, if it was not taken, is removed. */
void fetch_result_done(struct fetch_result *result);
#define _cleanup_fetch_result_ _cleanup_(fetch_result_done)

#endif
