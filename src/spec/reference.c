/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/reference.h"
#include "base/str.h"
#include "spec/image_digest.h"

#define LIBRARY "library/"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}

static bool has_upper(const char *text)
{
	while (*text && !is_upper(*text))
		text++;
	return *text;
}

/* ---- the parts' grammar -------------------------------------------------- */

bool spec_reference_is_tag(const char *text)
{
	size_t length = 0;

	if (!is_alnum(*text) && *text != '_')
		return false;
	for (; text[length]; length++)
		if (length >= SPEC_REFERENCE_TAG_LIMIT || (!is_alnum(text[length]) && !strchr("_.-", text[length])))
			return false;
	return true;
}

/* An address of version 6 in brackets, without a zone: where it ends, or NULL. */
static const char *skip_bracketed(const char *text)
{
	size_t length = strspn(text + 1, "0123456789abcdefABCDEF:");

	return length > 0 && text[length + 1] == ']' ? text + length + 2 : NULL;
}

/* Components of letters, digits and inner hyphens with a dot between them: where they end, or NULL. */
static const char *skip_host(const char *text)
{
	for (;;) {
		const char *start = text;

		while (is_alnum(*text) || *text == '-')
			text++;
		if (text == start || *start == '-' || text[-1] == '-')
			return NULL;
		if (*text != '.')
			return text;
		text++;
	}
}

bool spec_reference_is_domain(const char *text)
{
	const char *end = *text == '[' ? skip_bracketed(text) : skip_host(text);

	if (!end)
		return false;
	if (*end != ':')
		return !*end;
	end++;
	return is_digit(*end) && !end[strspn(end, "0123456789")];
}

/* Between letters and digits of a component: '.', '_', "__" or hyphens. The length, 0 if it is something else. */
static size_t separator_length(const char *text)
{
	if (*text == '-')
		return strspn(text, "-");
	if (*text == '.')
		return 1;
	return *text == '_' ? (text[1] == '_' ? 2 : 1) : 0;
}

/* Components with '/' between them. */
static bool is_path(const char *text)
{
	for (;;) {
		size_t length = 0, separator;

		while (is_lower(text[length]) || is_digit(text[length]))
			length++;
		if (length == 0)
			return false;
		text += length;
		if (!*text)
			return true;
		separator = *text == '/' ? 1 : separator_length(text);
		if (separator == 0)
			return false;
		text += separator;
	}
}

/* ---- reading -------------------------------------------------------------- */

/* Whether the first component of LENGTH bytes is a registry, not a part of a name on docker.io. */
static bool looks_like_domain(const char *text, size_t length)
{
	if (length == strlen("localhost") && memcmp(text, "localhost", length) == 0)
		return true;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '.' || text[i] == ':' || is_upper(text[i]))
			return true;
	return false;
}

/* Sorts NAME, which has neither tag nor digest, into domain and path. */
static void split_domain(struct arena *arena, const char *name, struct spec_reference *ret)
{
	size_t length = strcspn(name, "/");

	ret->domain = arena_strdup(arena, SPEC_DEFAULT_DOMAIN);
	if (name[length] && looks_like_domain(name, length)) {
		ret->domain = arena_strndup(arena, name, length);
		name += length + 1;
	}
	if (str_equal(ret->domain, "index.docker.io"))
		ret->domain = arena_strdup(arena, SPEC_DEFAULT_DOMAIN);
	ret->path = str_equal(ret->domain, SPEC_DEFAULT_DOMAIN) && !strchr(name, '/') && *name ? arena_printf(arena, LIBRARY "%s", name)
											      : arena_strdup(arena, name);
}

/* Cuts "@digest" and ":tag" off NAME. */
static void split_suffixes(char *name, struct spec_reference *ret)
{
	char *mark = strchr(name, '@');
	char *last = NULL;

	if (mark) {
		*mark = '\0';
		ret->digest = mark + 1;
	}
	last = strrchr(name, '/');
	mark = strchr(last ? last : name, ':');
	if (mark) {
		*mark = '\0';
		ret->tag = mark + 1;
	}
}

/* PART, which may be NULL, is what CAUSE is said of. */
static int refuse(struct error *err, const char *text, const char *part, const char *cause)
{
	if (part)
		return error_set(err, ERROR_INVALID, 0, "invalid reference '%.280s': '%.280s' %s", text, part, cause);
	return error_set(err, ERROR_INVALID, 0, "invalid reference '%.280s': %s", text, cause);
}

static int check_parts(const char *text, const struct spec_reference *ret, struct error *err)
{
	if (!spec_reference_is_domain(ret->domain))
		return refuse(err, text, ret->domain, "is no registry");
	if (has_upper(ret->path))
		return refuse(err, text, NULL, "the repository must be lower case");
	if (!is_path(ret->path))
		return refuse(err, text, ret->path, "is no name of a repository");
	if (strlen(ret->domain) + strlen(ret->path) + 1 > SPEC_REFERENCE_NAME_LIMIT)
		return refuse(err, text, NULL, "the name is too long");
	if (ret->tag && !spec_reference_is_tag(ret->tag))
		return refuse(err, text, ret->tag, "is no tag");
	if (ret->digest && !spec_digest_is_valid(ret->digest))
		return refuse(err, text, ret->digest, "is no digest");
	return 0;
}

int spec_reference_parse(struct arena *arena, const char *text, struct spec_reference *ret, struct error *err)
{
	struct spec_reference parts = { 0 };
	size_t length = strlen(text);
	char *name = NULL;
	int r;

	if (length == 0)
		return error_set(err, ERROR_INVALID, 0, "invalid reference '': it is empty");
	if (length > SPEC_REFERENCE_NAME_LIMIT + SPEC_REFERENCE_TAG_LIMIT + SPEC_DIGEST_LIMIT)
		return refuse(err, text, NULL, "the name is too long");
	if (spec_digest_is_hex(text, 64))
		return refuse(err, text, NULL, "it would be taken for an image's id");
	name = arena_strdup(arena, text);
	split_suffixes(name, &parts);
	split_domain(arena, name, &parts);
	r = check_parts(text, &parts, err);
	if (r == 0)
		*ret = parts;
	return r;
}

void spec_reference_add_default_tag(struct spec_reference *reference)
{
	static char latest[] = SPEC_DEFAULT_TAG;

	if (!reference->tag && !reference->digest)
		reference->tag = latest;
}

/* ---- writing --------------------------------------------------------------- */

bool spec_reference_same_repository(const struct spec_reference *a, const struct spec_reference *b)
{
	return str_equal(a->domain, b->domain) && str_equal(a->path, b->path);
}

char *spec_reference_repository(struct arena *arena, const struct spec_reference *reference)
{
	return arena_printf(arena, "%s/%s", reference->domain, reference->path);
}

static char *add_suffixes(struct arena *arena, const char *name, const struct spec_reference *reference)
{
	return arena_printf(arena, "%s%s%s%s%s", name, reference->tag ? ":" : "", reference->tag ? reference->tag : "",
			    reference->digest ? "@" : "", reference->digest ? reference->digest : "");
}

char *spec_reference_text(struct arena *arena, const struct spec_reference *reference)
{
	return add_suffixes(arena, spec_reference_repository(arena, reference), reference);
}

/* The name without what parsing adds again; the domain stays where the path alone would be taken for something else. */
char *spec_reference_familiar_repository(struct arena *arena, const struct spec_reference *reference)
{
	const char *path = reference->path;
	size_t first;

	if (!str_equal(reference->domain, SPEC_DEFAULT_DOMAIN))
		return spec_reference_repository(arena, reference);
	if (str_starts_with(path, LIBRARY) && strrchr(path, '/') == path + strlen(LIBRARY) - 1)
		path += strlen(LIBRARY);
	first = strcspn(path, "/");
	if ((path[first] && looks_like_domain(path, first)) || spec_digest_is_hex(path, 64))
		return arena_printf(arena, "%s/%s", reference->domain, path);
	return arena_strdup(arena, path);
}

char *spec_reference_familiar(struct arena *arena, const struct spec_reference *reference)
{
	return add_suffixes(arena, spec_reference_familiar_repository(arena, reference), reference);
}
