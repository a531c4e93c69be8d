/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_cache.h"
#include "cli/value_list.h"

static int set_mode(struct build_cache_place *place, const char *word, struct error *err)
{
	static const char *const words[] = { "min", "max", NULL };

	place->is_maximal = str_equal(word, "max");
	return value_check_word(word ? word : "", words, err);
}

int value_cache_parse(struct arena *arena, const char *text, const char *directory, struct build_cache_place *ret, struct error *err)
{
	static const char *const types[] = { "registry", "local", "inline", NULL };
	static const char *const keys[] = { "type", "ref", "src", "dest", "mode", "mounts", NULL };
	struct value_strings parts;
	int r = value_split_quoted(arena, text, &parts, err);

	*ret = (struct build_cache_place){ .type = "registry" };
	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		struct spec_pair pair = value_split_pair(arena, parts.items[i]);

		if (!pair.value && parts.count == 1) /* the older form: an image */
			ret->reference = pair.key;
		else if (str_equal(pair.key, "type"))
			ret->type = pair.value;
		else if (str_equal(pair.key, "ref"))
			ret->reference = pair.value;
		else if (str_equal(pair.key, "src") || str_equal(pair.key, "dest"))
			ret->directory = pair.value ? value_clean_path(arena, directory, pair.value) : NULL;
		else if (str_equal(pair.key, "mode"))
			r = set_mode(ret, pair.value, err);
		else if (str_equal(pair.key, "mounts"))
			r = value_parse_bool(pair.value, &ret->with_mounts, err);
		else if (!str_equal(pair.key, "compression") && !str_equal(pair.key, "oci-mediatypes") && !str_equal(pair.key, "image-manifest") &&
			 !str_equal(pair.key, "ignore-error") && !str_equal(pair.key, "force-compression") && !str_equal(pair.key, "tag"))
			r = value_refuse_key(pair.key, keys, err);
	}
	if (r == 0)
		r = value_check_word(ret->type ? ret->type : "", types, err);
	if (r == 0 && str_equal(ret->type, "registry") && str_is_empty(ret->reference))
		r = error_set(err, ERROR_INVALID, 0, "ref= is missing");
	if (r == 0 && str_equal(ret->type, "local") && str_is_empty(ret->directory))
		r = error_set(err, ERROR_INVALID, 0, "src= or dest= is missing");
	return r;
}
