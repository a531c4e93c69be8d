/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images by name: index.json of the store. An entry names a manifest or an
 * index of manifests; what listing and running need to know of it is written
 * into the entry's annotations when it is put, so that neither reads a blob.
 */
#ifndef BIVY_STORE_IMAGES_H
#define BIVY_STORE_IMAGES_H

#include "base/memory.h"
#include "spec/descriptor.h"
#include "spec/reference.h"
#include "store/store.h"

#include <stdbool.h>

struct image {
	char *name;       /* "docker.io/library/debian:latest"; NULL: none any more */
	char *media_type; /* of the target: what the name stands for in a registry */
	char *target;     /* its digest */
	uint64_t target_size;
	char *manifest;   /* digest of the manifest that is used here; the target itself if that is one */
	char *id;         /* digest of the configuration */
	char *top_layer;  /* chain id of the uppermost layer; NULL: it has none */
	char *platform;   /* "linux/arm64", normalised; or NULL */
	char *created;    /* RFC 3339, or NULL */
	uint64_t size;    /* bytes of all files in its layers */
};

/* All entries, in the order in which they were put. */
int image_list(const struct store *store, struct arena *arena, struct image **ret, size_t *ret_count, struct error *err) _must_check_;

/*
 * The image that a user calls TEXT: a name ("debian", "debian@sha256:…"), or
 * an id or the beginning of one. A name goes before the beginning of an id.
 * ERROR_NOT_FOUND: "no such image 'x'"; ERROR_CONFLICT if several ids begin so.
 */
int image_find(const struct store *store, struct arena *arena, const char *text, struct image *ret, struct error *err) _must_check_;

/*
 * Names an image, whose content is complete and in a lease of the caller's, and
 * syncs all of it. The name is taken from whatever had it; an image that loses
 * its last name so stays as one without.
 */
int image_put(const struct store *store, const struct image *image, struct error *err) _must_check_;

/* A list that cannot be read is replaced by its copy, which is written with each change. *RET_MENDED: that was so. */
int image_mend(const struct store *store, bool *ret_mended, struct error *err) _must_check_;

/* Removes the entry that has the name and target of *IMAGE. ERROR_NOT_FOUND if there is none. Its content is for store_sweep(). */
int image_remove(const struct store *store, const struct image *image, struct error *err) _must_check_;

#endif
