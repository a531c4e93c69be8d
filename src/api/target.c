/* SPDX-License-Identifier: Apache-2.0 */
#include "api/target.h"
#include "base/json.h"
#include "base/str.h"

#include <strings.h>

/* ---- decoding ------------------------------------------------------------------------------ */

/* LENGTH bytes with their "%XX" (RFC 3986), and in a query '+' for a blank; NULL if that is wrong or has a NUL. */
static char *unescape(struct arena *arena, const char *text, size_t length, bool is_query)
{
	char *ret = arena_alloc(arena, length + 1, 1), *out = ret;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < length ? str_hex_digit(text[i + 1]) : -1;
			int low = i + 2 < length ? str_hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		if (c == '\0')
			return NULL;
		*out++ = c;
	}
	return ret;
}

/* ---- the version ------------------------------------------------------------------------------ */

/* Digits, nine at most, from TEXT on; how many. */
static size_t read_number(const char *text, uint64_t *ret)
{
	size_t length = 0;

	for (*ret = 0; text[length] >= '0' && text[length] <= '9' && length < 9; length++)
		*ret = *ret * 10 + (uint64_t)(text[length] - '0');
	return length;
}

/* "/v1.41" at the beginning, followed by the next part or the end: how long it is, 0: it is not there, and *RET_… are kept. */
static size_t match_version(const char *text, uint64_t *ret_major, uint64_t *ret_minor)
{
	size_t at = strlen("/v"), length;
	uint64_t major, minor;

	if (!str_starts_with(text, "/v"))
		return 0;
	length = read_number(text + at, &major);
	at += length;
	if (length == 0 || text[at++] != '.')
		return 0;
	length = read_number(text + at, &minor);
	at += length;
	if (length == 0 || (text[at] != '/' && text[at] != '\0' && text[at] != '?'))
		return 0;
	*ret_major = major;
	*ret_minor = minor;
	return at;
}

static int take_version(const char **text, struct api_target *target, struct error *err)
{
	uint64_t major = 1, minor = API_VERSION_MOST;
	size_t length = match_version(*text, &major, &minor);

	if (major < 1 || (major == 1 && minor < API_VERSION_LEAST))
		return error_set(err, ERROR_INVALID, 0,
			"client version %.*s is too old. Minimum supported API version is 1.%d, please upgrade your client to a newer version",
			length > 2 ? (int)length - 2 : 0, *text + 2, API_VERSION_LEAST);
	if (major > 1 || minor > API_VERSION_KNOWN)
		return error_set(err, ERROR_INVALID, 0, "client version %.*s is too new. Maximum supported API version is 1.%d",
			length > 2 ? (int)length - 2 : 0, *text + 2, API_VERSION_MOST);
	target->minor = (unsigned)minor;
	*text += length;
	return 0;
}

/* ---- path and query ------------------------------------------------------------------------------- */

static int take_segments(struct arena *arena, const char *text, size_t length, struct api_target *target, struct error *err)
{
	size_t at = 0;

	target->segments = arena_alloc(arena, API_TARGET_SEGMENTS + 1, sizeof *target->segments);
	while (at < length && text[at] == '/' && target->segment_count < API_TARGET_SEGMENTS) {
		const char *start = text + ++at, *end = memchr(start, '/', length - at);
		size_t part = end ? (size_t)(end - start) : length - at;
		char *segment = unescape(arena, start, part, false);

		if (!segment)
			return error_set(err, ERROR_INVALID, 0, "invalid path '%.*s'", (int)(length < 200 ? length : 200), text);
		target->segments[target->segment_count++] = segment;
		at += part;
	}
	if (at < length || target->segment_count == 0)
		return error_set(err, ERROR_INVALID, 0, "invalid path '%.*s'", (int)(length < 200 ? length : 200), text);
	return 0;
}

static int take_parameter(struct arena *arena, const char *text, size_t length, struct api_target *target, struct error *err)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals ? (size_t)(equals - text) : length;
	struct spec_pair pair = { .key = unescape(arena, text, name_length, true),
				  .value = equals ? unescape(arena, equals + 1, length - name_length - 1, true) : arena_strdup(arena, "") };

	if (!pair.key || !pair.value)
		return error_set(err, ERROR_INVALID, 0, "invalid query parameter '%.*s'", (int)(length < 200 ? length : 200), text);
	if (target->query_count == API_TARGET_PARAMETERS)
		return error_set(err, ERROR_INVALID, 0, "more than %d query parameters", API_TARGET_PARAMETERS);
	target->query[target->query_count++] = pair;
	return 0;
}

static int take_query(struct arena *arena, const char *text, struct api_target *target, struct error *err)
{
	int r = 0;

	target->query = arena_alloc(arena, API_TARGET_PARAMETERS, sizeof *target->query);
	while (r == 0 && *text) {
		size_t length = strcspn(text, "&");

		if (length > 0)
			r = take_parameter(arena, text, length, target, err);
		text += length + (text[length] == '&');
	}
	return r;
}

int api_target_decode(struct arena *arena, const char *text, struct api_target *ret, struct error *err)
{
	struct api_target target = { 0 };
	size_t path;
	int r = take_version(&text, &target, err);

	if (r < 0)
		return r;
	path = strcspn(text, "?");
	r = take_segments(arena, text, path, &target, err);
	if (r == 0)
		r = take_query(arena, text + path + (text[path] == '?'), &target, err);
	if (r == 0)
		*ret = target;
	return r;
}

/* ---- values ---------------------------------------------------------------------------------------- */

const char *api_target_value(const struct api_target *target, const char *name)
{
	for (size_t i = 0; i < target->query_count; i++)
		if (str_equal(target->query[i].key, name))
			return target->query[i].value;
	return NULL;
}

char **api_target_values(struct arena *arena, const struct api_target *target, const char *name)
{
	char **values = arena_alloc(arena, target->query_count + 1, sizeof *values);
	size_t count = 0;

	for (size_t i = 0; i < target->query_count; i++)
		if (str_equal(target->query[i].key, name))
			values[count++] = target->query[i].value;
	return values;
}

bool api_target_flag(const struct api_target *target, const char *name, bool fallback)
{
	static const char *const negative[] = { "", "0", "no", "false", "none" };
	const char *value = api_target_value(target, name);

	if (!value)
		return fallback;
	for (size_t i = 0; i < ARRAY_SIZE(negative); i++)
		if (strcasecmp(value, negative[i]) == 0)
			return false;
	return true;
}

int api_target_number(const struct api_target *target, const char *name, int64_t low, int64_t high, int64_t *ret, struct error *err)
{
	const char *value = api_target_value(target, name);
	int64_t number;

	if (str_is_empty(value))
		return 0;
	if (str_to_i64(value, 10, &number) < 0 || number < low || number > high)
		return error_set(err, ERROR_INVALID, 0, "invalid value '%.100s' of the parameter '%s'", value, name);
	*ret = number;
	return 0;
}

/* ---- filters ------------------------------------------------------------------------------------------ */

#define FILTER_LIMIT 1024

static int add_filter(struct arena *arena, const struct json *value, const char *name, char **list, size_t *count, struct error *err)
{
	/* An element of a list, or a member whose name is the value. */
	const char *text = value->key ? value->key : value->type == JSON_STRING ? value->text : NULL;

	if (!text)
		return error_set(err, ERROR_INVALID, 0, "invalid filter '%.100s': expected texts", name);
	if (*count == FILTER_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "more than %d filters", FILTER_LIMIT);
	list[(*count)++] = arena_printf(arena, "%s=%s", name, text);
	return 0;
}

int api_target_filters(struct arena *arena, const struct api_target *target, char ***ret, struct error *err)
{
	const char *text = api_target_value(target, "filters");
	struct json *document = NULL;
	size_t count = 0;
	char **list;
	int r = 0;

	*ret = NULL;
	if (str_is_empty(text))
		return 0;
	if (json_parse(arena, text, strlen(text), &document, NULL) < 0 || (document->type != JSON_OBJECT && document->type != JSON_NULL))
		return error_set(err, ERROR_INVALID, 0, "invalid filters: expected a JSON object");
	list = arena_alloc(arena, FILTER_LIMIT + 1, sizeof *list);
	for (const struct json *filter = document->type == JSON_OBJECT ? document->first : NULL; r == 0 && filter; filter = filter->next) {
		if (filter->type != JSON_OBJECT && filter->type != JSON_ARRAY)
			return error_set(err, ERROR_INVALID, 0, "invalid filter '%.100s': expected a list", filter->key);
		for (const struct json *value = filter->first; r == 0 && value; value = value->next)
			r = add_filter(arena, value, filter->key, list, &count, err);
	}
	if (r == 0 && count > 0)
		*ret = list;
	return r;
}
