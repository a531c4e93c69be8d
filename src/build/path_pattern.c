/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern becomes a row of elements, one for each character or wildcard.
 * Most are decided by comparing bytes (.literal) or by walking along the row
 * with two places to return to, that of the last '*' and that of the last "**":
 * a '*' before those need not be tried again, since what lies between has the
 * same number of slashes and can be left to the later one. That does not hold
 * for a "**" that does not begin a name, when there is a wildcard before it;
 * such patterns are decided by following all possibilities at once.
 */
#include "build/path_pattern.h"
#include "build/utf8.h"

#include "base/str.h"

#include <stdint.h>
#include <string.h>

enum element_kind {
	ELEMENT_BYTE,  /* .byte */
	ELEMENT_ANY,   /* '?' */
	ELEMENT_CLASS, /* .class */
	ELEMENT_STAR,  /* '*' */
	ELEMENT_NAMES, /* "**" and the slash behind it: nothing, or whatever ends in a slash */
	ELEMENT_TAIL,  /* "**" at the beginning, not before a slash, the only wildcard: whatever */
	ELEMENT_REST,  /* "**" at the end: whatever */
	ELEMENT_END,
};

struct range {
	uint32_t first, last;
};

struct class {
	bool is_negated;
	size_t count;
	struct range ranges[];
};

struct element {
	enum element_kind kind;
	unsigned char byte;
	const struct class *class;
};

struct path_pattern {
	const char *literal; /* without wildcards: the whole of it; else NULL */
	size_t literal_length;
	struct element *elements; /* ends with ELEMENT_END */
	size_t count;        /* without that */
	bool is_intricate;   /* takes following all possibilities */
	bool has_star, spans_names; /* has a '*', a "**" */
	size_t slashes;
};

/* A character of a class, perhaps escaped; returns what follows, or NULL at the end. */
static const char *take_class_character(const char *text, uint32_t *ret)
{
	size_t length;

	if (*text == '\\')
		text++;
	if (!*text)
		return NULL;
	*ret = utf8_decode(text, &length);
	return text + length;
}

/* How many ranges what follows '[' may have. */
static size_t class_size(const char *text)
{
	size_t size = 1;

	for (; *text && *text != ']'; text++, size++)
		if (*text == '\\' && text[1])
			text++;
	return size;
}

static const char *compile_range(const char *text, struct range *range)
{
	if (*text == ']' || *text == '-')
		return NULL;
	text = take_class_character(text, &range->first);
	range->last = range->first;
	if (text && *text == '-')
		text = text[1] == ']' || text[1] == '-' ? NULL : take_class_character(text + 1, &range->last);
	return range->last < range->first ? NULL : text;
}

/* What follows '['; returns what follows ']', or NULL. */
static const char *compile_class(struct arena *arena, const char *text, struct element *element)
{
	struct class *class = arena_alloc(arena, 1, sizeof *class + class_size(text) * sizeof(struct range));

	if (*text == '^') {
		class->is_negated = true;
		text++;
	}
	do {
		text = compile_range(text, &class->ranges[class->count++]);
	} while (text && *text != ']');
	*element = (struct element){ .kind = ELEMENT_CLASS, .class = class };
	return text ? text + 1 : NULL;
}

static const char *compile_stars(struct path_pattern *pattern, const char *text, struct element *element)
{
	bool begins_name = pattern->count == 0 || (element[-1].kind == ELEMENT_BYTE && element[-1].byte == '/');
	const char *behind = text + 2 + (text[2] == '/');

	if (!*behind)
		element->kind = ELEMENT_REST;
	else if (pattern->count == 0 && text[2] != '/' && !strpbrk(behind, "*?[]\\"))
		element->kind = ELEMENT_TAIL;
	else
		element->kind = ELEMENT_NAMES;
	pattern->is_intricate |= (pattern->spans_names || pattern->has_star) && !begins_name;
	pattern->spans_names = true;
	return behind;
}

/* Returns what follows, or NULL. */
static const char *compile_element(struct arena *arena, struct path_pattern *pattern, const char *text, struct element *element)
{
	if (text[0] == '*' && text[1] == '*')
		return compile_stars(pattern, text, element);
	if (*text == '[')
		return compile_class(arena, text + 1, element);
	if (*text == '*' || *text == '?') {
		element->kind = *text == '*' ? ELEMENT_STAR : ELEMENT_ANY;
		pattern->has_star |= *text == '*';
		return text + 1;
	}
	if (*text == '\\' && !*++text)
		return NULL;
	*element = (struct element){ .kind = ELEMENT_BYTE, .byte = (unsigned char)*text };
	pattern->slashes += *text == '/';
	return text + 1;
}

struct path_pattern *path_pattern_compile(struct arena *arena, const char *text)
{
	struct path_pattern *pattern;
	size_t length = strlen(text);

	if (length > PATH_PATTERN_LIMIT)
		return NULL;
	pattern = arena_alloc(arena, 1, sizeof *pattern);
	if (!strpbrk(text, "*?[\\")) {
		pattern->literal = arena_strdup(arena, text);
		pattern->literal_length = length;
		return pattern;
	}
	pattern->elements = arena_alloc(arena, length + 1, sizeof *pattern->elements);
	while (*text) {
		text = compile_element(arena, pattern, text, &pattern->elements[pattern->count]);
		if (!text)
			return NULL;
		pattern->count++;
	}
	pattern->elements[pattern->count].kind = ELEMENT_END;
	return pattern;
}

static bool class_has(const struct class *class, uint32_t character)
{
	for (size_t i = 0; i < class->count; i++)
		if (character >= class->ranges[i].first && character <= class->ranges[i].last)
			return !class->is_negated;
	return class->is_negated;
}

/* How many bytes at TEXT, which is not at its end, the element takes; 0: it does not fit. No wildcard but "**" takes a slash. */
static size_t element_takes(const struct element *element, const char *text)
{
	uint32_t character;
	size_t length;

	if (element->kind == ELEMENT_BYTE)
		return element->byte == (unsigned char)*text;
	if (*text == '/')
		return 0;
	character = utf8_decode(text, &length);
	return element->kind == ELEMENT_ANY || class_has(element->class, character) ? length : 0;
}

/* The next place at which what follows "**" may begin, or NULL. */
static const char *next_beginning(const struct element *element, const char *text)
{
	if (element->kind == ELEMENT_TAIL)
		return *text ? text + 1 : NULL;
	text = strchr(text, '/');
	return text ? text + 1 : NULL;
}

/* Where to go on when what follows a wildcard does not fit. */
struct place {
	const struct element *element; /* NULL: nowhere */
	const char *text;              /* what the wildcard has left so far */
};

/* The next place, not before TEXT, at which what follows '*' may begin: where its byte is, if it is one; or NULL. */
static const char *next_in_name(const struct element *element, const char *text)
{
	if (element->kind != ELEMENT_BYTE)
		return text;
	while ((unsigned char)*text != element->byte) {
		if (*text == '\0' || *text == '/')
			return NULL;
		text++;
	}
	return text;
}

static bool return_to(struct place *star, struct place *names, const struct element **element, const char **text)
{
	size_t length;

	if (star->element && *star->text && *star->text != '/') {
		utf8_decode(star->text, &length);
		star->text = next_in_name(star->element + 1, star->text + length);
		if (star->text) {
			*element = star->element + 1;
			*text = star->text;
			return true;
		}
	}
	star->element = NULL;
	names->text = names->element ? next_beginning(names->element, names->text) : NULL;
	if (!names->text)
		return false;
	*element = names->element + 1;
	*text = names->text;
	return true;
}

static bool walk(const struct element *element, const char *text, bool covers)
{
	struct place star = { 0 }, names = { 0 };

	for (;;) {
		size_t length = 0;

		switch (element->kind) {
		case ELEMENT_REST:
			return true;
		case ELEMENT_STAR:
			star = (struct place){ element++, text };
			continue;
		case ELEMENT_NAMES:
		case ELEMENT_TAIL:
			star.element = NULL;
			names = (struct place){ element++, text };
			continue;
		case ELEMENT_END:
			if (!*text || (covers && *text == '/'))
				return true;
			break;
		default:
			length = *text ? element_takes(element, text) : 0;
		}
		if (length > 0) {
			element++;
			text += length;
		} else if (!return_to(&star, &names, &element, &text)) {
			return false;
		}
	}
}

/* SET: the elements before which the walk may stand. I becomes one of them; so does what follows it if it may take nothing. */
static void enter(const struct path_pattern *pattern, bool *set, size_t i)
{
	for (set[i] = true; pattern->elements[i].kind >= ELEMENT_STAR && pattern->elements[i].kind < ELEMENT_REST; i++)
		set[i + 1] = true;
}

/* SETS: where it may stand now, and after each of the next bytes: a character may have four. */
static void step(const struct path_pattern *pattern, bool *const sets[5], const char *text)
{
	for (size_t i = 0; i < pattern->count; i++) {
		const struct element *element = &pattern->elements[i];
		size_t length;

		if (!sets[0][i])
			continue;
		if (element->kind < ELEMENT_STAR) {
			length = element_takes(element, text);
			if (length > 0)
				enter(pattern, sets[length], i + 1);
		} else if (element->kind == ELEMENT_STAR) {
			if (*text != '/')
				enter(pattern, sets[1], i);
		} else if (*text == '/' || element->kind == ELEMENT_TAIL) {
			enter(pattern, sets[1], i);
		} else {
			sets[1][i] = true; /* what follows it may begin behind a slash only */
		}
	}
}

static bool follow_all(const struct path_pattern *pattern, const char *text, bool covers)
{
	size_t size = pattern->count + 2;
	_cleanup_free_ bool *memory = memory_new(5, size);
	bool *sets[5];

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		sets[i] = memory + i * size;
	enter(pattern, sets[0], 0);
	for (;; text++) {
		bool *now = sets[0];

		if (now[pattern->count] && (!*text || (covers && *text == '/')))
			return true;
		if (now[pattern->count - 1] && pattern->elements[pattern->count - 1].kind == ELEMENT_REST)
			return true;
		if (!*text)
			return false;
		step(pattern, sets, text);
		memset(now, 0, size);
		memmove(sets, sets + 1, sizeof sets - sizeof *sets);
		sets[4] = now;
	}
}

static bool decide(const struct path_pattern *pattern, const char *path, bool covers)
{
	if (pattern->literal) {
		if (strncmp(path, pattern->literal, pattern->literal_length) != 0)
			return false;
		path += pattern->literal_length;
		return !*path || (covers && *path == '/');
	}
	return pattern->is_intricate ? follow_all(pattern, path, covers) : walk(pattern->elements, path, covers);
}

bool path_pattern_fits(const struct path_pattern *pattern, const char *path)
{
	return decide(pattern, path, false);
}

bool path_pattern_covers(const struct path_pattern *pattern, const char *path)
{
	return decide(pattern, path, true);
}

bool path_pattern_is_name(const struct path_pattern *pattern)
{
	if (pattern->literal || pattern->elements[0].kind != ELEMENT_NAMES || pattern->slashes > 0)
		return false;
	for (size_t i = 1; i < pattern->count; i++)
		if (pattern->elements[i].kind >= ELEMENT_NAMES)
			return false;
	return true;
}

bool path_pattern_fits_name(const struct path_pattern *pattern, const char *name)
{
	return walk(pattern->elements + 1, name, true);
}

unsigned char path_pattern_first(const struct path_pattern *pattern)
{
	const struct element *first;

	if (pattern->literal)
		return (unsigned char)pattern->literal[0];
	first = &pattern->elements[path_pattern_is_name(pattern) ? 1 : 0];
	return first->kind == ELEMENT_BYTE ? first->byte : 0;
}

/* Whether the names of PATH, which has so many slashes, fit as many first names of the pattern; it may if there is a "**" in those. */
static bool may_begin_with(const struct path_pattern *pattern, const char *path, size_t slashes)
{
	struct element elements[pattern->count + 1];
	size_t i = 0;

	for (; i < pattern->count; i++) {
		elements[i] = pattern->elements[i];
		if (elements[i].kind >= ELEMENT_NAMES)
			return true;
		if (elements[i].kind == ELEMENT_BYTE && elements[i].byte == '/' && slashes-- == 0)
			break;
	}
	elements[i].kind = ELEMENT_END;
	return walk(elements, path, false);
}

bool path_pattern_may_fit_below(const struct path_pattern *pattern, const char *path)
{
	size_t length = strlen(path), slashes = 0;

	if (pattern->literal)
		return pattern->literal_length > length && strncmp(pattern->literal, path, length) == 0 && pattern->literal[length] == '/';
	for (const char *at = path; *at; at++)
		slashes += *at == '/';
	return (pattern->spans_names || pattern->slashes > slashes) && may_begin_with(pattern, path, slashes);
}

bool path_pattern_has_wildcards(const char *text)
{
	for (; *text; text++) {
		if (strchr("*?[", *text))
			return true;
		if (*text == '\\' && !*++text)
			break;
	}
	return false;
}

/* Takes the last name off what is at OUT, unless it is "..": whether it did. */
static bool take_back(char *out, size_t *length)
{
	size_t start = *length;

	while (start > 0 && out[start - 1] != '/')
		start--;
	if (*length == 0 || strcmp(out + start, "..") == 0)
		return false;
	*length = start > 0 ? start - 1 : 0;
	out[*length] = '\0';
	return true;
}

char *path_pattern_clean(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 1, 1);
	bool is_absolute = *path == '/';
	size_t length = 0;

	while (*path) {
		size_t name = strcspn(path, "/");
		bool is_parent = name == 2 && path[0] == '.' && path[1] == '.';

		if (name > 0 && !(name == 1 && *path == '.') && !(is_parent && (take_back(out, &length) || is_absolute))) {
			if (length > 0)
				out[length++] = '/';
			memcpy(out + length, path, name);
			length += name;
			out[length] = '\0';
		}
		path += name + (path[name] == '/');
	}
	return out;
}
