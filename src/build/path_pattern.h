/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pattern for paths: '*' and '?' within a name, "**" across names, [classes]
 * with ranges and '^', '\' before a character that is meant as it is. Bytes
 * that are no UTF-8 are characters of their own.
 */
#ifndef BIVY_BUILD_PATH_PATTERN_H
#define BIVY_BUILD_PATH_PATTERN_H

#include "base/memory.h"

#include <stdbool.h>

#define PATH_PATTERN_LIMIT 4096 /* bytes of one: no path is longer */

struct path_pattern;

/*
 * "**" is what docker makes of it: "a/b**c" fits "a/bc" and "a/bx/c". NULL: a
 * class without an end or with a range that is none, a '\' at the end, the limit.
 */
struct path_pattern *path_pattern_compile(struct arena *arena, const char *text);

/* Whether the whole PATH ("a/b", clean, relative) fits. Any number of threads may ask. */
bool path_pattern_fits(const struct path_pattern *pattern, const char *path);

/* Whether PATH or one of the directories that it is in fits. */
bool path_pattern_covers(const struct path_pattern *pattern, const char *path);

/*
 * Most patterns are about a name anywhere, and most paths have none like it.
 * _is_name(): it is double stars and one name, so that it covers a path if one
 * of the path's names fits; _fits_name() asks that of one, which ends at a slash
 * or at the end. _first(): the byte that such a name, or else a whole path, has
 * to begin with; 0: any.
 */
bool path_pattern_is_name(const struct path_pattern *pattern);
bool path_pattern_fits_name(const struct path_pattern *pattern, const char *name);
unsigned char path_pattern_first(const struct path_pattern *pattern);

/* Whether something below PATH may fit that is not covered by PATH itself. */
bool path_pattern_may_fit_below(const struct path_pattern *pattern, const char *path);

/* Whether the text has any of "*?[" that is not escaped. */
bool path_pattern_has_wildcards(const char *text);

/* The path without "." and "a/..", doubled slashes and those around it; "" for what is nothing else. */
char *path_pattern_clean(struct arena *arena, const char *path);

#endif
