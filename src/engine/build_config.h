/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of the image that a stage comes out as.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_CONFIG_H
#define BIVY_ENGINE_BUILD_CONFIG_H

#include "engine/build_state.h"

/* In the arena. CREATED: when the image was made; NULL: nothing of it says when. */
struct spec_image_config *build_config_make(const struct build *build, const struct build_stage *stage, const char *created);

#endif
