/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image source (source.h) whose content is here: in memory, in files, or in
 * an archive's members, each known by the digest that it is said to have.
 */
#ifndef BIVY_TRANSFER_CONTENT_SOURCE_H
#define BIVY_TRANSFER_CONTENT_SOURCE_H

#include "base/memory.h"
#include "spec/manifest.h"
#include "transfer/archive.h"
#include "transfer/source.h"

struct content;

struct content_source {
	const struct archive *archive; /* of what was added by member; or NULL */
	bool has_blobs;                /* what was not added is looked for in the archive's blobs/ALGORITHM/HEX */
	struct arena *arena;
	struct content *items;
	size_t count;
};

/* Empty; *ARCHIVE, which may be NULL, outlives it. */
struct content_source content_source_begin(const struct archive *archive);
void content_source_done(struct content_source *source);
#define _cleanup_content_source_ _cleanup_(content_source_done)

/* A copy of the bytes; their digest is computed, and returned as long as the source lives. */
char *content_source_add_bytes(struct content_source *source, const void *bytes, size_t length);

/* A part of a file, which stays the caller's. */
void content_source_add_file(struct content_source *source, const char *digest, int fd, const struct tar_span *span);

/* A member of the archive. */
void content_source_add_member(struct content_source *source, const char *digest, const char *name);

/* MANIFEST, written; returns its digest as above. */
char *content_source_add_manifest(struct content_source *source, const struct spec_manifest *manifest);

/* For ingest.h, with digests as references. Nothing may be added afterwards. */
struct image_source content_source(struct content_source *source);

/* Appends the blob in whole; as archive_read(). After content_source(). */
int content_source_read(const struct content_source *source, const char *digest, size_t limit, struct buf *out, struct error *err) _must_check_;

/* Whether the blob can be read. After content_source(). */
bool content_source_has(const struct content_source *source, const char *digest);

#endif
