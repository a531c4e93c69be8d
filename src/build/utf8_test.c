/* SPDX-License-Identifier: Apache-2.0 */
#include "build/utf8.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_decode(void **state _unused_)
{
	static const struct {
		const char *text;
		uint32_t c;
		size_t length;
	} cases[] = {
		{ "a", 'a', 1 }, { "\x7f", 0x7f, 1 }, { "\xc2\x80", 0x80, 2 }, { "\xdf\xbfx", 0x7ff, 2 }, { "\xe0\xa0\x80", 0x800, 3 }, { "\xef\xbf\xbf", 0xffff, 3 },
		{ "\xf0\x90\x80\x80", 0x10000, 4 }, { "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		/* None: too long, surrogates, beyond the last, cut off, out of place. */
		{ "\xc0\x80", 0x1100c0, 1 }, { "\xe0\x80\x80", 0x1100e0, 1 }, { "\xf0\x80\x80\x80", 0x1100f0, 1 }, { "\xed\xa0\x80", 0x1100ed, 1 },
		{ "\xf4\x90\x80\x80", 0x1100f4, 1 }, { "\xf5\x80\x80\x80", 0x1100f5, 1 }, { "\xe2\x82", 0x1100e2, 1 }, { "\xc3", 0x1100c3, 1 }, { "\x80", 0x110080, 1 },
		{ "\xc3x", 0x1100c3, 1 }, { "\xff", 0x1100ff, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t length = 0;

		assert_int_equal(utf8_decode(cases[i].text, &length), cases[i].c);
		assert_int_equal(length, cases[i].length);
	}
}

static void test_letters(void **state _unused_)
{
	static const uint32_t letters[] = { 'a', 'z', 'A', 'Z', 0xaa, 0xb5, 0xe4, 0x3b1, 0x416, 0x4e2d, 0xd55c, 0x20000 };
	static const uint32_t others[] = { '0', '_', '-', '[', '`', '{', 0x7f, 0xa0, 0xab, 0xd7, 0x2013, 0x2026, 0x2192, 0x20ac, 0x3000, 0x3002, 0xff0c, 0x1f600, 0x110080 };

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		assert_true(utf8_is_letter(letters[i]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(utf8_is_letter(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
