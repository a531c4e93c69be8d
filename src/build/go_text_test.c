/* SPDX-License-Identifier: Apache-2.0 */
#include "build/go_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_quote(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "", "\"\"" },
		{ "a b", "\"a b\"" },
		{ "\"\\'", "\"\\\"\\\\'\"" },
		{ "\a\b\f\n\r\t\v\x01\x7f", "\"\\a\\b\\f\\n\\r\\t\\v\\x01\\x7f\"" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "\xc2\xa0\xef\xbb\xbf\xf3\xa0\x80\x80", "\"\\u00a0\\ufeff\\U000e0000\"" },
		{ "\xff\xc3", "\"\\xff\\xc3\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		go_text_quote(&out, cases[i][0]);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void test_lists(void **state _unused_)
{
	char *list[] = { (char *)"a b", (char *)"\"", NULL };
	_cleanup_buf_ struct buf out = BUF_INIT;

	go_text_quote_list(&out, list);
	go_text_quote_list(&out, NULL);
	go_text_list(&out, list);
	go_text_list(&out, list + 2);
	assert_string_equal(out.data, "[\"a b\" \"\\\"\"][][a b \"][]");
}

static void test_characters(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	go_text_quote_character(&out, 0);
	go_text_quote_character(&out, 3);
	go_text_quote_character(&out, '\n');
	go_text_quote_character(&out, '\'');
	go_text_quote_character(&out, 'A');
	go_text_quote_character(&out, 0xe4);
	go_text_quote_character(&out, 0x20ac);
	go_text_quote_character(&out, 0x1f600);
	go_text_quote_character(&out, -1);
	assert_string_equal(out.data, "'\\x00''\\x03''\\n''\\'''A''\xc3\xa4''\xe2\x82\xac''\xf0\x9f\x98\x80''\xef\xbf\xbd'");
}

static void test_durations(void **state _unused_)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1100, "1.1\xc2\xb5s" },
		{ 2200000, "2.2ms" },
		{ 3000000000, "3s" },
		{ 1500000000, "1.5s" },
		{ 90000000000, "1m30s" },
		{ 3600000000000, "1h0m0s" },
		{ 5430000000001, "1h30m30.000000001s" },
		{ -1500000000, "-1.5s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		go_text_duration(&out, cases[i].ns);
		assert_string_equal(out.data, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
