/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an image was built: the predicate of SLSA 0.2 or 1, with the parameters that BuildKit's have (its docs, attestations/slsa-definitions.md).
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_PROVENANCE_H
#define BIVY_ENGINE_BUILD_PROVENANCE_H

#include "engine/build_state.h"

#define BUILD_PROVENANCE_TYPES "https://slsa.dev/provenance/" /* what the names of both versions begin with */

/* The name of the predicate that ATTESTATION asks for. */
const char *build_provenance_type(const struct build_attestation *attestation);

/*
 * The predicate for one platform, in the arena. With mode=max: the build's arguments, labels, secrets' names, steps and the
 * Dockerfile. HAS_TIMES: when it was; without, it is the same for the same build.
 */
const char *build_provenance(const struct build *build, const struct build_platform *platform, const struct build_attestation *attestation, bool has_times);

#endif
