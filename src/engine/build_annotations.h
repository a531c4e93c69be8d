/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --annotation, as buildx has it: "TYPE[,TYPE…][[PLATFORM]]:KEY", where TYPE is
 * manifest (which it is without any), index, or the descriptor of either.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_ANNOTATIONS_H
#define BIVY_ENGINE_BUILD_ANNOTATIONS_H

#include "engine/build_state.h"

/* Whether all of the request's can be understood, before anything is built. */
int build_annotations_check(const struct build *build, struct error *err) _must_check_;

struct build_annotations {
	struct spec_pair *pairs;
	size_t count;
};

/* Those of the request and of OUTPUT into WORK, whose parts are the build's platforms; *RET: those of the descriptor of the index, which no document in it has. */
int build_annotations_add(const struct build *build, const struct build_output *output, struct spec_build_image *work, struct build_annotations *ret,
	struct error *err) _must_check_;

#endif
