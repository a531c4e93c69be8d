/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_parameters.h"
#include "spec/decode.h"

/* The document, or 0 with .root NULL for one that says nothing. */
static int open_parameter(struct decoder *d, const char *text)
{
	int r;

	if (str_is_empty(text))
		return 0;
	r = decode_open(d, text, strlen(text));
	if (r == 0 && (d->root->type == JSON_NULL || ((d->root->type == JSON_OBJECT || d->root->type == JSON_ARRAY) && !d->root->first)))
		d->root = NULL;
	return r;
}

int spec_build_pairs_decode(struct arena *arena, const char *name, const char *text, struct spec_pair **ret, size_t *ret_count, struct error *err)
{
	struct decoder d = { .arena = arena, .name = name, .prefix = name, .err = err };
	size_t count = 0;
	int r = open_parameter(&d, text);

	*ret = NULL;
	*ret_count = 0;
	if (r < 0 || !d.root)
		return r;
	r = decode_expect(&d, d.root, JSON_OBJECT);
	if (r < 0)
		return r;
	*ret = arena_alloc(arena, d.root->length, sizeof **ret);
	for (const struct json *value = d.root->first; r == 0 && value; value = value->next) {
		if (value->type == JSON_NULL)
			continue;
		(*ret)[count].key = (char *)value->key;
		r = decode_string(&d, value, SPEC_STRING_LIMIT, &(*ret)[count++].value);
	}
	*ret_count = count;
	return r;
}

int spec_build_arguments_decode(struct arena *arena, const char *text, char ***ret, struct error *err)
{
	struct spec_pair *pairs;
	size_t count;
	int r = spec_build_pairs_decode(arena, "buildargs", text, &pairs, &count, err);

	*ret = NULL;
	if (r < 0 || count == 0)
		return r;
	*ret = arena_alloc(arena, count + 1, sizeof **ret);
	for (size_t i = 0; i < count; i++)
		(*ret)[i] = arena_printf(arena, "%s=%s", pairs[i].key, pairs[i].value);
	return 0;
}

static const struct field ulimit_fields[] = {
	FIELD_MUST(STRING, struct spec_container_ulimit, name, "Name"),
	FIELD(I64, struct spec_container_ulimit, soft, "Soft"),
	FIELD(I64, struct spec_container_ulimit, hard, "Hard"),
};

static int decode_ulimit(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, ulimit_fields, ARRAY_SIZE(ulimit_fields), element, NULL);
}

int spec_build_ulimits_decode(struct arena *arena, const char *text, struct spec_container_ulimit **ret, size_t *ret_count, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "ulimits", .prefix = "ulimits", .err = err };
	int r = open_parameter(&d, text);

	*ret = NULL;
	*ret_count = 0;
	return r < 0 || !d.root ? r : decode_list(&d, d.root, JSON_ARRAY, sizeof **ret, decode_ulimit, ret, ret_count);
}
