/* SPDX-License-Identifier: Apache-2.0 */
#include "base/template_functions.h"
#include "base/options.h"
#include "base/template_value.h"

#include <ctype.h>
#include <inttypes.h>

/* Widths and results that nobody means. */
#define WIDTH_LIMIT 4096
#define TEXT_LIMIT (16u << 20)

static int fail_type(const struct template_call *call, size_t i, const char *expected)
{
	return error_set(call->err, ERROR_INVALID, 0, "expected %s, not %s", expected, json_type_name(call->arguments[i]->type));
}

static int give_buf(const struct template_call *call, const struct buf *text, const struct json **ret)
{
	if (text->length > TEXT_LIMIT)
		return error_set(call->err, ERROR_INVALID, 0, "the text is too long");
	*ret = value_of_text(call->arena, text->data ? text->data : "", text->length);
	return 0;
}

/* ---- logic ------------------------------------------------------------------------- */

static int call_not(const struct template_call *call, const struct json **ret)
{
	*ret = value_of_bool(call->arena, !value_is_true(call->arguments[0]));
	return 0;
}

/* Equal to one of the others. */
static int call_eq(const struct template_call *call, const struct json **ret)
{
	bool equal = false;

	for (size_t i = 1; i < call->count && !equal; i++) {
		int r = value_equal(call->arguments[0], call->arguments[i], &equal, call->err);

		if (r < 0)
			return r;
	}
	*ret = value_of_bool(call->arena, equal);
	return 0;
}

static int call_ne(const struct template_call *call, const struct json **ret)
{
	bool equal = false;
	int r = value_equal(call->arguments[0], call->arguments[1], &equal, call->err);

	if (r == 0)
		*ret = value_of_bool(call->arena, !equal);
	return r;
}

static int compare(const struct template_call *call, int *ret)
{
	return value_compare(call->arguments[0], call->arguments[1], ret, call->err);
}

static int call_lt(const struct template_call *call, const struct json **ret)
{
	int order = 0, r = compare(call, &order);

	*ret = value_of_bool(call->arena, order < 0);
	return r;
}

static int call_le(const struct template_call *call, const struct json **ret)
{
	int order = 0, r = compare(call, &order);

	*ret = value_of_bool(call->arena, order <= 0);
	return r;
}

static int call_gt(const struct template_call *call, const struct json **ret)
{
	int order = 0, r = compare(call, &order);

	*ret = value_of_bool(call->arena, order > 0);
	return r;
}

static int call_ge(const struct template_call *call, const struct json **ret)
{
	int order = 0, r = compare(call, &order);

	*ret = value_of_bool(call->arena, order >= 0);
	return r;
}

/* ---- lists and objects ----------------------------------------------------------------- */

static int call_len(const struct template_call *call, const struct json **ret)
{
	const struct json *value = call->arguments[0];

	if (value->type != JSON_STRING && value->type != JSON_ARRAY && value->type != JSON_OBJECT && value->type != JSON_NULL)
		return fail_type(call, 0, "something with a length");
	*ret = value_of_int(call->arena, value->type == JSON_NULL ? 0 : value->length);
	return 0;
}

static int index_array(const struct template_call *call, const struct json *array, const struct json *position, const struct json **ret)
{
	const struct json *element = array->first;
	int64_t number;
	int r = value_int(position, &number, call->err);

	if (r < 0)
		return r;
	if (number < 0 || number >= array->length)
		return error_set(call->err, ERROR_INVALID, 0, "there is no element %" PRId64 " in a list of %u", number, array->length);
	while (number-- > 0)
		element = element->next;
	*ret = element;
	return 0;
}

/* What is not there has the value that Go's maps give: "" where texts are. */
static int index_object(const struct template_call *call, const struct json *object, const struct json *name, const struct json **ret)
{
	static const struct json nothing = { .type = JSON_NULL };
	const struct json *first = object->type == JSON_OBJECT ? object->first : NULL;

	if (name->type != JSON_STRING)
		return error_set(call->err, ERROR_INVALID, 0, "expected the name of a member, not %s", json_type_name(name->type));
	*ret = first ? json_member(object, name->text) : NULL;
	if (!*ret)
		*ret = first && first->type != JSON_STRING ? &nothing : value_of_text(call->arena, "", 0);
	return 0;
}

static int call_index(const struct template_call *call, const struct json **ret)
{
	const struct json *value = call->arguments[0];
	int r = 0;

	for (size_t i = 1; i < call->count && r == 0; i++) {
		if (value->type == JSON_ARRAY)
			r = index_array(call, value, call->arguments[i], &value);
		else if (value->type == JSON_OBJECT || value->type == JSON_NULL)
			r = index_object(call, value, call->arguments[i], &value);
		else
			r = error_set(call->err, ERROR_INVALID, 0, "expected a list or an object, not %s", json_type_name(value->type));
	}
	*ret = value;
	return r;
}

static int slice_array(const struct template_call *call, const struct json *array, int64_t from, int64_t to, const struct json **ret)
{
	struct json *part = arena_alloc(call->arena, 1, sizeof *part);
	struct json **place = &part->first;
	int64_t i = 0;

	part->type = JSON_ARRAY;
	for (const struct json *element = array->first; element; element = element->next, i++) {
		if (i < from || i >= to)
			continue;
		*place = arena_alloc(call->arena, 1, sizeof **place);
		**place = *element;
		(*place)->next = NULL;
		place = &(*place)->next;
		part->length++;
	}
	*ret = part;
	return 0;
}

static int call_slice(const struct template_call *call, const struct json **ret)
{
	const struct json *value = call->arguments[0];
	int64_t from = 0, to = value->length;
	int r = 0;

	if (value->type != JSON_STRING && value->type != JSON_ARRAY)
		return fail_type(call, 0, "text or a list");
	if (call->count > 1)
		r = value_int(call->arguments[1], &from, call->err);
	if (r == 0 && call->count > 2)
		r = value_int(call->arguments[2], &to, call->err);
	if (r < 0)
		return r;
	if (from < 0 || to < from || to > value->length)
		return error_set(call->err, ERROR_INVALID, 0, "there is no part from %" PRId64 " to %" PRId64 " of %u", from, to, value->length);
	if (value->type == JSON_ARRAY)
		return slice_array(call, value, from, to, ret);
	*ret = value_of_text(call->arena, value->text + from, (size_t)(to - from));
	return 0;
}

static int call_join(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct json *list = call->arguments[0];

	if (list->type != JSON_ARRAY && list->type != JSON_NULL)
		return fail_type(call, 0, "a list");
	if (call->arguments[1]->type != JSON_STRING)
		return fail_type(call, 1, "text");
	for (const struct json *element = list->type == JSON_ARRAY ? list->first : NULL; element; element = element->next) {
		if (element != list->first)
			buf_add_text(&text, call->arguments[1]->text);
		value_print(element, &text);
	}
	return give_buf(call, &text, ret);
}

/* Where the first part of TEXT ends, or NULL if it is the last. Without a separator a part is a character. */
static const char *end_of_part(const char *text, const char *separator)
{
	if (*separator)
		return strstr(text, separator);
	if (*text)
		text++;
	while (((unsigned char)*text & 0xc0) == 0x80)
		text++;
	return *text ? text : NULL;
}

static int call_split(const struct template_call *call, const struct json **ret)
{
	struct json *list = arena_alloc(call->arena, 1, sizeof *list), **place = &list->first;
	const char *text, *separator, *end;

	if (call->arguments[0]->type != JSON_STRING || call->arguments[1]->type != JSON_STRING)
		return fail_type(call, call->arguments[0]->type == JSON_STRING, "text");
	text = call->arguments[0]->text;
	separator = call->arguments[1]->text;
	list->type = JSON_ARRAY;
	do {
		end = end_of_part(text, separator);
		if (*separator || *text) {
			*place = value_of_text(call->arena, text, end ? (size_t)(end - text) : strlen(text));
			place = &(*place)->next;
			list->length++;
		}
		text = end ? end + strlen(separator) : NULL;
	} while (end);
	*ret = list;
	return 0;
}

/* ---- text -------------------------------------------------------------------------------- */

/* The one argument as text, each byte through CHANGE; it is told whether a word begins there. */
static int change_letters(const struct template_call *call, int (*change)(int letter, bool begins), const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool begins = true;

	value_print(call->arguments[0], &text);
	for (size_t i = 0; i < text.length; i++) {
		unsigned char letter = (unsigned char)text.data[i];

		/* Beyond ASCII letters stay as they are. */
		if (letter < 0x80)
			text.data[i] = (char)change(letter, begins);
		begins = letter < 0x80 && !isalnum(letter) && letter != '_' && letter != '\'';
	}
	return give_buf(call, &text, ret);
}

static int lower_letter(int letter, bool begins _unused_)
{
	return tolower(letter);
}

static int upper_letter(int letter, bool begins _unused_)
{
	return toupper(letter);
}

static int title_letter(int letter, bool begins)
{
	return begins ? toupper(letter) : letter;
}

static int call_lower(const struct template_call *call, const struct json **ret)
{
	return change_letters(call, lower_letter, ret);
}

static int call_upper(const struct template_call *call, const struct json **ret)
{
	return change_letters(call, upper_letter, ret);
}

static int call_title(const struct template_call *call, const struct json **ret)
{
	return change_letters(call, title_letter, ret);
}

static int small_int(const struct template_call *call, size_t i, int64_t *ret)
{
	int r = value_int(call->arguments[i], ret, call->err);

	if (r == 0 && (*ret < 0 || *ret > WIDTH_LIMIT))
		r = error_set(call->err, ERROR_INVALID, 0, "expected a number from 0 to %d", WIDTH_LIMIT);
	return r;
}

/* Spaces before and behind, unless the text is empty. */
static int call_pad(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT, padded = BUF_INIT;
	int64_t before, behind;
	int r = small_int(call, 1, &before);

	if (r == 0)
		r = small_int(call, 2, &behind);
	if (r < 0)
		return r;
	value_print(call->arguments[0], &text);
	if (text.length > 0)
		buf_printf(&padded, "%*s%s%*s", (int)before, "", text.data, (int)behind, "");
	return give_buf(call, &padded, ret);
}

static int call_truncate(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int64_t length;
	int r = small_int(call, 1, &length);

	if (r < 0)
		return r;
	value_print(call->arguments[0], &text);
	if (text.length > (size_t)length) {
		while (length > 0 && ((unsigned char)text.data[length] & 0xc0) == 0x80)
			length--;
		text.data[text.length = (size_t)length] = '\0';
	}
	return give_buf(call, &text, ret);
}

static int call_json(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };

	json_write_value(&w, NULL, call->arguments[0]);
	return give_buf(call, &text, ret);
}

/* ---- printing ------------------------------------------------------------------------------ */

/* Spaces between two of them neither of which is text, as Go's Print; between all of them for println. */
static void print_all(const struct template_call *call, bool line, struct buf *out)
{
	for (size_t i = 0; i < call->count; i++) {
		if (i > 0 && (line || (call->arguments[i]->type != JSON_STRING && call->arguments[i - 1]->type != JSON_STRING)))
			buf_add_char(out, ' ');
		value_print(call->arguments[i], out);
	}
	if (line)
		buf_add_char(out, '\n');
}

static int call_print(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	print_all(call, false, &text);
	return give_buf(call, &text, ret);
}

static int call_println(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	print_all(call, true, &text);
	return give_buf(call, &text, ret);
}

/* "%-10.3s", taken apart. */
struct directive {
	bool left, zero, plus;
	int width, precision; /* -1: none */
	char verb;
};

static int take_number(const char **text, int *ret)
{
	int number = 0;

	for (; isdigit((unsigned char)**text); (*text)++) {
		number = number * 10 + (**text - '0');
		if (number > WIDTH_LIMIT)
			return -ERANGE;
	}
	*ret = number;
	return 0;
}

static int take_directive(const char **text, struct directive *ret)
{
	int r;

	*ret = (struct directive){ .precision = -1 };
	for (; **text && strchr("-0+ #", **text); (*text)++) {
		ret->left |= **text == '-';
		ret->zero |= **text == '0';
		ret->plus |= **text == '+';
	}
	r = take_number(text, &ret->width);
	if (r == 0 && **text == '.') {
		(*text)++;
		r = take_number(text, &ret->precision);
	}
	if (r < 0 || !**text)
		return -EINVAL;
	ret->verb = *(*text)++;
	return 0;
}

static void pad(const struct directive *directive, const struct buf *text, struct buf *out)
{
	size_t shown = 0;
	int missing;

	for (size_t i = 0; i < text->length; i++)
		shown += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	missing = shown < (size_t)directive->width ? directive->width - (int)shown : 0;
	if (!directive->left)
		buf_printf(out, "%*s", missing, "");
	buf_add(out, text->data, text->length);
	if (directive->left)
		buf_printf(out, "%*s", missing, "");
}

/* The text of VALUE for %s and %v, at most .precision bytes, at a character's end. */
static void print_cut(const struct directive *directive, const struct json *value, struct buf *text)
{
	value_print(value, text);
	if (directive->precision >= 0 && text->length > (size_t)directive->precision) {
		size_t length = (size_t)directive->precision;

		while (length > 0 && ((unsigned char)text->data[length] & 0xc0) == 0x80)
			length--;
		text->length = length;
		text->data[length] = '\0';
	}
}

static int print_whole(const struct template_call *call, const struct directive *directive, const struct json *value, struct buf *text)
{
	int64_t number;
	int width = directive->zero && !directive->left ? directive->width : 0;
	int r = value_int(value, &number, call->err);

	if (r < 0)
		return r;
	if (directive->verb == 'd')
		buf_printf(text, directive->plus ? "%+0*" PRId64 : "%0*" PRId64, width, number);
	else
		buf_printf(text, directive->verb == 'x' ? "%0*" PRIx64 : directive->verb == 'X' ? "%0*" PRIX64 : "%0*" PRIo64, width, (uint64_t)number);
	return 0;
}

static int print_real(const struct template_call *call, const struct directive *directive, const struct json *value, struct buf *text)
{
	int precision = directive->precision < 0 ? 6 : directive->precision;
	double number;

	if (!value_is_number(value))
		return error_set(call->err, ERROR_INVALID, 0, "expected a number, not %s", json_type_name(value->type));
	number = value->type == JSON_REAL ? value->real : value->type == JSON_INT ? (double)value->integer : (double)value->unsigned_integer;
	buf_printf(text, "%.*f", precision > 100 ? 100 : precision, number);
	return 0;
}

static int print_directive(const struct template_call *call, const struct directive *directive, const struct json *value, struct buf *out)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };
	int r = 0;

	switch (directive->verb) {
	case 's':
	case 'v':
	case 't':
		print_cut(directive, value, &text);
		break;
	case 'q':
		json_write_value(&w, NULL, value);
		break;
	case 'd':
	case 'x':
	case 'X':
	case 'o':
		r = print_whole(call, directive, value, &text);
		break;
	case 'f':
		r = print_real(call, directive, value, &text);
		break;
	default:
		return error_set(call->err, ERROR_INVALID, 0, "'%%%c' is not known", directive->verb);
	}
	if (r == 0)
		pad(directive, &text, out);
	return r;
}

static int call_printf(const struct template_call *call, const struct json **ret)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *text = call->arguments[0]->text;
	size_t next = 1;

	if (call->arguments[0]->type != JSON_STRING)
		return fail_type(call, 0, "text");
	while (*text) {
		struct directive directive;
		size_t plain = strcspn(text, "%");
		int r;

		buf_add(&out, text, plain);
		text += plain;
		if (!*text)
			break;
		text++;
		if (take_directive(&text, &directive) < 0)
			return error_set(call->err, ERROR_INVALID, 0, "a '%%' is not followed by what to print");
		if (directive.verb == '%') {
			buf_add_char(&out, '%');
			continue;
		}
		if (next >= call->count)
			return error_set(call->err, ERROR_INVALID, 0, "there is nothing for the '%%%c'", directive.verb);
		r = print_directive(call, &directive, call->arguments[next++], &out);
		if (r < 0)
			return r;
	}
	if (next < call->count)
		return error_set(call->err, ERROR_INVALID, 0, "there are more arguments than '%%'");
	return give_buf(call, &out, ret);
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct template_function functions[] = {
	{ "and", 1, TEMPLATE_ARGUMENT_LIMIT, NULL },
	{ "eq", 2, TEMPLATE_ARGUMENT_LIMIT, call_eq },
	{ "ge", 2, 2, call_ge },
	{ "gt", 2, 2, call_gt },
	{ "index", 1, TEMPLATE_ARGUMENT_LIMIT, call_index },
	{ "join", 2, 2, call_join },
	{ "json", 1, 1, call_json },
	{ "le", 2, 2, call_le },
	{ "len", 1, 1, call_len },
	{ "lower", 1, 1, call_lower },
	{ "lt", 2, 2, call_lt },
	{ "ne", 2, 2, call_ne },
	{ "not", 1, 1, call_not },
	{ "or", 1, TEMPLATE_ARGUMENT_LIMIT, NULL },
	{ "pad", 3, 3, call_pad },
	{ "print", 0, TEMPLATE_ARGUMENT_LIMIT, call_print },
	{ "printf", 1, TEMPLATE_ARGUMENT_LIMIT, call_printf },
	{ "println", 0, TEMPLATE_ARGUMENT_LIMIT, call_println },
	{ "slice", 1, 3, call_slice },
	{ "split", 2, 2, call_split },
	{ "title", 1, 1, call_title },
	{ "truncate", 2, 2, call_truncate },
	{ "upper", 1, 1, call_upper },
};

const struct template_function *template_function_find(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(functions)], *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (str_equal(functions[i].name, name))
			return &functions[i];
		names[i] = functions[i].name;
	}
	error_set(err, ERROR_INVALID, 0, "there is no function '%.40s'", name);
	nearest = options_nearest(name, names, ARRAY_SIZE(names));
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return NULL;
}
