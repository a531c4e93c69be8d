/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_secret.h"
#include "spec/value_list.h"

static int set(struct arena *arena, const char *directory, const struct spec_pair *pair, struct build_secret *secret, struct error *err)
{
	static const char *const keys[] = { "id", "src", "source", "env", "type", NULL };

	if (str_equal(pair->key, "id"))
		secret->id = pair->value;
	else if (str_equal(pair->key, "src") || str_equal(pair->key, "source"))
		secret->path = pair->value ? value_clean_path(arena, directory, pair->value) : NULL;
	else if (str_equal(pair->key, "env"))
		secret->variable = pair->value;
	else if (!str_equal(pair->key, "type"))
		return value_refuse_key(pair->key, keys, err);
	return 0;
}

int value_secret_parse(struct arena *arena, const char *text, const char *directory, struct build_secret *ret, struct error *err)
{
	struct build_secret secret = { .id = NULL };
	struct value_strings parts;
	int r = value_split_quoted(arena, text, &parts, err);

	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		const struct spec_pair pair = value_split_pair(arena, parts.items[i]);

		r = set(arena, directory, &pair, &secret, err);
	}
	if (r < 0)
		return r;
	if (str_is_empty(secret.id))
		return error_set(err, ERROR_INVALID, 0, "expected id=ID");
	/* Docker's: neither means a variable of that name, or a file of that name. */
	if (!secret.path && !secret.variable && getenv(secret.id))
		secret.variable = secret.id;
	if (!secret.path && !secret.variable)
		secret.path = value_clean_path(arena, directory, secret.id);
	*ret = secret;
	return 0;
}

int value_ssh_parse(struct arena *arena, const char *text, const char *directory, struct build_secret *ret, struct error *err)
{
	const struct spec_pair pair = value_split_pair(arena, text);
	struct build_secret secret = { .id = pair.key };
	char *rest = pair.value, *part;

	if (str_is_empty(pair.key))
		return error_set(err, ERROR_INVALID, 0, "expected default, ID=SOCKET or ID=KEY[,KEY…]");
	while ((part = strsep(&rest, ","))) {
		char *path = value_clean_path(arena, directory, part);

		if (str_is_empty(part) && (secret.path || rest))
			return error_set(err, ERROR_INVALID, 0, "expected a path behind each comma");
		if (secret.path)
			secret.more = strv_append(arena, secret.more, path);
		else
			secret.path = path;
	}
	*ret = secret;
	return 0;
}
