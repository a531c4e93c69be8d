/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step has changed becomes a layer of the store: the upper directory of
 * an overlay mount, or layers that are there already, once more.
 */
#ifndef BIVY_TRANSFER_BUILD_LAYER_H
#define BIVY_TRANSFER_BUILD_LAYER_H

#include "spec/build_work.h"
#include "store/layers.h"
#include "store/lease.h"
#include "transfer/build_kept.h"
#include "transfer/build_lower.h"

struct build_layer {
	struct arena *arena; /* of what it reports */
	struct store *store;
	struct lease *lease;
	const struct spec_build_layer *work;
	const struct build_kept *kept; /* what is in files of .upper; or NULL */
	struct layer_stage stage;
	struct build_lower lower;
	int above_fd; /* the directory that .upper lies in; -EBADF: there is none */
};

#define BUILD_LAYER_INIT ((struct build_layer){ .stage = LAYER_STAGE_INIT, .above_fd = -EBADF })

/* Opens what it takes, while anything may be opened. All that the arguments point to outlives it. */
int build_layer_begin(struct build_layer *layer, struct arena *arena, struct store *store, struct lease *lease, const struct spec_build_layer *work,
	struct error *err) _must_check_;

/*
 * Makes it: the layer, and the blob that it was to have, are in the lease. The
 * umask is 0. May write to the store and to .above_fd. The upper directory is
 * gone afterwards.
 */
int build_layer_make(struct build_layer *layer, struct spec_build_layer_report *ret, struct error *err) _must_check_;

void build_layer_done(struct build_layer *layer);
#define _cleanup_build_layer_ _cleanup_(build_layer_done)

#endif
