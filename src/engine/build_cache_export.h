/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cache-to: what this build has done or found, for builds elsewhere.
 * mode=min has the layers of the image alone, but tells of all steps: who finds
 * all of them needs no others. Layers that are elsewhere already come along.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_CACHE_EXPORT_H
#define BIVY_ENGINE_BUILD_CACHE_EXPORT_H

#include "engine/build_state.h"
#include "spec/build_cache.h"

/* With type=inline: what the image's configuration tells, as JSON; of KEY without times. NULL: nothing is to be in it. */
const char *build_cache_export_inline(const struct build *build, bool is_key);

#endif
