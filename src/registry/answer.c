/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/answer.h"

#include "base/json.h"
#include "base/str.h"

#include <strings.h>

#define TOKEN_BYTES_LIMIT (64u << 10)
#define TOKEN_SECONDS 60 /* the token specification's default, which is also its minimum */

static const char *text_of(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);

	return member && member->type == JSON_STRING && *member->text ? member->text : NULL;
}

/* ---- tokens --------------------------------------------------------------------- */

/* It becomes a part of a header: nothing that ends a line or a word. */
static bool is_token(const char *text)
{
	if (!text || strlen(text) > TOKEN_BYTES_LIMIT)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

int answer_decode_token(struct arena *arena, const char *text, size_t length, struct answer_token *ret, struct error *err)
{
	struct answer_token token = { .expires_s = TOKEN_SECONDS };
	const struct json *expires;
	struct json *root = NULL;
	int r = json_parse(arena, text, length, &root, err);

	if (r < 0)
		return r;
	token.token = text_of(root, "token");
	if (!token.token)
		token.token = text_of(root, "access_token");
	if (!is_token(token.token))
		return error_set(err, ERROR_INVALID, 0, token.token ? "the token has characters that cannot be sent" : "there is no token in it");
	token.refresh_token = text_of(root, "refresh_token");
	expires = json_member(root, "expires_in");
	if (expires && expires->type == JSON_UINT && expires->unsigned_integer > TOKEN_SECONDS)
		token.expires_s = expires->unsigned_integer;
	*ret = token;
	return 0;
}

/* ---- tags ------------------------------------------------------------------------- */

static bool is_tag(const char *text)
{
	if (!*text || *text == '.' || *text == '-' || strlen(text) > 128)
		return false;
	for (; *text; text++)
		if (!(*text >= '0' && *text <= '9') && !(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') && !strchr("_.-", *text))
			return false;
	return true;
}

int answer_decode_tags(const char *text, size_t length, char ***list, size_t *count, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct json *tags;
	struct json *root = NULL;
	int r = json_parse(arena, text, length, &root, err);

	if (r < 0)
		return r;
	tags = json_member(root, "tags");
	if (!tags || tags->type == JSON_NULL)
		return root->type == JSON_OBJECT ? 0 : error_set(err, ERROR_INVALID, 0, "expected object, found %s", json_type_name(root->type));
	if (tags->type != JSON_ARRAY)
		return error_set(err, ERROR_INVALID, 0, "tags: expected array, found %s", json_type_name(tags->type));
	if (*count + tags->length > ANSWER_TAG_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "tags: more than %u", ANSWER_TAG_LIMIT);
	*list = memory_resize(*list, *count + tags->length + 1, sizeof **list);
	for (const struct json *tag = tags->first; tag; tag = tag->next)
		if (tag->type == JSON_STRING && is_tag(tag->text))
			(*list)[(*count)++] = str_dup(tag->text);
	(*list)[*count] = NULL;
	return 0;
}

/* ---- searches --------------------------------------------------------------------- */

/* The array NAME of an object, which may be missing or null: *RET is its first element then, NULL. */
static int find_list(struct arena *arena, const char *text, size_t length, const char *name, const struct json **ret, size_t *ret_count, struct error *err)
{
	const struct json *list;
	struct json *root = NULL;
	int r = json_parse(arena, text, length, &root, err);

	if (r < 0)
		return r;
	if (root->type != JSON_OBJECT)
		return error_set(err, ERROR_INVALID, 0, "expected object, found %s", json_type_name(root->type));
	list = json_member(root, name);
	if (list && list->type != JSON_ARRAY && list->type != JSON_NULL)
		return error_set(err, ERROR_INVALID, 0, "%s: expected array, found %s", name, json_type_name(list->type));
	*ret = list && list->type == JSON_ARRAY ? list->first : NULL;
	*ret_count = *ret ? list->length : 0;
	return 0;
}

static size_t room_for(size_t count)
{
	return (count < ANSWER_FOUND_LIMIT ? count : ANSWER_FOUND_LIMIT) + 1;
}

int answer_decode_search(struct arena *arena, const char *text, size_t length, struct answer_found **ret, size_t *ret_count, struct error *err)
{
	const struct json *result = NULL;
	struct answer_found *list;
	size_t count = 0;
	int r = find_list(arena, text, length, "results", &result, &count, err);

	if (r < 0)
		return r;
	list = arena_alloc(arena, room_for(count), sizeof *list);
	for (count = 0; result && count < ANSWER_FOUND_LIMIT; result = result->next) {
		const struct json *stars = json_member(result, "star_count"), *official = json_member(result, "is_official");
		const char *name = text_of(result, "name"), *description = text_of(result, "description");

		if (name)
			list[count++] = (struct answer_found){ .name = name, .description = description ? description : "",
				.stars = stars && stars->type == JSON_UINT ? stars->unsigned_integer : 0,
				.is_official = official && official->type == JSON_BOOL && official->boolean };
	}
	*ret = list;
	*ret_count = count;
	return 0;
}

int answer_decode_catalog(struct arena *arena, const char *text, size_t length, const char *term, struct answer_found **ret, size_t *ret_count,
	struct error *err)
{
	const struct json *name = NULL;
	struct answer_found *list;
	size_t count = 0;
	int r = find_list(arena, text, length, "repositories", &name, &count, err);

	if (r < 0)
		return r;
	list = arena_alloc(arena, room_for(count), sizeof *list);
	for (count = 0; name && count < ANSWER_FOUND_LIMIT; name = name->next)
		if (name->type == JSON_STRING && *name->text && strcasestr(name->text, term))
			list[count++] = (struct answer_found){ .name = name->text, .description = "" };
	*ret = list;
	*ret_count = count;
	return 0;
}

/* ---- refusals ------------------------------------------------------------------------ */

void answer_decode_refusal(struct arena *arena, const char *text, size_t length, const char **ret_code, const char **ret_message)
{
	const struct json *errors, *first = NULL;
	struct json *root = NULL;

	*ret_code = *ret_message = NULL;
	if (length == 0 || json_parse(arena, text, length, &root, NULL) < 0)
		return;
	errors = json_member(root, "errors");
	if (errors && errors->type == JSON_ARRAY)
		first = errors->first;
	*ret_code = text_of(first, "code");
	*ret_message = text_of(first, "message");
	/* Places that give tokens, and what stands in front of registries, have words of their own. */
	if (!*ret_message)
		*ret_message = text_of(root, "details");
	if (!*ret_message)
		*ret_message = text_of(root, "message");
	if (!*ret_message)
		*ret_message = text_of(root, "error_description");
}

/* ---- headers ---------------------------------------------------------------------------- */

/* Whether the parameters up to END say rel=next, with quotes or without. */
static bool says_next(const char *parameters, const char *end)
{
	for (const char *at = parameters; at < end; at++) {
		if (end - at < 8 || strncasecmp(at, "rel=", 4) != 0)
			continue;
		at += 4 + (at[4] == '"');
		if (end - at >= 4 && strncasecmp(at, "next", 4) == 0)
			return true;
	}
	return false;
}

char *answer_next_link(const char *link)
{
	while ((link = strchr(link, '<'))) {
		const char *close = strchr(link, '>'), *end;

		if (!close)
			return NULL;
		end = strchr(close, '<');
		end = end ? end : close + strlen(close);
		if (says_next(close, end))
			return str_printf("%.*s", (int)(close - link - 1), link + 1);
		link = close;
	}
	return NULL;
}

int answer_decode_range(const char *range, uint64_t *ret_bytes)
{
	uint64_t last = 0;

	if (str_starts_with(range, "bytes="))
		range += strlen("bytes=");
	/* What an upload has nothing of yet: "0-0" of most registries, which cannot be told from one byte; a byte too few is only sent again. */
	if (!str_starts_with(range, "0-") || str_to_u64(range + 2, 10, &last) < 0 || last >= UINT64_MAX / 2)
		return -EINVAL;
	*ret_bytes = last ? last + 1 : 0;
	return 0;
}
