/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in packets between processes of ours (http_call.h, grpc_call.h): one behind the other, each with a NUL behind it. */
#ifndef BIVY_SPEC_PACKED_TEXT_H
#define BIVY_SPEC_PACKED_TEXT_H

#include "base/memory.h"
#include "base/str.h"

/* What is left of a packet. */
struct packed_text {
	struct arena *arena; /* has the texts that are taken */
	const char *bytes;
	size_t length;
};

void packed_text_add(struct buf *out, const char *text);

/* The next one; NULL if no whole text is left. */
char *packed_text_take(struct packed_text *rest);

#endif
