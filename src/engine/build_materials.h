/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes into a build from elsewhere, and what of it is beyond being told:
 * images, contexts, and what ADD takes.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_MATERIALS_H
#define BIVY_ENGINE_BUILD_MATERIALS_H

#include "base/json.h"
#include "engine/build_state.h"

/* All of them under KEY, in the order in which they were asked for: {"uri": …, "digest": {"sha256": …}}. */
void build_materials_write(struct json_writer *w, const char *key, const struct build *build, const struct build_platform *platform);

/* Whether those are all there is: no file came from this machine. */
bool build_materials_are_complete(const struct build *build);

/* Whether, besides, no step could reach a network. */
bool build_materials_are_sealed(const struct build *build, const struct build_platform *platform);

/* "digest": {"sha256": "…"} of "sha256:…". */
void build_materials_write_digest(struct json_writer *w, const char *digest);

#endif
