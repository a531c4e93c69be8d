/* SPDX-License-Identifier: Apache-2.0 */
#include "base/template_value.h"

#include <inttypes.h>
#include <math.h>

struct json *value_of_text(struct arena *arena, const char *text, size_t length)
{
	struct json *value = arena_alloc(arena, 1, sizeof *value);

	*value = (struct json){ .type = JSON_STRING, .text = arena_strndup(arena, text, length), .length = (uint32_t)length };
	return value;
}

struct json *value_of_bool(struct arena *arena, bool truth)
{
	struct json *value = arena_alloc(arena, 1, sizeof *value);

	*value = (struct json){ .type = JSON_BOOL, .boolean = truth };
	return value;
}

struct json *value_of_int(struct arena *arena, int64_t number)
{
	struct json *value = arena_alloc(arena, 1, sizeof *value);

	*value = number < 0 ? (struct json){ .type = JSON_INT, .integer = number }
			    : (struct json){ .type = JSON_UINT, .unsigned_integer = (uint64_t)number };
	return value;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp((*(const struct json *const *)a)->key, (*(const struct json *const *)b)->key);
}

const struct json **value_sorted_members(struct arena *arena, const struct json *object)
{
	const struct json **members = arena_alloc(arena, object->length + 1, sizeof *members);
	size_t count = 0;

	for (const struct json *member = object->first; member; member = member->next)
		members[count++] = member;
	qsort(members, count, sizeof *members, compare_keys);
	return members;
}

static void print_object(const struct json *object, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct json **members = value_sorted_members(arena, object);

	buf_add_text(out, "map[");
	for (size_t i = 0; members[i]; i++) {
		buf_printf(out, "%s%s:", i ? " " : "", members[i]->key);
		value_print(members[i], out);
	}
	buf_add_char(out, ']');
}

void value_print(const struct json *value, struct buf *out)
{
	switch (value->type) {
	case JSON_NULL:
		buf_add_text(out, "<no value>");
		break;
	case JSON_BOOL:
		buf_add_text(out, value->boolean ? "true" : "false");
		break;
	case JSON_INT:
		buf_printf(out, "%" PRId64, value->integer);
		break;
	case JSON_UINT:
		buf_printf(out, "%" PRIu64, value->unsigned_integer);
		break;
	case JSON_REAL:
		buf_printf(out, "%.15g", value->real);
		break;
	case JSON_STRING:
		buf_add(out, value->text, value->length);
		break;
	case JSON_ARRAY:
		buf_add_char(out, '[');
		for (const struct json *element = value->first; element; element = element->next) {
			if (element != value->first)
				buf_add_char(out, ' ');
			value_print(element, out);
		}
		buf_add_char(out, ']');
		break;
	case JSON_OBJECT:
		print_object(value, out);
		break;
	}
}

bool value_is_true(const struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		return false;
	case JSON_BOOL:
		return value->boolean;
	case JSON_INT:
		return value->integer != 0;
	case JSON_UINT:
		return value->unsigned_integer != 0;
	case JSON_REAL:
		return value->real != 0;
	case JSON_STRING:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return value->length > 0;
	}
	return false;
}

bool value_is_number(const struct json *value)
{
	return value->type == JSON_INT || value->type == JSON_UINT || value->type == JSON_REAL;
}

static double real_of(const struct json *value)
{
	if (value->type == JSON_REAL)
		return value->real;
	return value->type == JSON_INT ? (double)value->integer : (double)value->unsigned_integer;
}

static int order(bool less, bool more)
{
	return less ? -1 : more;
}

static int compare_numbers(const struct json *a, const struct json *b)
{
	if (a->type == JSON_REAL || b->type == JSON_REAL)
		return order(real_of(a) < real_of(b), real_of(a) > real_of(b));
	if (a->type != b->type)
		return a->type == JSON_INT ? -1 : 1;
	if (a->type == JSON_INT)
		return order(a->integer < b->integer, a->integer > b->integer);
	return order(a->unsigned_integer < b->unsigned_integer, a->unsigned_integer > b->unsigned_integer);
}

int value_compare(const struct json *a, const struct json *b, int *ret, struct error *err)
{
	if (value_is_number(a) && value_is_number(b))
		*ret = compare_numbers(a, b);
	else if (a->type == JSON_STRING && b->type == JSON_STRING)
		*ret = strcmp(a->text, b->text);
	else
		return error_set(err, ERROR_INVALID, 0, "cannot compare %s with %s", json_type_name(a->type), json_type_name(b->type));
	return 0;
}

int value_equal(const struct json *a, const struct json *b, bool *ret, struct error *err)
{
	int order_of_them = 0;
	int r = 0;

	if (a->type == JSON_NULL || b->type == JSON_NULL)
		*ret = a->type == b->type;
	else if (a->type == JSON_BOOL && b->type == JSON_BOOL)
		*ret = a->boolean == b->boolean;
	else {
		r = value_compare(a, b, &order_of_them, err);
		if (r == 0)
			*ret = order_of_them == 0;
	}
	return r;
}

int value_int(const struct json *value, int64_t *ret, struct error *err)
{
	if (value->type == JSON_INT)
		*ret = value->integer;
	else if (value->type == JSON_UINT && value->unsigned_integer <= INT64_MAX)
		*ret = (int64_t)value->unsigned_integer;
	else
		return error_set(err, ERROR_INVALID, 0, "expected a whole number, not %s", json_type_name(value->type));
	return 0;
}
