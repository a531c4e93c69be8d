/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest or an index on its way into the store. */
#ifndef BIVY_TRANSFER_DOCUMENT_H
#define BIVY_TRANSFER_DOCUMENT_H

#include "base/memory.h"
#include "spec/manifest.h"
#include "store/lease.h"
#include "transfer/source.h"

/* In an arena. */
struct document {
	const char *digest;
	const char *media_type; /* that was said of it, if that means anything; or NULL */
	enum spec_media_kind kind; /* SPEC_MEDIA_INDEX or _MANIFEST */
	const char *text;
	size_t length;
};

/*
 * Gets the document that REFERENCE names: from the store of LEASE if it is a
 * digest and there, else from SOURCE. MEDIA_TYPE is what is said of it
 * elsewhere, or NULL. Afterwards it is verified, in the lease and in the store.
 */
int document_get(struct lease *lease, const struct image_source *source, const char *reference, const char *media_type, struct arena *arena,
		 struct document *ret, struct error *err) _must_check_;

#endif
