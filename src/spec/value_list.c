/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/value_list.h"
#include "base/options.h"

void *value_list_grow(struct arena *arena, void *items, size_t count, size_t size)
{
	char *larger;

	/* At every power of two twice as much, of which one object more than counted is never used. */
	if (items && (count < 4 || (count & (count - 1)) != 0))
		return items;
	larger = arena_alloc(arena, count * 2 + 6, size);
	if (count)
		memcpy(larger, items, count * size);
	return larger;
}

void value_strings_add(struct arena *arena, struct value_strings *list, char *text)
{
	list->items = value_list_grow(arena, list->items, list->count, sizeof *list->items);
	list->items[list->count++] = text;
	list->items[list->count] = NULL;
}

struct value_strings value_split(struct arena *arena, const char *text, char separator)
{
	const char ends[] = { separator, '\0' };
	struct value_strings parts = { 0 };

	while (*text) {
		size_t length = strcspn(text, ends);

		value_strings_add(arena, &parts, arena_strndup(arena, text, length));
		text += length;
		if (*text && !*++text)
			value_strings_add(arena, &parts, arena_strdup(arena, ""));
	}
	return parts;
}

/* The quoted part that *AT points to the beginning of, which moves behind it; NULL if it has no end. */
static char *take_quoted(struct arena *arena, const char **at)
{
	_cleanup_buf_ struct buf part = BUF_INIT;

	for ((*at)++; **at; (*at)++) {
		if (**at != '"') {
			buf_add_char(&part, **at);
		} else if ((*at)[1] == '"') {
			buf_add_char(&part, '"');
			(*at)++;
		} else {
			(*at)++;
			return arena_strndup(arena, part.data ? part.data : "", part.length);
		}
	}
	return NULL;
}

int value_split_quoted(struct arena *arena, const char *text, struct value_strings *ret, struct error *err)
{
	struct value_strings parts = { 0 };
	const char *at = text;

	while (*at) {
		char *part;

		if (*at == '"') {
			part = take_quoted(arena, &at);
			if (!part || (*at && *at != ','))
				return error_set(err, ERROR_INVALID, 0, part ? "expected a comma behind the quotes" : "the quotes have no end");
		} else {
			size_t length = strcspn(at, ",");

			part = arena_strndup(arena, at, length);
			at += length;
		}
		value_strings_add(arena, &parts, part);
		at += *at == ',';
	}
	*ret = parts;
	return 0;
}

struct spec_pair value_split_pair(struct arena *arena, const char *part)
{
	const char *equals = strchr(part, '=');

	return (struct spec_pair){ equals ? arena_strndup(arena, part, (size_t)(equals - part)) : arena_strdup(arena, part),
		equals ? (char *)equals + 1 : NULL };
}

int value_refuse_key(const char *key, const char *const *keys, struct error *err)
{
	const char *nearest = options_nearest(key, keys, strv_length((char **)keys));

	error_set(err, ERROR_INVALID, 0, "there is no '%.100s'", key);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

int value_check_word(const char *text, const char *const *words, struct error *err)
{
	_cleanup_buf_ struct buf all = BUF_INIT;
	_cleanup_free_ char *listed = NULL;
	const char *nearest;
	size_t count = 0;

	for (; words[count]; count++) {
		if (str_equal(text, words[count]))
			return 0;
		buf_printf(&all, "%s%s", count ? ", " : "", words[count]);
	}
	listed = buf_take(&all);
	error_set(err, ERROR_INVALID, 0, "expected one of %s", listed);
	nearest = options_nearest(text, words, count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

int value_parse_bool(const char *text, bool *ret, struct error *err)
{
	bool yes = !text || str_equal(text, "true") || str_equal(text, "1");

	if (!yes && !str_equal(text, "false") && !str_equal(text, "0"))
		return error_set(err, ERROR_INVALID, 0, "expected true or false, not '%s'", text);
	*ret = yes;
	return 0;
}

/* Adds the components of PATH to *OUT, which is "" for the root or begins with a slash. */
static void add_components(struct buf *out, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && memcmp(path, "..", 2) == 0) {
			while (out->length && out->data[out->length - 1] != '/')
				out->length--;
			if (out->length)
				out->length--;
		} else if (length && !(length == 1 && *path == '.')) {
			buf_add_char(out, '/');
			buf_add(out, path, length);
		}
		path += length;
		path += *path == '/';
	}
}

char *value_clean_path(struct arena *arena, const char *directory, const char *path)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;

	if (*path != '/')
		add_components(&clean, directory);
	add_components(&clean, path);
	return clean.length ? arena_strndup(arena, clean.data, clean.length) : arena_strdup(arena, "/");
}

/* ---- pairs -------------------------------------------------------------------------------- */

static void set_pair(struct arena *arena, const char *text, size_t length, const char *value, struct value_pairs *pairs)
{
	struct spec_pair pair = { .key = arena_strndup(arena, text, length), .value = arena_strdup(arena, value) };

	for (size_t i = 0; i < pairs->count; i++) {
		if (str_equal(pairs->items[i].key, pair.key)) {
			pairs->items[i] = pair;
			return;
		}
	}
	pairs->items = value_list_grow(arena, pairs->items, pairs->count, sizeof *pairs->items);
	pairs->items[pairs->count++] = pair;
}

int value_pair_add(struct arena *arena, const char *text, struct value_pairs *pairs, struct error *err)
{
	size_t length = strcspn(text, "=");

	if (length == 0 || !text[length])
		return error_set(err, ERROR_INVALID, 0, "expected NAME=VALUE");
	set_pair(arena, text, length, text + length + 1, pairs);
	return 0;
}

int value_label_add(struct arena *arena, const char *text, struct value_pairs *pairs, struct error *err)
{
	size_t length = strcspn(text, "=");

	if (length == 0)
		return error_set(err, ERROR_INVALID, 0, "expected NAME=VALUE, or NAME alone");
	set_pair(arena, text, length, text[length] ? text + length + 1 : "", pairs);
	return 0;
}
