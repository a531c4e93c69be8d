/* SPDX-License-Identifier: Apache-2.0 */
/* What names in a Dockerfile mean: a stage, a context, an image, or nothing. */
#ifndef BIVY_BUILD_OUTLINE_NAMES_H
#define BIVY_BUILD_OUTLINE_NAMES_H

#include "build/outline.h"

/* The last stage called so of those before LIMIT; or OUTLINE_NO_STAGE. */
size_t outline_find_stage(const struct outline *outline, const char *name, size_t limit);

/* A stage by its number, which may be too large; OUTLINE_NO_STAGE if NAME is none. */
size_t outline_parse_number(const char *name);

/* Whether a --build-context is called NAME: what it is, but for the platform. */
bool outline_find_context(struct arena *arena, const struct outline_request *request, const char *name, struct origin *ret);

/* What NAME means that is no stage: a context, nothing, or an image for PLATFORM. ERROR_INVALID: a reference that is none. */
int outline_find_origin(struct arena *arena, const struct outline_request *request, const char *name, const struct spec_platform *platform,
	struct origin *ret, struct error *err) _must_check_;

#endif
