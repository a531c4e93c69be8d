/* SPDX-License-Identifier: Apache-2.0 */
/* A document of a new image, in the store. */
#ifndef BIVY_TRANSFER_BUILD_DOCUMENT_H
#define BIVY_TRANSFER_BUILD_DOCUMENT_H

#include "base/memory.h"
#include "spec/descriptor.h"
#include "store/lease.h"

/* Puts TEXT as a blob, which is in the lease; *RET, in the arena, is what it is. */
int build_document_put(struct lease *lease, struct arena *arena, const char *media_type, const struct buf *text, struct spec_descriptor *ret,
	struct error *err) _must_check_;

#endif
