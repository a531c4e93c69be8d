/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/value_cache.h"
#include "spec/value_list.h"

/* The value of a pair on its way into a place. */
struct setting {
	struct arena *arena;
	const char *directory; /* that paths are relative to */
	const char *value;     /* or NULL */
	struct build_cache_place *place;
	struct error *err;
};

static int set_type(const struct setting *s)
{
	s->place->type = s->value;
	return 0;
}

static int set_reference(const struct setting *s)
{
	s->place->reference = s->value;
	return 0;
}

static int set_directory(const struct setting *s)
{
	s->place->directory = s->value ? value_clean_path(s->arena, s->directory, s->value) : NULL;
	return 0;
}

static int set_tag(const struct setting *s)
{
	s->place->tag = s->value;
	return 0;
}

static int set_digest(const struct setting *s)
{
	s->place->digest = s->value;
	return 0;
}

static int set_mode(const struct setting *s)
{
	static const char *const words[] = { "min", "max", NULL };

	s->place->is_maximal = str_equal(s->value, "max");
	return value_check_word(s->value ? s->value : "", words, s->err);
}

static int set_mounts(const struct setting *s)
{
	return value_parse_bool(s->value, &s->place->with_mounts, s->err);
}

static int set_compression(const struct setting *s)
{
	static const char *const words[] = { "gzip", "zstd", "uncompressed", NULL };

	s->place->compression = s->value;
	return value_check_word(s->value ? s->value : "", words, s->err);
}

static int set_level(const struct setting *s)
{
	return str_to_i64(s->value ? s->value : "", 10, &s->place->compression_level) < 0 ? error_set(s->err, ERROR_INVALID, 0, "expected a number") : 0;
}

static int set_force(const struct setting *s)
{
	return value_parse_bool(s->value, &s->place->force_compression, s->err);
}

static int set_ignore(const struct setting *s)
{
	return value_parse_bool(s->value, &s->place->ignores_errors, s->err);
}

static int set_insecure(const struct setting *s)
{
	return value_parse_bool(s->value, &s->place->is_insecure, s->err);
}

/* A cache is always a manifest, which every registry takes: what docker calls image-manifest=true. */
static int check_flag(const struct setting *s)
{
	bool flag;

	return value_parse_bool(s->value, &flag, s->err);
}

/* And that is OCI's. */
static int check_types(const struct setting *s)
{
	bool flag = true;
	int r = value_parse_bool(s->value, &flag, s->err);

	return r == 0 && !flag ? error_set(s->err, ERROR_UNSUPPORTED, 0, "docker's media types have none for a cache") : r;
}

static const struct {
	const char *key;
	int (*set)(const struct setting *setting);
} settings[] = {
	{ "type", set_type },
	{ "ref", set_reference },
	{ "src", set_directory },
	{ "dest", set_directory },
	{ "tag", set_tag },
	{ "digest", set_digest },
	{ "mode", set_mode },
	{ "mounts", set_mounts },
	{ "compression", set_compression },
	{ "compression-level", set_level },
	{ "force-compression", set_force },
	{ "ignore-error", set_ignore },
	{ "registry.insecure", set_insecure },
	{ "image-manifest", check_flag },
	{ "oci-mediatypes", check_types },
};

static int set(const struct setting *setting, const char *key)
{
	const char *keys[ARRAY_SIZE(settings) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		keys[i] = settings[i].key;
		if (str_equal(key, keys[i]))
			return settings[i].set(setting);
	}
	return value_refuse_key(key, keys, setting->err);
}

static int check(const struct build_cache_place *place, bool is_source, struct error *err)
{
	static const char *const types[] = { "registry", "local", "inline", NULL };
	int r = value_check_word(place->type ? place->type : "", types, err);

	if (r == 0 && is_source && str_equal(place->type, "inline")) {
		error_set(err, ERROR_INVALID, 0, "it is the image that has such a cache in it");
		error_hint(err, "type=registry,ref=IMAGE reads it");
		return -EINVAL;
	}
	if (r == 0 && str_equal(place->type, "registry") && str_is_empty(place->reference))
		r = error_set(err, ERROR_INVALID, 0, "ref= is missing");
	if (r == 0 && str_equal(place->type, "local") && str_is_empty(place->directory))
		r = error_set(err, ERROR_INVALID, 0, "src= or dest= is missing");
	return r;
}

int value_cache_parse(struct arena *arena, const char *text, const char *directory, bool is_source, struct build_cache_place *ret, struct error *err)
{
	struct setting setting = { .arena = arena, .directory = directory, .place = ret, .err = err };
	struct value_strings parts;
	int r = value_split_quoted(arena, text, &parts, err);

	*ret = (struct build_cache_place){ .type = "registry" };
	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		struct spec_pair pair = value_split_pair(arena, parts.items[i]);

		setting.value = pair.value;
		if (!pair.value && parts.count == 1) /* the older form: an image */
			ret->reference = pair.key;
		else
			r = set(&setting, pair.key);
	}
	return r < 0 ? r : check(ret, is_source, err);
}
