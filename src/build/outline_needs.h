/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of a Dockerfile need of each other, and which images that takes. */
#ifndef BIVY_BUILD_OUTLINE_NEEDS_H
#define BIVY_BUILD_OUTLINE_NEEDS_H

#include "build/outline.h"

/* Fills the dependencies of all stages. ERROR_INVALID with *MARK: one that is the same or later, or there is none. */
int outline_find_needs(struct arena *arena, struct outline *outline, struct dockerfile_mark *mark, struct error *err) _must_check_;

/* The stage, what it depends on, and their images become needed. */
void outline_need(struct arena *arena, struct outline *outline, size_t stage);

#endif
