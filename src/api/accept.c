/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"
#include "base/str.h"

#include <stdbool.h>
#include <strings.h>

#define QUALITY_MOST 1000

/* A part of the header; not terminated. */
struct span {
	const char *text;
	size_t length;
};

/* One range: "text/plain;version=0.0.4;q=0.5". */
struct range {
	struct span type;
	struct span version; /* .text NULL: none */
	unsigned quality;
};

static struct span trim(struct span span)
{
	while (span.length > 0 && strchr(" \t", span.text[0])) {
		span.text++;
		span.length--;
	}
	while (span.length > 0 && strchr(" \t", span.text[span.length - 1]))
		span.length--;
	return span;
}

static bool equals(struct span span, const char *text)
{
	return span.length == strlen(text) && strncasecmp(span.text, text, span.length) == 0;
}

/* Up to the next SEPARATOR outside of quotes, which *REST begins behind; false at the end. */
static bool next_part(struct span *rest, char separator, struct span *ret)
{
	bool is_quoted = false;
	size_t i = 0;

	if (!rest->text)
		return false;
	for (; i < rest->length && (is_quoted || rest->text[i] != separator); i++) {
		if (rest->text[i] == '"')
			is_quoted = !is_quoted;
		else if (rest->text[i] == '\\' && is_quoted && i + 1 < rest->length)
			i++;
	}
	*ret = trim((struct span){ rest->text, i });
	*rest = i < rest->length ? (struct span){ rest->text + i + 1, rest->length - i - 1 } : (struct span){ NULL, 0 };
	return true;
}

/* "0.25" in thousandths; what is no weight is the highest there is. */
static unsigned parse_quality(struct span span)
{
	unsigned value = 0, weight = QUALITY_MOST;

	for (size_t i = 0; i < span.length; i++) {
		if (i == 1 && span.text[i] == '.')
			continue;
		if (span.text[i] < '0' || span.text[i] > '9' || i > 4)
			return QUALITY_MOST;
		value += (unsigned)(span.text[i] - '0') * weight;
		weight /= 10;
	}
	return span.length == 0 || value > QUALITY_MOST ? QUALITY_MOST : value;
}

static struct range parse_range(struct span text)
{
	struct range range = { .quality = QUALITY_MOST };
	struct span part;

	next_part(&text, ';', &range.type);
	while (next_part(&text, ';', &part)) {
		const char *equal = memchr(part.text, '=', part.length);
		struct span name, value;

		if (!equal)
			continue;
		name = trim((struct span){ part.text, (size_t)(equal - part.text) });
		value = trim((struct span){ equal + 1, part.length - (size_t)(equal + 1 - part.text) });
		if (value.length >= 2 && value.text[0] == '"' && value.text[value.length - 1] == '"')
			value = (struct span){ value.text + 1, value.length - 2 };
		if (equals(name, "q"))
			range.quality = parse_quality(value);
		else if (equals(name, "version"))
			range.version = value;
	}
	return range;
}

/* How closely it names the type: 0: not at all. */
static unsigned specificity(const struct range *range, const char *type, const char *version)
{
	size_t length = strcspn(type, "/") + 1;

	if (range->version.text && !equals(range->version, version))
		return 0;
	if (equals(range->type, type))
		return range->version.text ? 4 : 3;
	if (range->type.length == length + 1 && range->type.text[length] == '*' && strncasecmp(range->type.text, type, length) == 0)
		return 2;
	return equals(range->type, "*/*") ? 1 : 0;
}

unsigned api_accept_quality(const char *text, const char *type, const char *version)
{
	struct span rest = { text, text ? strlen(text) : 0 }, part;
	unsigned best = 0, quality = 0;

	if (!text)
		return QUALITY_MOST;
	while (next_part(&rest, ',', &part)) {
		const struct range range = parse_range(part);
		unsigned match = specificity(&range, type, version);

		if (match > best) {
			best = match;
			quality = range.quality;
		}
	}
	return quality;
}
