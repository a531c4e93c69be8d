/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an image was built: the predicate of SLSA 0.2, with the parameters that BuildKit's has (its docs, attestations/slsa-provenance.md).
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_PROVENANCE_H
#define BIVY_ENGINE_BUILD_PROVENANCE_H

#include "engine/build_state.h"

#define BUILD_PROVENANCE_TYPE "https://slsa.dev/provenance/v0.2"

/*
 * The predicate for one platform, in the arena. IS_MAXIMAL: with the build's arguments, labels, secrets' names and the
 * Dockerfile. HAS_TIMES: when it was; without, it is the same for the same build.
 */
const char *build_provenance(const struct build *build, const struct build_platform *platform, bool is_maximal, bool has_times);

#endif
