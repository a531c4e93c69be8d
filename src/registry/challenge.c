/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is ambiguous at each comma: behind it comes a parameter of the
 * same challenge or the next challenge's scheme. A word with "=" behind it is a
 * parameter.
 */
#include "registry/challenge.h"

#include "base/str.h"

#include <strings.h>

struct scanner {
	struct arena *arena;
	const char *start, *at, *end;
	struct error *err;
};

struct piece {
	const char *text;
	size_t length;
};

static int fail(const struct scanner *s, const char *expected)
{
	return error_set(s->err, ERROR_INVALID, 0, "WWW-Authenticate: byte %zu: expected %s", (size_t)(s->at - s->start) + 1, expected);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token68_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~+/", c));
}

static void skip_space(struct scanner *s)
{
	while (s->at < s->end && is_space(*s->at))
		s->at++;
}

/* White space, and the empty elements that lists may have. */
static void skip_commas(struct scanner *s)
{
	while (s->at < s->end && (is_space(*s->at) || *s->at == ','))
		s->at++;
}

static struct piece read_token(struct scanner *s)
{
	struct piece piece = { .text = s->at };

	while (s->at < s->end && is_token_char(*s->at))
		s->at++;
	piece.length = (size_t)(s->at - piece.text);
	return piece;
}

static bool piece_is(struct piece piece, const char *word)
{
	return strlen(word) == piece.length && strncasecmp(piece.text, word, piece.length) == 0;
}

/* The string whose opening quote is at hand, its escapes resolved. */
static int read_quoted(struct scanner *s, const char **ret)
{
	char *out = arena_alloc(s->arena, (size_t)(s->end - s->at), 1);
	size_t length = 0;

	for (s->at++; s->at < s->end && *s->at != '"'; s->at++) {
		if (*s->at == '\\' && ++s->at == s->end)
			break;
		if (((unsigned char)*s->at < 0x20 && *s->at != '\t') || *s->at == 0x7f)
			return fail(s, "no control character");
		out[length++] = *s->at;
	}
	if (s->at == s->end)
		return fail(s, "a closing quote");
	s->at++;
	*ret = out;
	return 0;
}

static int read_value(struct scanner *s, const char **ret)
{
	struct piece piece;

	skip_space(s);
	if (s->at < s->end && *s->at == '"')
		return read_quoted(s, ret);
	piece = read_token(s);
	if (!piece.length)
		return fail(s, "a value");
	*ret = arena_strndup(s->arena, piece.text, piece.length);
	return 0;
}

/* Where the parameter NAME goes; NULL: nowhere. */
static const char **slot_of(struct challenge *challenge, struct piece name)
{
	if (piece_is(name, "realm"))
		return &challenge->realm;
	if (piece_is(name, "service"))
		return &challenge->service;
	if (piece_is(name, "scope"))
		return &challenge->scope;
	return piece_is(name, "error") ? &challenge->error : NULL;
}

/* Credentials in one piece, as Negotiate has them, say nothing to us. */
static bool skip_token68(struct scanner *s)
{
	const char *at = s->at;

	while (at < s->end && is_token68_char(*at))
		at++;
	if (at == s->at)
		return false;
	while (at < s->end && *at == '=')
		at++;
	while (at < s->end && is_space(*at))
		at++;
	if (at < s->end && *at != ',')
		return false;
	s->at = at;
	return true;
}

static int read_parameters(struct scanner *s, struct challenge *challenge)
{
	for (;;) {
		const char *before = s->at, *value = NULL, **slot;
		struct piece name;
		int r;

		skip_commas(s);
		name = read_token(s);
		skip_space(s);
		if (!name.length || s->at == s->end || *s->at != '=') {
			s->at = before;
			return 0;
		}
		s->at++;
		r = read_value(s, &value);
		if (r < 0)
			return r;
		slot = slot_of(challenge, name);
		if (slot && *slot)
			return fail(s, "each parameter once");
		if (slot)
			*slot = value;
		skip_space(s);
		if (s->at < s->end && *s->at != ',')
			return fail(s, "a comma");
	}
}

static int read_challenge(struct scanner *s, struct challenge *challenge)
{
	struct piece scheme = read_token(s);

	if (!scheme.length)
		return fail(s, "a scheme");
	if (s->at < s->end && *s->at != ',' && !is_space(*s->at))
		return fail(s, "white space");
	challenge->scheme = piece_is(scheme, "basic")    ? CHALLENGE_BASIC
			    : piece_is(scheme, "bearer") ? CHALLENGE_BEARER
							 : CHALLENGE_OTHER;
	skip_space(s);
	if (s->at == s->end || *s->at == ',' || skip_token68(s))
		return 0;
	return read_parameters(s, challenge);
}

int challenge_parse(struct arena *arena, const char *text, size_t length, struct challenge **ret, size_t *ret_count, struct error *err)
{
	struct scanner s = { .arena = arena, .start = text, .at = text, .end = text + length, .err = err };
	struct challenge *list = arena_alloc(arena, CHALLENGE_LIMIT, sizeof *list);
	size_t count = 0;

	if (length > CHALLENGE_BYTES_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "WWW-Authenticate: %zu bytes are too many", length);
	for (skip_commas(&s); s.at < s.end; skip_commas(&s)) {
		int r;

		if (count == CHALLENGE_LIMIT)
			return fail(&s, "fewer challenges");
		r = read_challenge(&s, &list[count++]);
		if (r < 0)
			return r;
	}
	*ret = list;
	*ret_count = count;
	return 0;
}
