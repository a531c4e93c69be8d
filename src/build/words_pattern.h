/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of ${v#p}, ${v%p} and ${v/p/r}: '*' is any text without a newline,
 * '?' one such character, '\' takes their meaning from those three.
 *
 * A pattern is run as a set of states beside the text, so that what it costs is
 * the product of both lengths at most.
 */
#ifndef BIVY_BUILD_WORDS_PATTERN_H
#define BIVY_BUILD_WORDS_PATTERN_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define WORDS_PATTERN_WORK_LIMIT (1u << 24) /* characters of the pattern times those of the text */

struct words_pattern;

/* ERROR_INVALID for an escape of anything but "*?\/}". */
int words_pattern_parse(struct arena *arena, const char *text, struct words_pattern **ret, struct error *err) _must_check_;

/* Characters of the pattern, an upper bound. */
size_t words_pattern_length(const struct words_pattern *pattern);

/*
 * VALUE without the beginning, or end, that fits; the shortest or longest such;
 * all of it if none fits. Within WORDS_PATTERN_WORK_LIMIT, which the caller sees to.
 */
char *words_pattern_cut_begin(struct arena *arena, const struct words_pattern *pattern, const char *value, bool longest);
char *words_pattern_cut_end(struct arena *arena, const struct words_pattern *pattern, const char *value, bool longest);

/* Adds VALUE with the first place that fits, or all, replaced; no more than LIMIT bytes: -E2BIG. */
int words_pattern_replace(const struct words_pattern *pattern, const char *value, const char *replacement, bool all, size_t limit, struct buf *out) _must_check_;

#endif
