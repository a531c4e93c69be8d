/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a store holds what it says: every blob's bytes against its digest,
 * every layer's record, and what each image's manifest here names. Files
 * within layers are not compared with anything.
 */
#ifndef BIVY_STORE_VERIFY_H
#define BIVY_STORE_VERIFY_H

#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>

enum verify_fault {
	VERIFY_BLOB_DAMAGED,  /* its bytes have another digest, or cannot be read */
	VERIFY_LAYER_DAMAGED, /* its record or its files' directory cannot be read */
	VERIFY_BLOB_MISSING,  /* an image needs it, and it is not there with the size that it should have */
	VERIFY_LAYER_MISSING, /* an image's layer, or one below that */
};

struct verify {
	/* Called for each fault; IMAGE is the image's name, NULL for damage itself or a nameless one; may be NULL. */
	void (*found)(void *context, enum verify_fault fault, const char *digest, const char *image);
	void *context;
	/*
	 * Removes what is damaged, so that the next pull brings it again; what
	 * images then miss is found as missing. Orphans are store_sweep()'s.
	 */
	bool repair;
};

/* Checks everything; *RET_FAULTS is how many were found. Fails only if it could not look. */
int store_verify(const struct store *store, const struct verify *verify, size_t *ret_faults, struct error *err) _must_check_;

#endif
