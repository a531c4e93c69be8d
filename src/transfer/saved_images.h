/* SPDX-License-Identifier: Apache-2.0 */
/* What an archive of images consists of: which blobs, and the documents that name the images in them. Writes nothing. */
#ifndef BIVY_TRANSFER_SAVED_IMAGES_H
#define BIVY_TRANSFER_SAVED_IMAGES_H

#include "base/memory.h"
#include "spec/docker_archive.h"
#include "spec/image_index.h"
#include "store/images.h"
#include "store/lease.h"
#include "store/path_set.h"
#include "store/tar_index.h"

struct saved_blob {
	const char *digest;
	uint64_t size;
	const void *bytes; /* made here; or */
	int fd;            /* made here, .size bytes at .offset; or -1: in the store */
	uint64_t offset;
};

enum saved_compression { SAVED_AS_IT_IS, SAVED_NONE, SAVED_GZIP, SAVED_ZSTD };

struct saved_images {
	const struct store *store;
	bool familiar_names; /* in manifest.json: "debian:12", as docker writes them */
	enum saved_compression compression; /* of layers; if it is another one, the manifest is another one, too */
	struct arena *arena;
	struct lease lease;
	struct path_set *seen;
	int spool_fd; /* of layers that were compressed otherwise */
	struct saved_blob *blobs;
	size_t blob_count;
	struct spec_pair *annotations; /* of the entries, beside their names */
	size_t annotation_count;
	struct spec_descriptor *entries; /* of index.json */
	size_t entry_count;
	struct spec_docker_image *images; /* of manifest.json */
	size_t image_count;
};

/* Empty. The store outlives it. Nothing that it names is removed from the store as long as it lives. */
int saved_images_begin(const struct store *store, enum saved_compression compression, struct saved_images *ret, struct error *err) _must_check_;
void saved_images_end(struct saved_images *saved);
#define _cleanup_saved_images_ _cleanup_(saved_images_end)

/*
 * Adds what a user calls TEXT: an image by name or id, or, where there is only
 * the name of a repository, all of its tags, as docker has it. Of an image for
 * several platforms all of them, if they are here in whole, else that one that
 * is used here.
 */
int saved_images_add(struct saved_images *saved, const char *text, struct error *err) _must_check_;

/* Adds what the blob DIGEST, a manifest or an index, reaches, under NAMES (NULL-terminated; may be none), whatever images there are. */
int saved_images_add_content(struct saved_images *saved, const char *digest, char *const *names, struct error *err) _must_check_;

/* The texts of index.json and of manifest.json; the latter has the images alone, other things cannot be in it. */
void saved_images_index(const struct saved_images *saved, struct buf *out);
void saved_images_docker(const struct saved_images *saved, struct buf *out);

/* Puts the blobs into the order of their digests. */
void saved_images_sort(struct saved_images *saved);

#endif
