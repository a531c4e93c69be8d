/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_decimals(void **state _unused_)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} cases[] = {
		{ "1", 0, 1000000000 }, { "0.5", 0, 500000000 }, { "1.", 0, 1000000000 }, { "1.0000000019", 0, 1000000001 }, { "0", 0, 0 },
		{ "18446744073.7", 0, 18446744073700000000u }, { "18446744074", -ERANGE, 0 }, { "99999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { ".5", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { "1,5", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1.2.3", -EINVAL, 0 }, { "NaN", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 0;

		if (quantity_parse_decimal(cases[i].text, 1000000000, &value) != cases[i].r || value != cases[i].value)
			fail_msg("'%s' was taken as %llu", cases[i].text, (unsigned long long)value);
	}
}

static void test_sizes(void **state _unused_)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "1b", 0, 1 }, { "32m", 0, 32 << 20 }, { "32 MB", 0, 32 << 20 }, { "1.5GiB", 0, 3ull << 29 },
		{ "0.5k", 0, 512 }, { "9007199254740993", 0, 9007199254740993 }, { "9223372036854775807", 0, INT64_MAX }, { "2P", 0, 2ull << 50 },
		{ "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "M", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { "1  M", -EINVAL, 0 }, { ".5M", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 }, { "1kbb", -EINVAL, 0 }, { "1.2.3", -EINVAL, 0 }, { "1\n", -EINVAL, 0 },
		{ "9223372036854775808", -ERANGE, 0 }, { "8E", -ERANGE, 0 }, { "99999999999999999999999", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 0;

		if (quantity_parse_size(cases[i].text, &bytes) != cases[i].r || bytes != cases[i].bytes)
			fail_msg("'%s' was taken as %llu", cases[i].text, (unsigned long long)bytes);
	}
}

static void test_signals(void **state _unused_)
{
	static const struct {
		const char *text;
		int number; /* -1: none */
	} cases[] = {
		{ "TERM", SIGTERM }, { "SIGTERM", SIGTERM }, { "sigterm", SIGTERM }, { "9", 9 }, { "0", 0 }, { "64", 64 }, { "SIGRTMIN", 34 },
		{ "RTMIN+3", 37 }, { "SIGRTMAX", 64 }, { "rtmax-30", 34 }, { "USR1", SIGUSR1 }, { "", -1 }, { "NOSUCH", -1 }, { "SIG", -1 },
		{ "65", -1 }, { "-9", -1 }, { "1x", -1 }, { "RTMIN-1", -1 }, { "RTMIN+31", -1 }, { "RTMIN+", -1 }, { "RTMINX", -1 }, { "TERMX", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int number = -1, r = quantity_parse_signal(cases[i].text, &number);

		if (number != cases[i].number || r != (number < 0 ? -EINVAL : 0))
			fail_msg("'%s' was taken as %d", cases[i].text, number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests_name("base/quantity", tests, NULL, NULL);
}
