/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a step: lines of a word and what it is worth, quoted, so that
 * different work has different texts; made for comparing, and for a person who
 * asks why a step was not in the cache.
 */
#ifndef BIVY_BUILD_PLAN_KEY_H
#define BIVY_BUILD_PLAN_KEY_H

#include "build/plan.h"

/* Of what a step is when all else of it is filled in; NULL with PLAN_CONFIGURE. USER: that of the image. */
char *plan_key(struct arena *arena, const struct plan_step *step, const char *user, char *const *environment);

#endif
