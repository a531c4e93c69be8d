/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_context.h"
#include "build/dockerfile_mark.h"

#include "base/options.h"

#include <stdarg.h>

int instruction_fail(const struct instruction_context *c, const char *text, const char *format, ...)
{
	struct error err = ERROR_INIT;
	char message[sizeof(err.message)];
	va_list args;

	va_start(args, format);
	ignore_result(vsnprintf(message, sizeof(message), format, args)); /* what does not fit is cut off, as in any message */
	va_end(args);
	*c->mark = dockerfile_mark_text(c->dockerfile, c->source, text);
	return error_set(c->err, ERROR_INVALID, 0, "%s:%u: %s", c->dockerfile->name, c->mark->line, message);
}

bool instruction_hint_nearest(const struct instruction_context *c, const char *text, const char *const *words, size_t count)
{
	const char *nearest = options_nearest(text, words, count);

	if (nearest)
		error_hint(c->err, "did you mean %s?", nearest);
	return nearest;
}

int instruction_replace(const struct instruction_context *c, char **text)
{
	int r;

	if (!*text)
		return 0;
	r = words_expand(c->arena, c->words, *text, text, c->err);
	if (r < 0) {
		*c->mark = dockerfile_mark_text(c->dockerfile, c->source, *text);
		return error_wrap(c->err, "%s:%u", c->dockerfile->name, c->mark->line);
	}
	return 0;
}

int instruction_replace_list(const struct instruction_context *c, char ***list)
{
	size_t count = 0;
	char **copy;
	int r = 0;

	if (!*list)
		return 0;
	while ((*list)[count])
		count++;
	copy = arena_alloc(c->arena, count + 1, sizeof(*copy));
	for (size_t i = 0; i < count && r == 0; i++) {
		copy[i] = (*list)[i];
		r = instruction_replace(c, &copy[i]);
	}
	*list = copy;
	return r;
}
