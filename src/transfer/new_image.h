/* SPDX-License-Identifier: Apache-2.0 */
/* An image that did not exist before, of one new layer: what import, bootstrap and commit make. */
#ifndef BIVY_TRANSFER_NEW_IMAGE_H
#define BIVY_TRANSFER_NEW_IMAGE_H

#include "spec/image_config.h"
#include "spec/manifest.h"
#include "transfer/session.h"

/* An image whose layers the new one begins with. It is in the store, and in a lease. */
struct new_image_base {
	struct spec_manifest *manifest;
	struct spec_image_config *config;
};

struct new_image {
	int layer_fd; /* a file with the archive of the layer, compressed or not; -EBADF, with a base: it has no further one */
	const struct new_image_base *base; /* or NULL */
	const struct spec_platform *platform; /* normalised */
	const struct spec_execution *execution;
	char *created;    /* RFC 3339: new_image_time() */
	char *created_by; /* or NULL */
	char *comment;    /* or NULL */
	char *author;     /* or NULL */
	char *const *names; /* normalised, NULL-terminated */
	const char *title;  /* for messages */
};

/* Now, or what $SOURCE_DATE_EPOCH says: the same input then makes the same image. */
char *new_image_time(struct arena *arena);

/*
 * Brings it into the store. The layer stays as it is, if it is not compressed
 * or with gzip or zstd; else it is decompressed, as no media type tells of
 * that.
 */
int new_image_put(const struct transfer_globals *globals, const struct store *store, const struct new_image *image, struct arena *arena,
	struct ingest_report *ret, struct error *err) _must_check_;

/* Adds the report of it as JSON, with a newline. */
void new_image_report(const struct new_image *image, const struct ingest_report *report, struct buf *out);

/* NAME, a user's, as names of an image: normalised, with a tag. */
int new_image_names(struct arena *arena, const char *name, char ***ret, struct error *err) _must_check_;

#endif
