/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of patterns, asked from its end: the last that covers a path decides.
 */
#include "build/ignore.h"
#include "build/path_pattern.h"

#include "base/str.h"

#include <string.h>

struct rule {
	const struct path_pattern *pattern;
	bool takes_back; /* '!' */
	bool is_name;    /* path_pattern_is_name() */
	unsigned char first;
};

/* A path with where its names begin, found once for all rules. */
#define NAME_LIMIT 64

struct path {
	const char *text;
	size_t count; /* 0: more than there is room for */
	const char *names[NAME_LIMIT];
};

struct ignore {
	struct rule *rules;
	size_t count;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* TEXT without the blanks around it. */
static const char *trim(const char *text, size_t *length)
{
	while (*length > 0 && is_blank(*text)) {
		text++;
		(*length)--;
	}
	while (*length > 0 && is_blank(text[*length - 1]))
		(*length)--;
	return text;
}

/* Where a pattern is from, for messages; .line 0: of no file. */
struct where {
	const char *name;
	size_t line;
};

static const char *where_text(struct arena *arena, const struct where *where)
{
	return where->line > 0 ? arena_printf(arena, "%s:%zu", where->name, where->line) : where->name;
}

/* One pattern as written; nothing for a blank one. */
static int add_rule(struct arena *arena, struct ignore *ignore, const struct where *where, const char *text, size_t length, struct error *err)
{
	struct rule *rule = &ignore->rules[ignore->count];
	const char *start, *clean;
	size_t written;

	text = trim(text, &length);
	if (length == 0)
		return 0;
	start = text;
	written = length;
	rule->takes_back = *text == '!';
	if (rule->takes_back) {
		length--;
		text = trim(text + 1, &length);
		if (length == 0)
			return error_set(err, ERROR_INVALID, 0, "%s: '!' names nothing that is taken back", where_text(arena, where));
	}
	clean = path_pattern_clean(arena, arena_strndup(arena, text, length));
	rule->pattern = path_pattern_compile(arena, clean);
	if (!rule->pattern)
		return error_set(err, ERROR_INVALID, 0, "%s: '%.*s' is no pattern: %s", where_text(arena, where), written < 200 ? (int)written : 200, start,
			strlen(clean) > PATH_PATTERN_LIMIT ? "it is longer than any path" : "a '[' without its ']', a range without its end, or a '\\' at the end");
	rule->is_name = path_pattern_is_name(rule->pattern);
	rule->first = path_pattern_first(rule->pattern);
	/* The context itself is never left out: "." and "/" are nothing. */
	if (*clean)
		ignore->count++;
	return 0;
}

static int add_line(struct arena *arena, struct ignore *ignore, const struct where *where, const char *line, size_t length, struct error *err)
{
	if (length > 0 && *line == '#')
		return 0;
	if (ignore->count == IGNORE_PATTERN_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "%s:%zu: more than %d patterns", where->name, where->line, IGNORE_PATTERN_LIMIT);
	return add_rule(arena, ignore, where, line, length, err);
}

static size_t count_lines(const char *text, size_t length)
{
	size_t count = 1;

	for (const char *end = text + length; text < end && (text = memchr(text, '\n', (size_t)(end - text))); text++)
		count++;
	return count;
}

int ignore_parse(struct arena *arena, const char *name, const char *text, size_t length, struct ignore **ret, struct error *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct ignore *ignore = arena_alloc(arena, 1, sizeof *ignore);
	const char *end = text + length;
	size_t lines;
	int r;

	if (length > IGNORE_FILE_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "%s: larger than %u MiB", name, IGNORE_FILE_LIMIT >> 20);
	if (length > 0 && memchr(text, '\0', length))
		return error_set(err, ERROR_INVALID, 0, "%s: a byte 0 in it: this is no text", name);
	if (length >= 3 && memcmp(text, mark, 3) == 0)
		text += 3;
	lines = count_lines(text, (size_t)(end - text));
	ignore->rules = arena_alloc(arena, lines < IGNORE_PATTERN_LIMIT ? lines : IGNORE_PATTERN_LIMIT, sizeof *ignore->rules);
	for (struct where where = { name, 1 }; text < end; where.line++) {
		const char *line = text, *newline = memchr(text, '\n', (size_t)(end - text));

		text = newline ? newline + 1 : end;
		r = add_line(arena, ignore, &where, line, (size_t)((newline ? newline : end) - line), err);
		if (r < 0)
			return r;
	}
	*ret = ignore;
	return 0;
}

int ignore_of_list(struct arena *arena, char *const *patterns, struct ignore **ret, struct error *err)
{
	struct ignore *ignore = arena_alloc(arena, 1, sizeof *ignore);
	size_t count = patterns ? strv_length(patterns) : 0;

	if (count > IGNORE_PATTERN_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "cannot exclude by more than %d patterns", IGNORE_PATTERN_LIMIT);
	ignore->rules = arena_alloc(arena, count, sizeof *ignore->rules);
	for (size_t i = 0; i < count; i++) {
		int r = add_rule(arena, ignore, &(struct where){ "cannot exclude", 0 }, patterns[i], strlen(patterns[i]), err);

		if (r < 0)
			return r;
	}
	*ret = ignore;
	return 0;
}

bool ignore_is_empty(const struct ignore *ignore)
{
	return !ignore || ignore->count == 0;
}

bool ignore_takes_back(const struct ignore *ignore)
{
	for (size_t i = 0; ignore && i < ignore->count; i++)
		if (ignore->rules[i].takes_back)
			return true;
	return false;
}

static void find_names(const char *text, struct path *path)
{
	path->text = path->names[0] = text;
	path->count = 1;
	for (; *text; text++) {
		if (*text != '/')
			continue;
		if (path->count == NAME_LIMIT) {
			path->count = 0;
			return;
		}
		path->names[path->count++] = text + 1;
	}
}

static bool covers(const struct rule *rule, const struct path *path)
{
	if (!rule->is_name || path->count == 0)
		return (rule->first == 0 || rule->is_name || rule->first == (unsigned char)*path->text) && path_pattern_covers(rule->pattern, path->text);
	for (size_t i = 0; i < path->count; i++)
		if ((rule->first == 0 || rule->first == (unsigned char)*path->names[i]) && path_pattern_fits_name(rule->pattern, path->names[i]))
			return true;
	return false;
}

/* One more than the index of the rule that decides about PATH; 0: none. */
static size_t find_decision(const struct ignore *ignore, const char *text)
{
	size_t i = ignore->count;
	struct path path;

	find_names(text, &path);
	while (i > 0 && !covers(&ignore->rules[i - 1], &path))
		i--;
	return i;
}

bool ignore_matches(const struct ignore *ignore, const char *path)
{
	size_t found = ignore ? find_decision(ignore, path) : 0;

	return found > 0 && !ignore->rules[found - 1].takes_back;
}

bool ignore_is_final(const struct ignore *ignore, const char *path)
{
	for (size_t i = ignore->count; i > 0; i--) {
		const struct rule *rule = &ignore->rules[i - 1];

		if (path_pattern_covers(rule->pattern, path))
			return !rule->takes_back;
		if (rule->takes_back && path_pattern_may_fit_below(rule->pattern, path))
			return false;
	}
	return false;
}

bool ignore_fits_source(const char *pattern, const char *path)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *single = arena_alloc(arena, strlen(pattern) + 1, 1);
	const struct path_pattern *compiled;
	size_t length = 0;
	bool after_star = false;

	/* Of stars beside each other one is as good. */
	for (; *pattern; pattern++) {
		if (*pattern == '*' && after_star)
			continue;
		after_star = *pattern == '*';
		single[length++] = *pattern;
		if (*pattern == '\\' && pattern[1])
			single[length++] = *++pattern;
	}
	compiled = path_pattern_compile(arena, single);
	return compiled && path_pattern_fits(compiled, path);
}
