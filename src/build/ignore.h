/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of .dockerignore and of --exclude: which paths of a context are not
 * for the build. Docker's rules: '*' and '?' within a name, "**" across names,
 * [classes], '\' escapes, '!' takes back, the last that matches decides; a
 * pattern that matches a directory matches all that is in it.
 */
#ifndef BIVY_BUILD_IGNORE_H
#define BIVY_BUILD_IGNORE_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>

#define IGNORE_FILE_LIMIT (4u << 20) /* bytes */
#define IGNORE_PATTERN_LIMIT 50000

struct ignore;

/* The patterns of a file: comments ('#' first) and blank lines are none, blanks around them do not count, paths are cleaned. NAME is for messages. */
int ignore_parse(struct arena *arena, const char *name, const char *text, size_t length, struct ignore **ret, struct error *err) _must_check_;

/* The patterns of a list, NULL-terminated. */
int ignore_of_list(struct arena *arena, char *const *patterns, struct ignore **ret, struct error *err) _must_check_;

bool ignore_is_empty(const struct ignore *ignore);

/* Whether one of the patterns takes back ('!'). */
bool ignore_takes_back(const struct ignore *ignore);

/* Whether PATH ("a/b", clean, relative) is not for the build. */
bool ignore_matches(const struct ignore *ignore, const char *path);

/* Whether nothing below the directory PATH, which is ignored itself, can be taken back: it need not be entered. */
bool ignore_is_final(const struct ignore *ignore, const char *path);

/*
 * Whether the path (clean, relative) fits the one pattern of a COPY's source: as
 * above, but '*' and '?' only, with [classes] and '\', no "**" and no '!'. What
 * COPY --parents takes is asked of build/path_pattern.h, which knows "**".
 */
bool ignore_fits_source(const char *pattern, const char *path);

#endif
