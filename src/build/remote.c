/* SPDX-License-Identifier: Apache-2.0 */
#include "build/remote.h"

#include "base/str.h"

#define UNNAMED "__unnamed__"

static const char *const beginnings[] = { "http://", "https://", "git://", "ssh://", "git@" };

bool remote_is(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (str_starts_with(text, beginnings[i]))
			return true;
	return false;
}

bool remote_is_commit(const char *text)
{
	size_t length = strlen(text);

	return (length == 40 || length == 64) && strspn(text, "0123456789abcdef") == length;
}

const char *remote_shown(struct arena *arena, const char *text)
{
	const char *scheme = strstr(text, "://"), *host = scheme ? scheme + 3 : text, *at = NULL;

	for (const char *c = host; *c && !strchr("/?#", *c); c++)
		at = *c == '@' ? c : at;
	/* A name alone ("git@") is no secret. */
	if (!scheme || !at || !memchr(host, ':', (size_t)(at - host)))
		return text;
	return arena_printf(arena, "%.*sxxxxx:xxxxx%s", (int)(host - text), text, at);
}

/* ---- escapes ---------------------------------------------------------------------------- */

/* LENGTH bytes of TEXT with "%41" replaced; NULL if there is an escape that is none, or a NUL. */
static char *unescape(struct arena *arena, const char *text, size_t length)
{
	char *out = arena_alloc(arena, length + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int high, low;

		if (text[i] != '%') {
			out[n++] = text[i];
			continue;
		}
		high = i + 1 < length ? str_hex_digit(text[i + 1]) : -1;
		low = i + 2 < length ? str_hex_digit(text[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	return out;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Where the path begins, behind the host; and its end. */
static const char *find_path(const char *text, const char **ret_end)
{
	const char *scheme = strstr(text, "://"), *host = scheme ? scheme + 3 : text, *path = host + strcspn(host, "/?#");

	*ret_end = path + strcspn(path, "?#");
	return path;
}

static int parse_file(struct arena *arena, const char *text, struct remote *ret, struct error *err)
{
	const char *end, *path = find_path(text, &end), *base;
	char *name;

	while (end > path && end[-1] == '/')
		end--;
	for (base = end; base > path && base[-1] != '/'; base--)
		;
	name = unescape(arena, base, (size_t)(end - base));
	if (!name)
		return error_set(err, ERROR_INVALID, 0, "'%s' has an escape that is none", text);
	if (strchr(name, '/'))
		name = strrchr(name, '/') + 1;
	ret->name = *name && !str_equal(name, ".") && !str_equal(name, "..") ? name : UNNAMED;
	/* What is behind a '#' is for whoever reads the file. */
	ret->url = arena_strndup(arena, text, strcspn(text, "#"));
	return 0;
}

/* ---- repositories ------------------------------------------------------------------------------ */

static int set_reference(struct remote *remote, const char *reference, struct error *err)
{
	if (!*reference)
		return 0;
	if (remote->reference && !str_equal(remote->reference, reference))
		return error_set(err, ERROR_INVALID, 0, "'%s' and '%s' cannot both be meant", remote->reference, reference);
	/* Nothing that git takes for an option, or for two; git-check-ref-format(1). */
	if (*reference == '-' || strpbrk(reference, " ~^:?*[\\\"'$`") || strstr(reference, ".."))
		return error_set(err, ERROR_INVALID, 0, "'%s' is no name of a branch, a tag or a commit", reference);
	for (const char *c = reference; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(err, ERROR_INVALID, 0, "the reference has a control character");
	remote->reference = reference;
	return 0;
}

static int set_directory(struct arena *arena, struct remote *remote, const char *directory, struct error *err)
{
	char *copy = arena_strdup(arena, directory), *clean = arena_alloc(arena, strlen(directory) + 1, 1), *save = NULL;

	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (str_equal(part, "."))
			continue;
		if (str_equal(part, ".."))
			return error_set(err, ERROR_INVALID, 0, "the directory '%s' leads out of the repository", directory);
		if (*clean)
			strcat(clean, "/");
		strcat(clean, part);
	}
	if (*clean && remote->directory && !str_equal(remote->directory, clean))
		return error_set(err, ERROR_INVALID, 0, "'%s' and '%s' cannot both be meant", remote->directory, clean);
	if (*clean)
		remote->directory = clean;
	return 0;
}

static int set_commit(struct remote *remote, const char *commit, struct error *err)
{
	size_t length = strlen(commit);

	if (length < 7 || length > 64 || strspn(commit, "0123456789abcdef") != length)
		return error_set(err, ERROR_INVALID, 0, "'%s' is no name of a commit", commit);
	remote->commit = commit;
	return 0;
}

static int set_key(struct arena *arena, struct remote *remote, const char *key, const char *value, struct error *err)
{
	if (str_equal(key, "ref"))
		return set_reference(remote, value, err);
	if (str_equal(key, "branch"))
		return set_reference(remote, arena_printf(arena, "refs/heads/%s", value), err);
	if (str_equal(key, "tag"))
		return set_reference(remote, arena_printf(arena, "refs/tags/%s", value), err);
	if (str_equal(key, "subdir"))
		return set_directory(arena, remote, value, err);
	if (str_equal(key, "commit") || str_equal(key, "checksum"))
		return set_commit(remote, value, err);
	error_set(err, ERROR_INVALID, 0, "unknown key '%s'", key);
	error_hint(err, "known are branch, tag, ref, commit, checksum and subdir");
	return -EINVAL;
}

static int parse_query(struct arena *arena, struct remote *remote, const char *query, size_t length, struct error *err)
{
	char *save = NULL, *copy = arena_strndup(arena, query, length);
	int r = 0;

	for (char *pair = strtok_r(copy, "&", &save); r == 0 && pair; pair = strtok_r(NULL, "&", &save)) {
		size_t key_length = strcspn(pair, "=");
		const char *value = pair[key_length] ? pair + key_length + 1 : "";

		value = unescape(arena, value, strlen(value));
		r = value ? set_key(arena, remote, arena_strndup(arena, pair, key_length), value, err) :
			error_set(err, ERROR_INVALID, 0, "'%s' has an escape that is none", pair);
	}
	return r;
}

static int parse_fragment(struct arena *arena, struct remote *remote, const char *fragment, struct error *err)
{
	size_t length = strcspn(fragment, ":");
	int r = set_reference(remote, arena_strndup(arena, fragment, length), err);

	return r == 0 && fragment[length] ? set_directory(arena, remote, fragment + length + 1, err) : r;
}

static int parse_git(struct arena *arena, const char *text, struct remote *ret, struct error *err)
{
	const char *fragment = strchr(text, '#'), *query;
	size_t length = strcspn(text, "#");
	int r = 0;

	query = memchr(text, '?', length);
	ret->kind = REMOTE_GIT;
	ret->url = arena_strndup(arena, text, query ? (size_t)(query - text) : length);
	if (query)
		r = parse_query(arena, ret, query + 1, length - (size_t)(query + 1 - text), err);
	if (r == 0 && fragment)
		r = parse_fragment(arena, ret, fragment + 1, err);
	return r < 0 ? error_wrap(err, "'%s'", text) : 0;
}

int remote_parse(struct arena *arena, const char *text, struct remote *ret, struct error *err)
{
	const char *end, *path = find_path(text, &end);

	*ret = (struct remote){ .kind = REMOTE_FILE };
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return error_set(err, ERROR_INVALID, 0, "'%s' is no address: it has a blank or a control character", text);
	if (str_starts_with(text, "http") && (end - path < 5 || strncmp(end - 4, ".git", 4) != 0))
		return parse_file(arena, text, ret, err);
	return parse_git(arena, text, ret, err);
}

const char *remote_address(struct arena *arena, const struct remote *remote, const char *reference)
{
	const char *url = remote_shown(arena, remote->url);

	if (!reference)
		reference = remote->reference ? remote->reference : remote->commit;
	return remote->kind == REMOTE_GIT && reference ? arena_printf(arena, "%s#%s", url, reference) : url;
}

const char *remote_digest(struct arena *arena, const struct remote *remote, const char *content)
{
	if (remote->kind == REMOTE_FILE)
		return content;
	return arena_printf(arena, "%s:%s", strlen(content) == 40 ? "sha1" : "sha256", content);
}
