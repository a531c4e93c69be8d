/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine under every decoder of this room. Decoding keeps no record of
 * where it is: when it fails, the failing value is looked up in the tree and
 * the way to it is the path in the message.
 */
#include "spec/decode.h"
#include "base/log.h"
#include "spec/config.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

int decode_open(struct decoder *d, const char *text, size_t length)
{
	struct json *root = NULL;
	int r = json_parse(d->arena, text, length, &root, d->err);

	if (r < 0) {
		error_wrap(d->err, "%s", d->name);
		return r;
	}
	d->root = root;
	return 0;
}

/* ---- failing ------------------------------------------------------------------- */

/* ".key", or "[\"key\"]" for a name that could be mistaken for more than one. */
static void add_step(struct buf *path, const char *key)
{
	bool plain = *key;

	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			plain = false;
	if (plain)
		buf_printf(path, "%s%.64s", path->length ? "." : "", key);
	else
		buf_printf(path, "[\"%.64s\"]", key);
}

/* Appends the way from AT to WANTED; false, and nothing appended, if it is not beneath. */
static bool find_path(const struct json *at, const struct json *wanted, struct buf *path)
{
	size_t length = path->length, index = 0;

	if (at == wanted)
		return true;
	if (at->type != JSON_ARRAY && at->type != JSON_OBJECT)
		return false;
	for (const struct json *element = at->first; element; element = element->next, index++) {
		if (at->type == JSON_OBJECT)
			add_step(path, element->key);
		else
			buf_printf(path, "[%zu]", index);
		if (find_path(element, wanted, path))
			return true;
		path->length = length;
	}
	return false;
}

/* The path of VALUE, or of its MEMBER; free() it. */
static char *make_path(const struct decoder *d, const struct json *value, const char *member)
{
	struct buf path = BUF_INIT;

	buf_add_text(&path, d->prefix);
	find_path(d->root, value, &path);
	if (member)
		add_step(&path, member);
	if (path.length == 0)
		buf_add_text(&path, d->name);
	path.data[path.length] = '\0';
	return buf_take(&path);
}

static int fail_at(const struct decoder *d, const struct json *value, const char *member, const char *format, va_list args)
{
	_cleanup_free_ char *path = make_path(d, value, member);
	char what[512];

	vsnprintf(what, sizeof what, format, args);
	return error_set(d->err, ERROR_INVALID, 0, "%.400s: %s", path, what);
}

int decode_fail(const struct decoder *d, const struct json *value, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = fail_at(d, value, NULL, format, args);
	va_end(args);
	return r;
}

int decode_fail_member(const struct decoder *d, const struct json *value, const char *member, const char *format, ...)
{
	const struct json *there = json_member(value, member);
	va_list args;
	int r;

	va_start(args, format);
	r = fail_at(d, there ? there : value, there ? NULL : member, format, args);
	va_end(args);
	return r;
}

int decode_fail_missing(const struct decoder *d, const struct json *value, const char *member)
{
	return decode_fail_member(d, value, member, "missing");
}

void decode_warn(const struct decoder *d, const struct json *value, const char *format, ...)
{
	_cleanup_free_ char *path = NULL;
	char what[512];
	va_list args;

	if (!log_is_on(LOG_LEVEL_WARNING))
		return;
	path = make_path(d, value, NULL);
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	log_warning("%.400s: %s", path, what);
}

/* ---- single values ---------------------------------------------------------------- */

static int fail_type(const struct decoder *d, const struct json *value, const char *expected)
{
	return decode_fail(d, value, "expected %s, found %s", expected, json_type_name(value->type));
}

int decode_expect(const struct decoder *d, const struct json *value, enum json_type type)
{
	if (value->type != type)
		return fail_type(d, value, json_type_name(type));
	return 0;
}

int decode_int(const struct decoder *d, const struct json *value, int64_t low, int64_t high, int64_t *ret)
{
	char found[24];

	if (value->type == JSON_REAL && fabs(value->real) >= 0x1p63)
		return decode_fail(d, value, "%.17g is out of range (%" PRId64 " to %" PRId64 ")", value->real, low, high);
	if (value->type != JSON_INT && value->type != JSON_UINT)
		return fail_type(d, value, "integer");
	if ((value->type == JSON_UINT && value->unsigned_integer > INT64_MAX) || value->integer < low || value->integer > high) {
		snprintf(found, sizeof found, value->type == JSON_UINT ? "%" PRIu64 : "%" PRId64, value->unsigned_integer);
		return decode_fail(d, value, "%s is out of range (%" PRId64 " to %" PRId64 ")", found, low, high);
	}
	*ret = value->integer;
	return 0;
}

int decode_uint(const struct decoder *d, const struct json *value, uint64_t high, uint64_t *ret)
{
	if (value->type == JSON_REAL && fabs(value->real) >= 0x1p63)
		return decode_fail(d, value, "%.17g is out of range (0 to %" PRIu64 ")", value->real, high);
	if (value->type == JSON_INT)
		return decode_fail(d, value, "%" PRId64 " is out of range (0 to %" PRIu64 ")", value->integer, high);
	if (value->type != JSON_UINT)
		return fail_type(d, value, "integer");
	if (value->unsigned_integer > high)
		return decode_fail(d, value, "%" PRIu64 " is out of range (0 to %" PRIu64 ")", value->unsigned_integer, high);
	*ret = value->unsigned_integer;
	return 0;
}

int decode_string(const struct decoder *d, const struct json *value, size_t limit, char **ret)
{
	if (value->type != JSON_STRING)
		return fail_type(d, value, "string");
	if (value->length > limit)
		return decode_fail(d, value, "a string of %u bytes is too long (%zu at most)", value->length, limit);
	*ret = (char *)value->text; /* the arena is the caller's, who may change its strings */
	return 0;
}

int decode_absolute_path(const struct decoder *d, const struct json *value, char **ret)
{
	char *path = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &path);

	if (r < 0)
		return r;
	if (*path != '/')
		return decode_fail(d, value, "'%s' is not an absolute path", path);
	*ret = path;
	return 0;
}

/* Steps over "N" or "N-M", 0 <= N <= M, and blanks around. */
static bool skip_range(const char **text)
{
	unsigned long first, last;
	const char *at = *text;
	char *end;

	at += strspn(at, " ");
	if (!isdigit((unsigned char)*at))
		return false;
	first = last = strtoul(at, &end, 10);
	if (*end == '-') {
		at = end + 1;
		if (!isdigit((unsigned char)*at))
			return false;
		last = strtoul(at, &end, 10);
	}
	*text = end + strspn(end, " ");
	return first <= last && last <= UINT16_MAX; /* more than any kernel's NR_CPUS or MAX_NUMNODES */
}

int decode_number_list(const struct decoder *d, const struct json *value, char **ret)
{
	char *list = NULL;
	const char *at;
	bool good;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &list);

	if (r < 0)
		return r;
	if (!*list) {
		*ret = NULL;
		return 0;
	}
	at = list;
	while ((good = skip_range(&at)) && *at == ',')
		at++;
	if (!good || *at)
		return decode_fail(d, value, "'%.100s' is not a list such as \"0-3,7\"", list);
	*ret = list;
	return 0;
}

int decode_name(const struct decoder *d, const struct json *value, enum spec_names set, uint32_t *ret)
{
	const char *nearest;

	if (value->type != JSON_STRING)
		return fail_type(d, value, "string");
	if (spec_name_value(set, value->text, value->length, ret))
		return 0;
	nearest = spec_name_nearest(set, value->text);
	if (nearest)
		return decode_fail(d, value, "unknown %s \"%.100s\" (did you mean \"%s\"?)", spec_name_kind(set), value->text, nearest);
	return decode_fail(d, value, "unknown %s \"%.100s\"", spec_name_kind(set), value->text);
}

int decode_name_bits(const struct decoder *d, const struct json *value, enum spec_names set, uint32_t *ret)
{
	uint32_t bits = 0, bit = 0;
	int r = decode_expect(d, value, JSON_ARRAY);

	if (r < 0)
		return r;
	for (const struct json *element = value->first; element; element = element->next) {
		r = decode_name(d, element, set, &bit);
		if (r < 0)
			return r;
		bits |= bit;
	}
	*ret = bits;
	return 0;
}

/* ---- lists ---------------------------------------------------------------------------- */

static int expect_list(const struct decoder *d, const struct json *value, enum json_type type)
{
	int r = decode_expect(d, value, type);

	if (r < 0)
		return r;
	if (value->length > SPEC_ARRAY_LIMIT)
		return decode_fail(d, value, "%u elements are too many (%u at most)", value->length, SPEC_ARRAY_LIMIT);
	return 0;
}

int decode_strings(const struct decoder *d, const struct json *value, size_t limit, char ***ret)
{
	int r = expect_list(d, value, JSON_ARRAY);
	size_t count = 0;
	char **list;

	if (r < 0)
		return r;
	list = arena_alloc(d->arena, (size_t)value->length + 1, sizeof *list);
	for (const struct json *element = value->first; element; element = element->next) {
		r = decode_string(d, element, limit, &list[count++]);
		if (r < 0)
			return r;
	}
	*ret = list;
	return 0;
}

int decode_list(const struct decoder *d, const struct json *value, enum json_type type, size_t size, decode_element *element, void *ret_array,
		size_t *ret_count)
{
	int r = expect_list(d, value, type);
	size_t count = 0;
	char *array = NULL;

	if (r < 0)
		return r;
	if (value->length)
		array = arena_alloc(d->arena, value->length, size);
	for (const struct json *v = value->first; v; v = v->next) {
		r = element(d, v, array + size * count++);
		if (r < 0)
			return r;
	}
	memcpy(ret_array, &array, sizeof array);
	*ret_count = count;
	return 0;
}

int decode_set(const struct decoder *d, const struct json *value, char ***ret)
{
	int r = expect_list(d, value, JSON_OBJECT);
	char **list;
	size_t count = 0;

	if (r < 0)
		return r;
	list = arena_alloc(d->arena, value->length + 1, sizeof *list);
	for (const struct json *member = value->first; member; member = member->next)
		list[count++] = (char *)member->key;
	*ret = list;
	return 0;
}

int decode_pairs(const struct decoder *d, const struct json *value, size_t limit, struct spec_pair **ret, size_t *ret_count)
{
	int r = expect_list(d, value, JSON_OBJECT);
	struct spec_pair *pairs = NULL;
	size_t count = 0;

	if (r < 0)
		return r;
	if (value->length)
		pairs = arena_alloc(d->arena, value->length, sizeof *pairs);
	for (const struct json *v = value->first; v; v = v->next, count++) {
		if (!*v->key)
			return decode_fail(d, v, "the name is empty");
		pairs[count].key = (char *)v->key;
		r = decode_string(d, v, limit, &pairs[count].value);
		if (r < 0)
			return r;
	}
	*ret = pairs;
	*ret_count = count;
	return 0;
}

/* ---- objects by table ------------------------------------------------------------------- */

/* The index of the field called NAME, looked for from FIRST on since documents tend to keep one order; COUNT if there is none. */
static size_t find_field(const struct field *fields, size_t count, const char *name, size_t first)
{
	size_t length = strlen(name);

	for (size_t n = 0, i = first; n < count; n++, i++) {
		if (i >= count)
			i = 0;
		if (fields[i].length == length && memcmp(fields[i].name, name, length) == 0)
			return i;
	}
	return count;
}

static int decode_signed(const struct decoder *d, const struct json *value, unsigned bits, void *ret)
{
	int64_t limit = bits == 32 ? INT32_MAX : INT64_MAX, number = 0;
	int r = decode_int(d, value, -limit - 1, limit, &number);

	if (r < 0)
		return r;
	if (bits == 32)
		*(int32_t *)ret = (int32_t)number;
	else
		*(int64_t *)ret = number;
	return 0;
}

static int decode_unsigned(const struct decoder *d, const struct json *value, unsigned bits, void *ret)
{
	uint64_t number = 0;
	int r = decode_uint(d, value, UINT64_MAX >> (64 - bits), &number);

	if (r < 0)
		return r;
	if (bits == 16)
		*(uint16_t *)ret = (uint16_t)number;
	else if (bits == 32)
		*(uint32_t *)ret = (uint32_t)number;
	else
		*(uint64_t *)ret = number;
	return 0;
}

static int decode_text(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && !**ret)
		*ret = NULL;
	return r;
}

static int decode_field(const struct decoder *d, const struct json *value, const struct field *field, char *object)
{
	void *slot = object + field->offset;
	int r;

	switch ((enum field_kind)field->kind) {
	case FIELD_BOOL:
		r = decode_expect(d, value, JSON_BOOL);
		if (r == 0)
			*(bool *)slot = value->boolean;
		break;
	case FIELD_U16:
		r = decode_unsigned(d, value, 16, slot);
		break;
	case FIELD_U32:
		r = decode_unsigned(d, value, 32, slot);
		break;
	case FIELD_U64:
		r = decode_unsigned(d, value, 64, slot);
		break;
	case FIELD_I32:
		r = decode_signed(d, value, 32, slot);
		break;
	case FIELD_I64:
		r = decode_signed(d, value, 64, slot);
		break;
	case FIELD_STRING:
		r = decode_text(d, value, slot);
		break;
	case FIELD_STRINGS:
		r = decode_strings(d, value, SPEC_STRING_LIMIT, slot);
		break;
	case FIELD_PAIRS:
		return decode_pairs(d, value, SPEC_STRING_LIMIT, slot, (size_t *)(void *)(object + field->companion));
	default:
		r = -EINVAL;
	}
	if (r == 0 && field->companion != FIELD_NO_COMPANION)
		*(bool *)(object + field->companion) = true;
	return r;
}

static int find_missing(const struct decoder *d, const struct json *value, const struct field *fields, size_t count, uint64_t seen)
{
	for (size_t i = 0; i < count; i++)
		if ((fields[i].flags & FIELD_REQUIRED) && !(seen >> i & 1))
			return decode_fail_missing(d, value, fields[i].name);
	return 0;
}

int decode_fields(const struct decoder *d, const struct json *value, const struct field *fields, size_t count, void *object, decode_own *own)
{
	int r = decode_expect(d, value, JSON_OBJECT);
	uint64_t seen = 0;
	size_t next = 0;

	if (r < 0)
		return r;
	for (const struct json *member = value->first; member; member = member->next) {
		size_t i = find_field(fields, count, member->key, next);

		if (i == count || member->type == JSON_NULL)
			continue;
		if (fields[i].kind == FIELD_OWN)
			r = own(d, member, object, fields[i].id);
		else
			r = decode_field(d, member, &fields[i], object);
		if (r < 0)
			return r;
		seen |= UINT64_C(1) << i;
		next = i + 1;
	}
	return find_missing(d, value, fields, count, seen);
}

/* ---- writing ------------------------------------------------------------------------------- */

void encode_strings(struct json_writer *w, const char *key, char *const *list)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; list && list[i]; i++)
		json_write_string(w, NULL, list[i]);
	json_write_close(w, ']');
}

void encode_set(struct json_writer *w, const char *key, char *const *list)
{
	json_write_open(w, key, '{');
	for (size_t i = 0; list && list[i]; i++) {
		json_write_open(w, list[i], '{');
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

void encode_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count)
{
	json_write_open(w, key, '{');
	for (size_t i = 0; i < count; i++)
		json_write_string(w, pairs[i].key, pairs[i].value);
	json_write_close(w, '}');
}

/* A string or list, which is not given when it is NULL. */
static void encode_pointer(struct json_writer *w, const struct field *field, const char *object)
{
	const void *pointer = *(const void *const *)(const void *)(object + field->offset);

	if (!pointer)
		return;
	if (field->kind == FIELD_STRING)
		json_write_string(w, field->name, pointer);
	else if (field->kind == FIELD_STRINGS)
		encode_strings(w, field->name, pointer);
	else
		encode_pairs(w, field->name, pointer, *(const size_t *)(const void *)(object + field->companion));
}

static void encode_field(struct json_writer *w, const struct field *field, const char *object)
{
	const void *slot = object + field->offset;

	switch ((enum field_kind)field->kind) {
	case FIELD_BOOL:
		return json_write_bool(w, field->name, *(const bool *)slot);
	case FIELD_U16:
		return json_write_uint(w, field->name, *(const uint16_t *)slot);
	case FIELD_U32:
		return json_write_uint(w, field->name, *(const uint32_t *)slot);
	case FIELD_U64:
		return json_write_uint(w, field->name, *(const uint64_t *)slot);
	case FIELD_I32:
		return json_write_int(w, field->name, *(const int32_t *)slot);
	case FIELD_I64:
		return json_write_int(w, field->name, *(const int64_t *)slot);
	case FIELD_STRING:
	case FIELD_STRINGS:
	case FIELD_PAIRS:
		return encode_pointer(w, field, object);
	case FIELD_OWN:
		return;
	}
}

void encode_fields(struct json_writer *w, const struct field *fields, size_t count, const void *object)
{
	for (size_t i = 0; i < count; i++) {
		bool told = fields[i].kind < FIELD_STRING && fields[i].companion != FIELD_NO_COMPANION;

		if (!told || *(const bool *)((const char *)object + fields[i].companion))
			encode_field(w, &fields[i], object);
	}
}

/* Whether a field without companion has a value other than 0. */
static bool is_nonzero(const struct field *field, const char *object)
{
	static const uint8_t sizes[] = {
		[FIELD_BOOL] = FIELD_SIZE_BOOL, [FIELD_U16] = FIELD_SIZE_U16, [FIELD_U32] = FIELD_SIZE_U32,
		[FIELD_U64] = FIELD_SIZE_U64,	[FIELD_I32] = FIELD_SIZE_I32, [FIELD_I64] = FIELD_SIZE_I64,
	};
	static const char zero[8];

	return field->kind >= ARRAY_SIZE(sizes) || memcmp(object + field->offset, zero, sizes[field->kind]) != 0;
}

void encode_given_fields(struct json_writer *w, const struct field *fields, size_t count, const void *object)
{
	for (size_t i = 0; i < count; i++) {
		bool told = fields[i].kind < FIELD_STRING && fields[i].companion != FIELD_NO_COMPANION;

		if (told ? *(const bool *)((const char *)object + fields[i].companion) : is_nonzero(&fields[i], object))
			encode_field(w, &fields[i], object);
	}
}

/* A member that is not there. */
static void encode_absent(struct json_writer *w, const struct field *field)
{
	if (field->kind == FIELD_STRING)
		return json_write_string(w, field->name, "");
	if (field->kind != FIELD_PAIRS)
		return json_write_null(w, field->name);
	json_write_open(w, field->name, '{');
	json_write_close(w, '}');
}

void encode_all_fields(struct json_writer *w, const struct field *fields, size_t count, const void *object)
{
	for (size_t i = 0; i < count; i++) {
		const char *base = object;
		bool is_pointer = fields[i].kind >= FIELD_STRING;
		bool told = !is_pointer && fields[i].companion != FIELD_NO_COMPANION;

		if (fields[i].kind == FIELD_OWN)
			continue;
		if (is_pointer ? !*(void *const *)(const void *)(base + fields[i].offset) : told && !*(const bool *)(base + fields[i].companion))
			encode_absent(w, &fields[i]);
		else
			encode_field(w, &fields[i], object);
	}
}

void encode_unknown_fields(struct json_writer *w, const struct field *fields, size_t count, const struct json *source)
{
	for (const struct json *member = source ? source->first : NULL; member; member = member->next)
		if (find_field(fields, count, member->key, 0) == count)
			json_write_value(w, member->key, member);
}
