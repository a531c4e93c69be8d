/* SPDX-License-Identifier: Apache-2.0 */
#include "build/words_pattern.h"
#include "build/utf8.h"

#define ANY UINT32_MAX        /* '?' */
#define STAR (UINT32_MAX - 1) /* '*' */

struct words_pattern {
	size_t count;
	uint32_t elements[];
};

/* Characters, and where each begins: .offsets[count] is the end. */
struct text {
	const char *bytes;
	uint32_t *characters;
	size_t *offsets;
	size_t count;
};

int words_pattern_parse(struct arena *arena, const char *text, struct words_pattern **ret, struct error *err)
{
	struct words_pattern *pattern = arena_alloc(arena, 1, sizeof(*pattern) + strlen(text) * sizeof(pattern->elements[0]));

	for (size_t length; *text; text += length) {
		uint32_t c = utf8_decode(text, &length);
		bool escaped = c == '\\';

		if (escaped) {
			text += length;
			if (!*text || !strchr("*?\\/}", *text))
				return error_set(err, ERROR_INVALID, 0, "no such escape in a pattern: '\\%.1s'", text);
			c = utf8_decode(text, &length);
		}
		if (!escaped && c == '*') {
			/* Two are as good as one. */
			if (!pattern->count || pattern->elements[pattern->count - 1] != STAR)
				pattern->elements[pattern->count++] = STAR;
			continue;
		}
		pattern->elements[pattern->count++] = !escaped && c == '?' ? ANY : c;
	}
	*ret = pattern;
	return 0;
}

size_t words_pattern_length(const struct words_pattern *pattern)
{
	return pattern->count;
}

static struct text decode(const char *bytes)
{
	size_t limit = strlen(bytes) + 1, length;
	struct text text = { bytes, memory_new(limit, sizeof(uint32_t)), memory_new(limit, sizeof(size_t)), 0 };

	for (const char *at = bytes; *at; at += length) {
		text.offsets[text.count] = (size_t)(at - bytes);
		text.characters[text.count++] = utf8_decode(at, &length);
	}
	text.offsets[text.count] = limit - 1;
	return text;
}

static void text_done(struct text *text)
{
	free(text->characters);
	free(text->offsets);
}

/* The pattern as a machine: state N says that the first N elements have been seen. Backwards it reads elements and text from their ends. */
struct machine {
	const struct words_pattern *pattern;
	bool backwards;
	bool *now, *next; /* count + 1 of each */
};

static struct machine machine_new(const struct words_pattern *pattern, bool backwards)
{
	return (struct machine){ pattern, backwards, memory_new(pattern->count + 1, sizeof(bool)), memory_new(pattern->count + 1, sizeof(bool)) };
}

static void machine_done(struct machine *m)
{
	free(m->now);
	free(m->next);
}

static uint32_t element(const struct machine *m, size_t index)
{
	return m->pattern->elements[m->backwards ? m->pattern->count - 1 - index : index];
}

/* Enters a state, and those behind stars that stand for nothing. */
static void enter(const struct machine *m, bool *states, size_t state)
{
	states[state] = true;
	while (state < m->pattern->count && element(m, state) == STAR)
		states[++state] = true;
}

/* Whether any state is left. */
static bool step(struct machine *m, uint32_t c)
{
	size_t count = m->pattern->count;
	bool *swapped = m->now, alive = false;

	memset(m->next, 0, count + 1);
	for (size_t i = 0; i < count; i++) {
		uint32_t e = element(m, i);

		if (!m->now[i])
			continue;
		if (e == STAR && c != '\n')
			enter(m, m->next, i);
		else if (e == c || (e == ANY && c != '\n'))
			enter(m, m->next, i + 1);
		else
			continue;
		alive = true;
	}
	m->now = m->next;
	m->next = swapped;
	return alive;
}

static bool has_matched(const struct machine *m)
{
	return m->now[m->pattern->count];
}

/* How many characters from START on (backwards: before it) fit; -1: none does. */
static ssize_t match(struct machine *m, const struct text *text, size_t start, bool longest)
{
	size_t limit = m->backwards ? start : text->count - start;
	ssize_t found = -1;

	memset(m->now, 0, m->pattern->count + 1);
	enter(m, m->now, 0);
	for (size_t i = 0;; i++) {
		if (has_matched(m)) {
			found = (ssize_t)i;
			if (!longest)
				break;
		}
		if (i == limit || !step(m, text->characters[m->backwards ? start - 1 - i : start + i]))
			break;
	}
	return found;
}

char *words_pattern_cut_begin(struct arena *arena, const struct words_pattern *pattern, const char *value, bool longest)
{
	struct text text = decode(value);
	struct machine m = machine_new(pattern, false);
	ssize_t length = match(&m, &text, 0, longest);
	char *ret = arena_strdup(arena, value + (length > 0 ? text.offsets[length] : 0));

	machine_done(&m);
	text_done(&text);
	return ret;
}

char *words_pattern_cut_end(struct arena *arena, const struct words_pattern *pattern, const char *value, bool longest)
{
	struct text text = decode(value);
	struct machine m = machine_new(pattern, true);
	ssize_t length = match(&m, &text, text.count, longest);
	char *ret = arena_strndup(arena, value, text.offsets[text.count - (length > 0 ? (size_t)length : 0)]);

	machine_done(&m);
	text_done(&text);
	return ret;
}

/* For each character, and the end, whether something fits that begins there. */
static bool *find_beginnings(const struct words_pattern *pattern, const struct text *text)
{
	bool *ret = memory_new(text->count + 1, sizeof(bool));
	struct machine m = machine_new(pattern, true);

	for (size_t at = text->count;; at--) {
		enter(&m, m.now, 0);
		ret[at] = has_matched(&m);
		if (at == 0)
			break;
		ignore_result(step(&m, text->characters[at - 1])); /* another beginning is entered in any case */
	}
	machine_done(&m);
	return ret;
}

static int add(struct buf *out, size_t limit, const char *bytes, size_t length)
{
	if (length > limit - out->length)
		return -E2BIG;
	buf_add(out, bytes, length);
	return 0;
}

/* What fits nothing is replaced where something was not replaced just before. */
static int replace(struct machine *m, const struct text *text, const bool *beginnings, const char *replacement, bool all, size_t limit, struct buf *out)
{
	size_t done = 0; /* characters that are in OUT, as they are or replaced */
	int r;

	for (size_t at = 0; at <= text->count; at++) {
		size_t end;

		if (!beginnings[at])
			continue;
		end = at + (size_t)match(m, text, at, true);
		r = add(out, limit, text->bytes + text->offsets[done], text->offsets[at] - text->offsets[done]);
		if (r == 0 && (end > done || at == 0))
			r = add(out, limit, replacement, strlen(replacement));
		if (r < 0)
			return r;
		done = end;
		if (!all)
			break;
		at = end > at ? end - 1 : at;
	}
	return add(out, limit, text->bytes + text->offsets[done], text->offsets[text->count] - text->offsets[done]);
}

int words_pattern_replace(const struct words_pattern *pattern, const char *value, const char *replacement, bool all, size_t limit, struct buf *out)
{
	struct text text = decode(value);
	struct machine m = machine_new(pattern, false);
	bool *beginnings = find_beginnings(pattern, &text);
	int r = replace(&m, &text, beginnings, replacement, all, out->length + limit, out);

	free(beginnings);
	machine_done(&m);
	text_done(&text);
	return r;
}
