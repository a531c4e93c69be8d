/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of what steps read: of contexts all at once, before the first step;
 * of other stages and images in the step's own process, and only if what they
 * are made of was never seen.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_DIGESTS_H
#define BIVY_ENGINE_BUILD_DIGESTS_H

#include "engine/build_step.h"

#define BUILD_DIGESTS_COPY ((size_t)-1) /* the sources of COPY or ADD; else the number of a mount */

struct build_digests;

/* Of all steps of STAGES (COUNT) that read contexts: .digests of the build. */
int build_digests_of_contexts(struct build *build, struct build_stage *const *stages, size_t count, struct error *err) _must_check_;

/* Those, and all others of the one step, in its process. */
int build_digests_of_step(const struct build_step *step, struct build_digests **ret, struct error *err) _must_check_;

/* Or NULL. DIGESTS may be NULL. */
const char *build_digests_find(const struct build_digests *digests, const struct plan_step *step, size_t which);

/* As if what a step copies from elsewhere than contexts, which nobody has made digests of, had DIGEST. */
struct build_digests *build_digests_of_copy(const struct build_step *step, const char *digest);

#endif
