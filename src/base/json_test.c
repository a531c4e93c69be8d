/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct json *parse(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT;
	struct json *value = NULL;

	if (json_parse(arena, text, strlen(text), &value, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return value;
}

/* Refuses the LENGTH bytes, which stand at the very end of an allocation so that a sanitizer sees a read beyond. */
static void assert_refused_bytes(const char *text, size_t length, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *copy = malloc(length ? length : 1);
	struct error err = ERROR_INIT;
	struct json *value = NULL;

	assert_non_null(copy);
	memcpy(copy, text, length);
	assert_int_equal(json_parse(arena, copy, length, &value, &err), -EINVAL);
	assert_null(value);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, message);
}

static void assert_refused(const char *text, const char *message)
{
	assert_refused_bytes(text, strlen(text), message);
}

static void test_scalars(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_int_equal(parse(arena, "null")->type, JSON_NULL);
	assert_true(parse(arena, "true")->boolean);
	assert_int_equal(parse(arena, " \t\r\n false ")->type, JSON_BOOL);
	assert_false(parse(arena, "false")->boolean);
	assert_string_equal(parse(arena, "\"\"")->text, "");
	assert_string_equal(parse(arena, "\"a longer text than eight bytes\"")->text, "a longer text than eight bytes");
}

static void test_integers_keep_64_bits(void **state)
{
	static const struct {
		const char *text;
		enum json_type type;
		uint64_t bits;
	} cases[] = {
		{ "0", JSON_UINT, 0 },
		{ "-0", JSON_UINT, 0 },
		{ "7", JSON_UINT, 7 },
		{ "-1", JSON_INT, UINT64_MAX },
		{ "9007199254740993", JSON_UINT, 9007199254740993 },
		{ "9223372036854775807", JSON_UINT, INT64_MAX },
		{ "9223372036854775808", JSON_UINT, 9223372036854775808ull },
		{ "18446744073709551615", JSON_UINT, UINT64_MAX },
		{ "-9223372036854775808", JSON_INT, 9223372036854775808ull },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct json *value = parse(arena, cases[i].text);

		assert_int_equal(value->type, cases[i].type);
		assert_true(value->unsigned_integer == cases[i].bits);
	}
}

static void test_other_numbers_are_real(void **state)
{
	static const struct {
		const char *text;
		double value;
	} cases[] = {
		{ "18446744073709551616", 18446744073709551616.0 },
		{ "-9223372036854775809", -9223372036854775808.0 },
		{ "99999999999999999999999", 1e23 },
		{ "1.5", 1.5 },
		{ "-0.25", -0.25 },
		{ "1e3", 1000 },
		{ "1E+3", 1000 },
		{ "12.5e-1", 1.25 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct json *value = parse(arena, cases[i].text);

		assert_int_equal(value->type, JSON_REAL);
		assert_true(value->real == cases[i].value);
	}
}

static void test_bad_numbers(void **state)
{
	char many[700];

	(void)state;
	assert_refused("01", "line 1, column 2: expected no digit after a leading zero, found '1'");
	assert_refused("-", "line 1, column 2: expected a digit, found the end");
	assert_refused("-x", "line 1, column 2: expected a digit, found 'x'");
	assert_refused("1.", "line 1, column 3: expected a digit, found the end");
	assert_refused("1.e3", "line 1, column 3: expected a digit, found 'e'");
	assert_refused("1e", "line 1, column 3: expected a digit, found the end");
	assert_refused("1e+", "line 1, column 4: expected a digit, found the end");
	assert_refused("+1", "line 1, column 1: expected a value, found '+'");
	assert_refused(".5", "line 1, column 1: expected a value, found '.'");
	assert_refused("1e999", "line 1, column 1: a number is out of range");
	assert_refused("0x10", "line 1, column 2: expected the end, found 'x'");
	memset(many, '1', sizeof many);
	assert_refused_bytes(many, sizeof many, "line 1, column 1: a number is too long");
}

static void test_escapes(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct json *value;

	(void)state;
	assert_string_equal(parse(arena, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, "\"\\/\b\f\n\r\t");
	assert_string_equal(parse(arena, "\"\\u0041\\u00e9\\u20AC\"")->text, "A\xc3\xa9\xe2\x82\xac");
	assert_string_equal(parse(arena, "\"\\ud83d\\ude00!\"")->text, "\xf0\x9f\x98\x80!");
	assert_string_equal(parse(arena, "\"\\udbff\\udfff\"")->text, "\xf4\x8f\xbf\xbf");
	value = parse(arena, "\"12345678\\n12345678\"");
	assert_string_equal(value->text, "12345678\n12345678");
	assert_int_equal(value->length, 17);
}

static void test_bad_strings(void **state)
{
	(void)state;
	assert_refused("\"abc", "line 1, column 5: the string does not end");
	assert_refused("\"abcdefgh\\", "line 1, column 11: the string does not end");
	assert_refused("\"abc\\\"", "line 1, column 7: the string does not end");
	assert_refused("\"a\nb\"", "line 1, column 3: a control character in a string must be escaped");
	assert_refused_bytes("\"a\0b\"", 5, "line 1, column 3: a control character in a string must be escaped");
	assert_refused("\"\\x\"", "line 1, column 3: unknown escape in a string");
	assert_refused("\"\\\xc3\xa9\"", "line 1, column 3: unknown escape in a string");
	assert_refused("\"\\u12\"", "line 1, column 4: expected four hexadecimal digits after \\u");
	assert_refused("\"\\u12g4\"", "line 1, column 4: expected four hexadecimal digits after \\u");
	assert_refused("\"\\u0000\"", "line 1, column 4: a NUL character cannot be in a string");
	assert_refused("\"\\ud800\"", "line 1, column 4: half a surrogate pair");
	assert_refused("\"\\udc00\\ud800\"", "line 1, column 4: half a surrogate pair");
	assert_refused("\"\\ud800\\u0041\"", "line 1, column 4: half a surrogate pair");
	assert_refused("\"\\ud800\\n12345\"", "line 1, column 4: half a surrogate pair");
}

/* Text is looked at eight bytes at a time: each kind of byte that matters, at each place, behind bytes that are nearly one. */
static void test_places(void **state)
{
	static const char plain[] = "!#[]~\x7f a!#[]~\x7f a!#[]~\x7f a";

	(void)state;
	for (size_t length = 0; length < sizeof plain; length++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		char text[64], expected[64], message[96];

		snprintf(text, sizeof text, "[\"%.*s\",\"!!!!!!!!\"]", (int)length, plain);
		snprintf(expected, sizeof expected, "%.*s", (int)length, plain);
		assert_string_equal(parse(arena, text)->first->text, expected);
		snprintf(text, sizeof text, "\"%.*s\\\"\\\\\xc3\xa9!!!!!!!!\"", (int)length, plain);
		snprintf(expected, sizeof expected, "%.*s\"\\\xc3\xa9!!!!!!!!", (int)length, plain);
		assert_string_equal(parse(arena, text)->text, expected);
		for (unsigned char c = 1; c < 0x20; c++) {
			snprintf(text, sizeof text, "\"%.*s%c!!!!!!!!\"", (int)length, plain, c);
			snprintf(message, sizeof message, "line 1, column %zu: a control character in a string must be escaped", length + 2);
			assert_refused(text, message);
		}
		snprintf(text, sizeof text, "\"%.*s\x80!!!!!!!!\"", (int)length, plain);
		snprintf(message, sizeof message, "line 1, column %zu: a string is not UTF-8", length + 2);
		assert_refused(text, message);
	}
}

static void test_utf8(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "\xfe", "\xe2\x82(", "\xf0\x90\x80(",
	};
	static const char *const good[] = {
		"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof text, "\"%s\"", bad[i]);
		assert_refused(text, "line 1, column 2: a string is not UTF-8");
		assert_refused_bytes(text, 1 + strlen(bad[i]), "line 1, column 2: a string is not UTF-8");
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		snprintf(text, sizeof text, "\"%s\"", good[i]);
		assert_string_equal(parse(arena, text)->text, good[i]);
	}
}

static void test_lists(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct json *value = parse(arena, "{\"a\": [1, 2, [ ]], \"b\" : {}, \"\":null}");
	const struct json *a = json_member(value, "a");

	(void)state;
	assert_int_equal(value->length, 3);
	assert_string_equal(value->first->key, "a");
	assert_int_equal(a->length, 3);
	assert_null(a->first->key);
	assert_int_equal(a->first->next->unsigned_integer, 2);
	assert_int_equal(a->first->next->next->length, 0);
	assert_null(a->first->next->next->first);
	assert_int_equal(json_member(value, "b")->type, JSON_OBJECT);
	assert_int_equal(json_member(value, "")->type, JSON_NULL);
	assert_null(json_member(value, "c"));
	assert_null(json_member(a, "a"));
	assert_null(json_member(NULL, "a"));
}

static void test_bad_lists(void **state)
{
	(void)state;
	assert_refused("", "line 1, column 1: expected a value, found the end");
	assert_refused(" \n", "line 2, column 1: expected a value, found the end");
	assert_refused("{]\n", "line 1, column 2: expected a member's name in quotes, found ']'");
	assert_refused("{\"a\"}", "line 1, column 5: expected ':', found '}'");
	assert_refused("{\"a\":}", "line 1, column 6: expected a value, found '}'");
	assert_refused("{\"a\":1,}", "line 1, column 8: expected a member's name in quotes, found '}'");
	assert_refused("{\"a\":1 \"b\"", "line 1, column 8: expected ',' or '}', found '\"'");
	assert_refused("{\"a\":1", "line 1, column 7: expected ',' or '}', found the end");
	assert_refused("[1,]", "line 1, column 4: expected a value, found ']'");
	assert_refused("[1}", "line 1, column 3: expected ',' or ']', found '}'");
	assert_refused("[", "line 1, column 2: expected a value, found the end");
	assert_refused("[\n1,\n  tru]", "line 3, column 3: expected a value, found 't'");
	assert_refused("nul", "line 1, column 1: expected a value, found 'n'");
	assert_refused("{} {}", "line 1, column 4: expected the end, found '{'");
	assert_refused_bytes("{}\0", 3, "line 1, column 3: expected the end, found byte 0x00");
	assert_refused("\xef\xbb\xbf{}", "line 1, column 1: expected a value, found byte 0xef");
	assert_refused("{'a':1}", "line 1, column 2: expected a member's name in quotes, found '''");
	assert_refused("[1 // one\n]", "line 1, column 4: expected ',' or ']', found '/'");
}

static void test_duplicate_keys(void **state)
{
	_cleanup_buf_ struct buf many = BUF_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_refused("{\"a\":1,\"b\":2,\"a\":3}", "line 1, column 1: the object has \"a\" twice");
	assert_refused("{\"x\":\n{\"\":1,\"\":3}}", "line 2, column 1: the object has \"\" twice");
	assert_refused("{\"a\":1,\"\\u0061\":2}", "line 1, column 1: the object has \"a\" twice");

	buf_add_text(&many, "{\"key7\":0");
	for (int i = 100; i < 1100; i++)
		buf_printf(&many, ",\"key%d\":%d", i, i);
	buf_add_text(&many, "}");
	assert_int_equal(json_member(parse(arena, many.data), "key999")->unsigned_integer, 999);
	many.data[--many.length] = '\0';
	buf_add_text(&many, ",\"key512\":0}");
	assert_refused(many.data, "line 1, column 1: the object has \"key512\" twice");
}

static void test_depth(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char text[2 * JSON_DEPTH_LIMIT + 8];
	int r;
	struct json *value;

	(void)state;
	memset(text, '[', JSON_DEPTH_LIMIT);
	memset(text + JSON_DEPTH_LIMIT, ']', JSON_DEPTH_LIMIT);
	r = json_parse(arena, text, 2 * JSON_DEPTH_LIMIT, &value, NULL);
	assert_int_equal(r, 0);
	memset(text, '[', sizeof text);
	assert_refused_bytes(text, sizeof text, "line 1, column 65: values are nested too deeply");
}

static void test_value_limit(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct json *value;

	(void)state;
	buf_add_text(&text, "[0");
	while (text.length < 2 * (JSON_VALUE_LIMIT - 1))
		buf_add_text(&text, ",0");
	buf_add_text(&text, "]");
	assert_int_equal(json_parse(arena, text.data, text.length, &value, NULL), 0);
	assert_int_equal(value->length, JSON_VALUE_LIMIT - 1);
	text.data[--text.length] = '\0';
	buf_add_text(&text, ",0]");
	assert_refused(text.data, "line 1, column 524288: too many values");
}

static void test_type_names(void **state)
{
	(void)state;
	assert_string_equal(json_type_name(JSON_INT), "integer");
	assert_string_equal(json_type_name(JSON_UINT), "integer");
	assert_string_equal(json_type_name(JSON_REAL), "number");
	assert_string_equal(json_type_name(JSON_OBJECT), "object");
}

static void test_writing(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };

	(void)state;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "text", "a\"b\\c\n\t\x01\x7f\xc3\xa9\xff!");
	json_write_string(&w, "none", NULL);
	json_write_int(&w, "low", INT64_MIN);
	json_write_uint(&w, "high", UINT64_MAX);
	json_write_bool(&w, "yes", true);
	json_write_open(&w, "list", '[');
	json_write_uint(&w, NULL, 1);
	json_write_null(&w, NULL);
	json_write_open(&w, NULL, '{');
	json_write_close(&w, '}');
	json_write_close(&w, ']');
	json_write_real(&w, "real", 0.1);
	json_write_real(&w, "third", 1.0 / 3);
	json_write_real(&w, "nothing", -0.0);
	json_write_real(&w, "endless", 1e308 * 10);
	json_write_close(&w, '}');
	assert_string_equal(out.data,
			    "{\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\xc3\xa9\xef\xbf\xbd!\",\"none\":null,\"low\":-9223372036854775808,"
			    "\"high\":18446744073709551615,\"yes\":true,\"list\":[1,null,{}],\"real\":0.1,\"third\":0.33333333333333331,\"nothing\":0,\"endless\":null}");
}

static void test_writing_indented(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out, .indent = 2 };

	(void)state;
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "a", '[');
	json_write_uint(&w, NULL, 1);
	json_write_uint(&w, NULL, 2);
	json_write_close(&w, ']');
	json_write_open(&w, "b", '{');
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	assert_string_equal(out.data, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

static void test_writing_bytes(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };

	(void)state;
	json_write_open(&w, NULL, '[');
	json_write_string(&w, NULL, "\xc3\xa9");
	assert_null(w.invalid);
	json_write_bytes(&w, NULL, "a\0\"\n", 4);
	assert_string_equal(w.invalid, "a");
	json_write_bytes(&w, NULL, "", 0);
	/* The rest of a character lies behind the end. */
	json_write_bytes(&w, NULL, "x\xc3\xa9", 2);
	json_write_close(&w, ']');
	assert_string_equal(w.invalid, "a");
	assert_string_equal(out.data, "[\"\xc3\xa9\",\"a\xef\xbf\xbd\\\"\\n\",\"\",\"x\xef\xbf\xbd\"]");
}

/* What is read and written again is the same text. */
static void test_round_trip(void **state)
{
	static const char text[] = "{\"a\":[1,-2,3.5,\"x\\ny\",null,true,{\"b\":[]}],\"c\":18446744073709551615,\"\xe2\x82\xac\":\"\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };

	(void)state;
	json_write_value(&w, NULL, parse(arena, text));
	assert_string_equal(out.data, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_integers_keep_64_bits),
		cmocka_unit_test(test_other_numbers_are_real),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_bad_strings),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_duplicate_keys),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_value_limit),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_writing_indented),
		cmocka_unit_test(test_writing_bytes),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
