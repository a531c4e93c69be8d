/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a build as a document: each with what it does, and the numbers
 * of those whose files it begins with or takes from, in the form that BuildKit's
 * provenance has its own in ("llbDefinition").
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_DEFINITION_H
#define BIVY_ENGINE_BUILD_DEFINITION_H

#include "base/json.h"
#include "engine/build_state.h"

/* "buildConfig": {"llbDefinition": […]}. */
void build_definition_write(struct json_writer *w, const struct build *build, const struct build_platform *platform);

/* "locations": {"step3": {"locations": [{"ranges": …}]}}: where in the Dockerfile they are. */
void build_definition_write_locations(struct json_writer *w, const struct build *build, const struct build_platform *platform);

#endif
