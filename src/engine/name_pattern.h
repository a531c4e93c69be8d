/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions that names are looked for by, within bounds: whoever asks may be a stranger. */
#ifndef BIVY_ENGINE_NAME_PATTERN_H
#define BIVY_ENGINE_NAME_PATTERN_H

#include "base/cleanup.h"

#include <regex.h>
#include <stddef.h>

/*
 * What all patterns of one filter may have of characters that are to be
 * matched, those in repetitions as often as they are repeated. The memory that
 * regcomp(3) takes grows with the square of it: "(((a{255}){255}){255})" would
 * be gigabytes. Patterns without repetitions count for nothing.
 */
#define NAME_PATTERN_BUDGET 512

/*
 * TEXT as an extended regular expression, to be freed by regfree(). *BUDGET is lowered by what it takes. -EINVAL: it is none; -E2BIG: it
 * takes more.
 */
int name_pattern_compile(const char *text, size_t *budget, regex_t *ret) _must_check_;

/* What TEXT takes; SIZE_MAX, if that is more than can be counted. Pure. */
size_t name_pattern_cost(const char *text);

#endif
