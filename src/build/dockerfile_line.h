/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of one line of a Dockerfile, joined of all lines of an instruction. Internal to build. */
#ifndef BIVY_BUILD_DOCKERFILE_LINE_H
#define BIVY_BUILD_DOCKERFILE_LINE_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>

#define DOCKERFILE_BLANKS " \t\v\f\r" /* what parts words; a newline is in no line */

/* LINE as name (as written), flags without quotes and escapes, and what follows them: the rest of LINE, which is not blank and ends in no blank. */
void dockerfile_line_split(struct arena *arena, char *line, char escape, char **ret_name, char ***ret_flags, char **ret_text);

/* Words between blanks; NULL-terminated, never NULL. */
char **dockerfile_line_words(struct arena *arena, const char *text);

/* The same, but blanks within quotes or behind the escape character part nothing; all those stay in the words. */
char **dockerfile_line_quoted_words(struct arena *arena, const char *text, char escape);

/* The elements of an array of strings in JSON; NULL for anything else, but ERROR_INVALID for an array that has others than strings. */
int dockerfile_line_json(struct arena *arena, const char *text, char ***ret, struct error *err) _must_check_;

#endif
