/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o: an image in the store, archives of it, or files.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_OUTPUT_H
#define BIVY_ENGINE_BUILD_OUTPUT_H

#include "engine/build_annotations.h"

/* An image that was made, or was there. */
struct build_exported {
	struct image image; /* for this machine, of those under an index */
	char **names;       /* normalised; NULL-terminated */
	struct build_annotations annotations; /* of its descriptor, where there is one: in the index.json of an archive */
};

/*
 * build_export.c: the image of the target stages; OUTPUT says in which form, with which further names, and whether it is
 * one of the store's or only for an archive: then its blobs are in the lease.
 */
int build_export_image(struct build *build, const struct build_output *output, size_t vertex, struct build_exported *ret, struct error *err)
	_must_check_;

/* build_output_files.c: the files of the target stages, into a directory or an archive. */
int build_output_files(struct build *build, const struct build_output *output, size_t vertex, struct error *err) _must_check_;

/* build_export.c: which blob the layer has got, for the next one that needs it: in its record. */
int build_output_remember_blob(const struct build *build, const struct build_layer *layer, const struct spec_build_image_layer *made, struct error *err)
	_must_check_;

/* Whether all that IMAGE reaches is in the store. */
bool build_output_is_whole(const struct build *build, const struct image *image);

/* Bytes of all files in the layers. */
uint64_t build_output_size(const struct build *build, const struct build_files *files);

#endif
