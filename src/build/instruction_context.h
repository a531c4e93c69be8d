/* SPDX-License-Identifier: Apache-2.0 */
/* What all that reads an instruction has at hand, and how it fails. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_CONTEXT_H
#define BIVY_BUILD_INSTRUCTION_CONTEXT_H

#include "build/dockerfile.h"
#include "build/words.h"

struct instruction_context {
	struct arena *arena;
	const struct dockerfile *dockerfile;
	const struct dockerfile_instruction *source;
	const struct words *words; /* NULL while nothing is known of variables */
	struct dockerfile_mark *mark;
	struct error *err;
};

/* Fails with "NAME:LINE: " and the formatted text; the place is where TEXT (or NULL: the instruction) is written. */
int instruction_fail(const struct instruction_context *c, const char *text, const char *format, ...) _printf_(3, 4);

/* Adds the hint "did you mean 'x'?", if a word is near enough; whether one is. */
bool instruction_hint_nearest(const struct instruction_context *c, const char *text, const char *const *words, size_t count);

/* Replaces variables in *TEXT, if it is not NULL. Fails as above. */
int instruction_replace(const struct instruction_context *c, char **text) _must_check_;

/* The same for all of a NULL-terminated list, which is copied first; or NULL. */
int instruction_replace_list(const struct instruction_context *c, char ***list) _must_check_;

#endif
