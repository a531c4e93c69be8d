/* SPDX-License-Identifier: Apache-2.0 */
#include "base/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_length(void **state _unused_)
{
	static const struct {
		const char *text;
		size_t length, expected;
	} cases[] = {
		{ "", 0, 0 },
		{ "", 1, 1 }, /* NUL */
		{ "a", 1, 0 },
		{ "\033[m", 3, 1 },
		{ "\x7f", 1, 1 },
		{ "\xc2\x80", 2, 2 },
		{ "\xc2\x9b", 2, 2 },
		{ "\xc2\x9f", 2, 2 },
		{ "\xc2\x9b", 1, 0 },     /* cut off */
		{ "\xc2\xa0", 2, 0 },     /* a blank that is not broken at */
		{ "\xc3\x9b", 2, 0 },     /* a letter */
		{ "\xe2\x80\x9b", 3, 0 }, /* a quotation mark */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(printable_control_length(cases[i].text, cases[i].length), cases[i].expected);
}

#define HOSTILE "a\033[31m\tb\nc\xc2\x9b" "2J\x7f\xc3\xa4\xe2\x80\x9b"

static void test_replace(void **state _unused_)
{
	char all[] = HOSTILE, some[] = HOSTILE, nul[] = "a\0b";

	printable_replace(all, strlen(all), "", '?');
	assert_string_equal(all, "a?[31m?b?c??2J?\xc3\xa4\xe2\x80\x9b");
	printable_replace(some, strlen(some), "\n\t", ' ');
	assert_string_equal(some, "a [31m\tb\nc  2J \xc3\xa4\xe2\x80\x9b");
	printable_replace(nul, 3, "\n", '?');
	assert_string_equal(nul, "a?b");
}

static void test_add(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	printable_add(&out, "", 0);
	printable_add(&out, HOSTILE, strlen(HOSTILE));
	assert_string_equal(out.data, "a?[31m?b?c?2J?\xc3\xa4\xe2\x80\x9b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
