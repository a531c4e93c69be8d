/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind "NAME=" of a --filter, where it means the same for all kinds of things. Pure functions. */
#ifndef BIVY_ENGINE_FILTER_VALUE_H
#define BIVY_ENGINE_FILTER_VALUE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct spec_pair;

/* "true", "1", "false" or "0". ERROR_INVALID, with NAME. */
int filter_value_read_truth(const char *name, const char *value, bool *ret, struct error *err) _must_check_;

/* Whether one of PAIRS is VALUE: "KEY", whatever it has, or "KEY=VALUE". */
bool filter_value_is_among(const char *value, const struct spec_pair *pairs, size_t count);

#endif
