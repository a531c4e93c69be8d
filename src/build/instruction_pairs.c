/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_pairs.h"
#include "build/dockerfile_line.h"

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
}

static int read_legacy(const struct instruction_context *c, const char *text, struct instruction *ret)
{
	size_t length = strcspn(text, DOCKERFILE_BLANKS);
	char *name = arena_strndup(c->arena, text, length), *value = arena_strdup(c->arena, text + length + strspn(text + length, DOCKERFILE_BLANKS));

	if (!*value) {
		int r = instruction_fail(c, name, "%s has no value for '%s'", c->source->name, name);

		if (strpbrk(name, "'\""))
			error_hint(c->err, "%s NAME=VALUE", c->source->name);
		else
			error_hint(c->err, "%s= is an empty one", name);
		return r;
	}
	ret->is_legacy_pair = true;
	ret->pairs = arena_alloc(c->arena, 1, sizeof(*ret->pairs));
	ret->pairs[0] = (struct instruction_pair){ name, value };
	ret->pair_count = 1;
	return 0;
}

static int split_pair(const struct instruction_context *c, const char *word, struct instruction_pair *ret)
{
	size_t length = strcspn(word, "=");

	if (!length)
		return instruction_fail(c, word, "%s has no name in '%s'", c->source->name, word);
	*ret = (struct instruction_pair){ arena_strndup(c->arena, word, length), word[length] ? arena_strdup(c->arena, word + length + 1) : NULL };
	return 0;
}

/* What stands behind the value of LAST may be meant to be part of it. */
static int fail_no_value(const struct instruction_context *c, const struct instruction_pair *last, char *const *words)
{
	int r = instruction_fail(c, words[0], "'%s' is not NAME=VALUE", words[0]);

	if (words[1] && str_equal(words[1], "="))
		error_hint(c->err, "there are no blanks around '='");
	else if (strpbrk(last->value, "'\"") || strpbrk(words[0], "'\""))
		error_hint(c->err, "quotes keep a value with blanks together");
	else
		error_hint(c->err, "quotes keep a value with blanks together: %s=\"%s %s\"", last->name, last->value, words[0]);
	return r;
}

int instruction_pairs_read(const struct instruction_context *c, struct instruction *ret)
{
	char **words = dockerfile_line_quoted_words(c->arena, c->source->text, c->dockerfile->escape);

	if (!words[0])
		return instruction_fail(c, NULL, "%s has no names and values", c->source->name);
	if (!strchr(words[0], '='))
		return read_legacy(c, c->source->text, ret);
	ret->pairs = arena_alloc(c->arena, count_words(words), sizeof(*ret->pairs));
	for (size_t i = 0; words[i]; i++) {
		int r = split_pair(c, words[i], &ret->pairs[ret->pair_count]);

		if (r < 0)
			return r;
		if (!ret->pairs[ret->pair_count].value)
			return fail_no_value(c, &ret->pairs[ret->pair_count - 1], words + i);
		ret->pair_count++;
	}
	return 0;
}

int instruction_pairs_read_arguments(const struct instruction_context *c, struct instruction *ret)
{
	char **words = dockerfile_line_quoted_words(c->arena, c->source->text, c->dockerfile->escape);

	if (!words[0])
		return instruction_fail(c, NULL, "ARG has no names");
	ret->pairs = arena_alloc(c->arena, count_words(words), sizeof(*ret->pairs));
	for (size_t i = 0; words[i]; i++) {
		int r = split_pair(c, words[i], &ret->pairs[ret->pair_count++]);

		if (r < 0)
			return r;
	}
	return 0;
}
