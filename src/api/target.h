/* SPDX-License-Identifier: Apache-2.0 */
/* The target of a request, as an engine's API reads it: version, path, query. Pure. */
#ifndef BIVY_API_TARGET_H
#define BIVY_API_TARGET_H

#include "base/error.h"
#include "base/memory.h"
#include "spec/api_version.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stdint.h>

#define API_TARGET_SEGMENTS 32
#define API_TARGET_PARAMETERS 256

struct api_target {
	unsigned minor;       /* N of the version */
	char **segments;      /* of the path behind it, decoded, NULL-terminated; at least one, which may be "" */
	size_t segment_count;
	struct spec_pair *query; /* decoded, in their order */
	size_t query_count;
};

/* ERROR_INVALID for what is no target, in docker's words for a version out of bounds. */
int api_target_decode(struct arena *arena, const char *text, struct api_target *ret, struct error *err) _must_check_;

/* The first value of the parameter NAME, or NULL. */
const char *api_target_value(const struct api_target *target, const char *name);
/* All of its values, NULL-terminated, in the arena. */
char **api_target_values(struct arena *arena, const struct api_target *target, const char *name);
/* As docker reads it: "", "0", "no", "false" and "none" are false, FALLBACK is what a missing one means. */
bool api_target_flag(const struct api_target *target, const char *name, bool fallback);
/* ERROR_INVALID if it is no number within the bounds; *RET is kept if it is missing or empty. */
int api_target_number(const struct api_target *target, const char *name, int64_t low, int64_t high, int64_t *ret, struct error *err) _must_check_;

/*
 * The parameter "filters" as the engine has them, "NAME=VALUE", NULL-terminated;
 * NULL if there is none. Docker's JSON in both of its forms, {"label":{"k=v":true}} and {"label":["k=v"]}.
 */
int api_target_filters(struct arena *arena, const struct api_target *target, char ***ret, struct error *err) _must_check_;

#endif
