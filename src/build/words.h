/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables and quotes in the words of a Dockerfile's instruction, by the
 * stock frontend's rules: $v ${v} ${v:-x} ${v-x} ${v:+x} ${v+x} ${v:?x} ${v?x}
 * ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}, patterns with * and ?.
 */
#ifndef BIVY_BUILD_WORDS_H
#define BIVY_BUILD_WORDS_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>

#define WORDS_OUTPUT_LIMIT (1u << 20) /* bytes of one text, and those that it may become */
#define WORDS_DEPTH_LIMIT 32          /* "${a:-${b:-…}}" */

struct words {
	char escape;             /* '\\' or '`' */
	char *const *environment; /* "K=V", NULL-terminated; of equal names the last counts; or NULL: empty */
	bool keeps_quotes;       /* quotes stay in the result, with what they protect (RUN's own text is the shell's) */
	bool keeps_escapes;      /* so do escape characters */
	bool keeps_unset;        /* "$x" that nobody has set stays as it is */
	bool ignores_quotes;     /* quotes are characters like any other, and protect nothing (here-documents) */
	/* Called for each name that is looked up, as it is found or not; or NULL. */
	void (*used)(void *context, const char *name, bool is_set);
	void *context;
};

/* TEXT as one word: variables replaced, quotes taken out. ERROR_INVALID: an end that is missing, "${v:?why}" of a variable that is not set, a limit. */
int words_expand(struct arena *arena, const struct words *words, const char *text, char **ret, struct error *err) _must_check_;

/* The same, split at blanks outside of quotes, those that come out of variables included. NULL-terminated; no word of it is empty. */
int words_split(struct arena *arena, const struct words *words, const char *text, char ***ret, struct error *err) _must_check_;

/* The value of NAME in such a list, or NULL. */
const char *words_value(char *const *environment, const char *name);

#endif
