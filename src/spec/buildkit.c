/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/buildkit.h"

const char *spec_buildkit_value(const struct spec_pair *pairs, size_t count, const char *key)
{
	for (size_t i = count; i > 0; i--)
		if (str_equal(pairs[i - 1].key, key))
			return pairs[i - 1].value;
	return NULL;
}

static int set_text(struct arena *arena, const struct protobuf_field *field, char **ret)
{
	char *text = protobuf_text(arena, field);

	if (!text)
		return -EBADMSG;
	*ret = text;
	return 0;
}

/* ---- entries: a type, and attributes --------------------------------------------------------- */

static struct spec_buildkit_entry *add_entry(struct arena *arena, struct spec_buildkit_entries *entries)
{
	if (entries->count == SPEC_BUILDKIT_ENTRY_LIMIT)
		return NULL;
	if (!entries->list)
		entries->list = arena_alloc(arena, SPEC_BUILDKIT_ENTRY_LIMIT, sizeof *entries->list);
	return &entries->list[entries->count++];
}

static int decode_entry(struct arena *arena, const struct protobuf_field *whole, struct spec_buildkit_entries *entries)
{
	struct spec_buildkit_entry *entry = add_entry(arena, entries);
	struct protobuf message = protobuf_message(whole);
	struct protobuf_field field;
	int r;

	if (!entry || whole->type != PROTOBUF_BYTES)
		return -EBADMSG;
	entry->type = (char *)"";
	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.number == 1)
			r = set_text(arena, &field, &entry->type);
		else if (field.number == 2)
			r = protobuf_add_to_map(arena, &field, &entry->attributes, &entry->attribute_count);
		if (r < 0)
			break;
	}
	return r;
}

/* CacheOptions. */
static int decode_caches(struct arena *arena, struct protobuf message, struct spec_buildkit_solve *ret)
{
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.number == 4)
			r = decode_entry(arena, &field, &ret->cache_exports);
		else if (field.number == 5)
			r = decode_entry(arena, &field, &ret->cache_imports);
		if (r < 0)
			break;
	}
	return r;
}

/* ---- solves ------------------------------------------------------------------------------------ */

static const struct spec_buildkit_solve nothing = { .ref = (char *)"", .session = (char *)"", .frontend = (char *)"" };

/* How the only output was said before there could be several. */
struct older_output {
	char *type;
	struct spec_pair *attributes;
	size_t count;
};

static int take_solve_field(struct arena *arena, const struct protobuf_field *field, struct spec_buildkit_solve *solve, struct older_output *older)
{
	switch (field->number) {
	case 1:
		return set_text(arena, field, &solve->ref);
	case 2:
		solve->has_definition |= field->length > 0;
		return 0;
	case 3:
		return set_text(arena, field, &older->type);
	case 4:
		return protobuf_add_to_map(arena, field, &older->attributes, &older->count);
	case 5:
		return set_text(arena, field, &solve->session);
	case 6:
		return set_text(arena, field, &solve->frontend);
	case 7:
		return protobuf_add_to_map(arena, field, &solve->options, &solve->option_count);
	case 8:
		return field->type == PROTOBUF_BYTES ? decode_caches(arena, protobuf_message(field), solve) : -EBADMSG;
	case 9:
		return protobuf_add_to_list(arena, field, &solve->entitlements, &solve->entitlement_count);
	case 10:
		solve->has_definition = true;
		return 0;
	case 13:
		return decode_entry(arena, field, &solve->outputs);
	default:
		return 0;
	}
}

int spec_buildkit_solve_decode(struct arena *arena, const void *bytes, size_t length, struct spec_buildkit_solve *ret)
{
	struct protobuf message = PROTOBUF(bytes, length);
	struct spec_buildkit_solve solve = nothing;
	struct older_output older = { .type = NULL };
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0)
		if ((r = take_solve_field(arena, &field, &solve, &older)) < 0)
			break;
	if (r < 0)
		return r;
	if (solve.outputs.count == 0 && !str_is_empty(older.type))
		*add_entry(arena, &solve.outputs) = (struct spec_buildkit_entry){ older.type, older.attributes, older.count };
	*ret = solve;
	return 0;
}

int spec_buildkit_bridge_solve_decode(struct arena *arena, const void *bytes, size_t length, struct spec_buildkit_solve *ret)
{
	struct protobuf message = PROTOBUF(bytes, length);
	struct spec_buildkit_solve solve = nothing;
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.number == 1 || field.number == 13)
			solve.has_definition |= field.number == 13 || field.length > 0;
		else if (field.number == 2)
			r = set_text(arena, &field, &solve.frontend);
		else if (field.number == 3)
			r = protobuf_add_to_map(arena, &field, &solve.options, &solve.option_count);
		else if (field.number == 12)
			r = decode_entry(arena, &field, &solve.cache_imports);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	*ret = solve;
	return 0;
}

/* ---- small ones ------------------------------------------------------------------------------------ */

int spec_buildkit_ref_decode(struct arena *arena, const void *bytes, size_t length, char **ret)
{
	struct protobuf message = PROTOBUF(bytes, length);
	struct protobuf_field field;
	char *ref = (char *)"";
	int r;

	while ((r = protobuf_next(&message, &field)) > 0)
		if (field.number == 1 && (r = set_text(arena, &field, &ref)) < 0)
			break;
	if (r < 0)
		return r;
	*ret = ref;
	return 0;
}

int spec_buildkit_prune_decode(struct arena *arena, const void *bytes, size_t length, struct spec_buildkit_prune *ret)
{
	struct protobuf message = PROTOBUF(bytes, length);
	struct spec_buildkit_prune prune = { .all = false };
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		int64_t value = (int64_t)field.value;

		if (field.number == 1 && (r = protobuf_add_to_list(arena, &field, &prune.filters, &prune.filter_count)) < 0)
			break;
		else if (field.number == 2 && field.type == PROTOBUF_VARINT)
			prune.all = value != 0;
		else if (field.number == 3)
			prune.keep_ns = value;
		else if (field.number == 4)
			prune.reserved_bytes = value;
		else if (field.number == 5)
			prune.max_used_bytes = value;
		else if (field.number == 6)
			prune.min_free_bytes = value;
	}
	if (r < 0)
		return r;
	*ret = prune;
	return 0;
}
