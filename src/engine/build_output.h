/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o: an image in the store, archives of it, or files.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_OUTPUT_H
#define BIVY_ENGINE_BUILD_OUTPUT_H

#include "engine/build_state.h"

/* build_export.c: the image of the target stages; OUTPUT says in which form and with which further names; NULL: as usual. Fills the report. */
int build_export_image(struct build *build, const struct build_output *output, struct error *err) _must_check_;

/* Whether all that IMAGE reaches is in the store. */
bool build_output_is_whole(const struct build *build, const struct image *image);

/* Bytes of all files in the layers. */
uint64_t build_output_size(const struct build *build, const struct build_files *files);

#endif
