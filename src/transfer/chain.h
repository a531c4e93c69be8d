/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that were extracted, each by itself, become a chain of the store, the base first. */
#ifndef BIVY_TRANSFER_CHAIN_H
#define BIVY_TRANSFER_CHAIN_H

#include "transfer/fetch.h"

/* The form that this process can write: who may not set trusted attributes lives with those that users may set. */
enum layer_form chain_choose_form(const struct store *store);

/*
 * The stage of RESULT becomes the layer CHAIN_IDS[INDEX], RECORD's; those
 * before it are all in the store. RESULT is released.
 */
int chain_commit(const struct store *store, struct fetch_result *result, const char *const *chain_ids, size_t index, const struct spec_layer *record,
	struct error *err) _must_check_;

#endif
