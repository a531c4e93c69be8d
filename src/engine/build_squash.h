/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --squash: the layers of a stage, but those of the image that it begins with, as one.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_SQUASH_H
#define BIVY_ENGINE_BUILD_SQUASH_H

#include "engine/build_state.h"

/* How many layers of the stage are its base image's. */
size_t build_squash_base(const struct build_stage *stage);

/* *RET_STAGE becomes STAGE with such layers; with less than two of its own, the same. */
int build_squash(struct build *build, struct build_stage *stage, struct build_stage **ret_stage, struct error *err) _must_check_;

#endif
