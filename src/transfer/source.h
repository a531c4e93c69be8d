/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image comes from: a registry, an archive. What ingest.h asks of it.
 *
 * A source is a stranger: everything it gives is verified by who asked. All of
 * its functions may be called from several threads at once; one opened blob
 * belongs to one thread at a time.
 */
#ifndef BIVY_TRANSFER_SOURCE_H
#define BIVY_TRANSFER_SOURCE_H

#include "base/str.h"
#include "spec/descriptor.h"
#include "spec/transfer_event.h"
#include "store/stream.h"

/* A manifest or an index. */
struct source_document {
	struct buf body;  /* at most SPEC_MANIFEST_LIMIT bytes, as the source has them */
	char *media_type; /* what the source says it is, or NULL; allocated */
	char *digest;     /* computed from the body; allocated */
};

void source_document_done(struct source_document *document);
#define _cleanup_source_document_ _cleanup_(source_document_done)

struct source_blob {
	struct stream stream; /* of the blob's bytes from .offset on */
	uint64_t offset;      /* that was asked for; or 0, of a source that cannot begin elsewhere */
	void *state;          /* the source's own */
};

struct source_ops {
	/* What is done with an item whose bytes are on their way: SPEC_TRANSFER_DOWNLOADING or _READING. */
	enum spec_transfer_phase phase;

	/*
	 * The document that REFERENCE names: a digest of a manifest that is part
	 * of the image, or what the source itself calls an image (a tag).
	 * ERROR_NOT_FOUND without it.
	 */
	int (*get_document)(void *context, const char *reference, struct source_document *ret, struct error *err);

	/*
	 * Opens a blob at byte OFFSET (at most its size). *RET is to be closed
	 * with .close_blob, and read to its end or not. The stream may end early
	 * or go on too long: the reader counts.
	 */
	int (*open_blob)(void *context, const struct spec_descriptor *blob, uint64_t offset, struct source_blob *ret, struct error *err);
	void (*close_blob)(void *context, struct source_blob *blob);

	/*
	 * What came for the blob DIGEST, from its first byte, was something else.
	 * Whether it is worth asking once more: the source has it from another
	 * place, which it takes from now on. Or NULL: never.
	 */
	bool (*distrust)(void *context, const char *digest);

	/* Has all that waits in this source's functions, in other threads, end soon with ECANCELED; for good. Or NULL: they do not wait. */
	void (*cancel)(void *context);
};

struct image_source {
	const struct source_ops *ops;
	void *context;
};

#endif
