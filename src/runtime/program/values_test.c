/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/values.h"
#include "base/str.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_size(const char *text, int64_t expected)
{
	struct error err = ERROR_INIT;
	int64_t value = 77;

	if (value_parse_size(text, &value, &err) < 0)
		fail_msg("'%s': %s", text, err.message);
	if (value != expected)
		fail_msg("'%s' is %lld, not %lld", text, (long long)value, (long long)expected);
}

static void test_sizes(void **state _unused_)
{
	static const char *const wrong[] = { "", " ", "much", "M", "1x", "-2", "-1M", "1.2.3", "1 2", "1  M", ".5M", "0x10", "1kbb", "+1",
		"9223372036854775808", "8E", "99999999999999999999999", "16777216T" };

	assert_size("0", 0);
	assert_size("4096", 4096);
	assert_size("-1", -1);
	assert_size("1b", 1);
	assert_size("32M", 32 << 20);
	assert_size("32m", 32 << 20);
	assert_size("32 MB", 32 << 20);
	assert_size("1.5GiB", 3LL << 29);
	assert_size("512kb", 512 << 10);
	assert_size("0.5k", 512);
	assert_size("1.k", 1024);
	assert_size("9007199254740993", 9007199254740993);
	assert_size("9223372036854775807", INT64_MAX);
	assert_size("2P", 2LL << 50);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error err = ERROR_INIT;
		int64_t value = 77;

		if (value_parse_size(wrong[i], &value, &err) == 0)
			fail_msg("'%s' was taken as %lld", wrong[i], (long long)value);
		assert_int_equal(value, 77);
		assert_true(err.message[0]);
	}
}

static void test_durations(void **state _unused_)
{
	static const struct {
		const char *text;
		unsigned ms;
	} right[] = {
		{ "5s", 5000 }, { "100ms", 100 }, { "1m30s", 90000 }, { "1.5h", 5400000 }, { "1h1m1s1ms", 3661001 }, { "1ns", 1 },
		{ "1500us", 2 }, { "2000\302\265s", 2 }, { "0.25s", 250 }, { "1m0s", 60000 },
	};
	static const char *const wrong[] = { "", "0", "0s", "5", "s", "never", "-1s", "1s2", "1d", "1.5.s", "600h", "1 s", "99999999999999999999h" };

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		unsigned value = 0;

		assert_int_equal(value_parse_duration(right[i].text, &value, NULL), 0);
		assert_int_equal(value, right[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error err = ERROR_INIT;
		unsigned value = 77;

		if (value_parse_duration(wrong[i], &value, &err) == 0)
			fail_msg("'%s' was taken as %u", wrong[i], value);
		assert_true(err.message[0]);
	}
}

static void test_signals(void **state _unused_)
{
	static const struct {
		const char *text;
		int number;
	} right[] = {
		{ "TERM", SIGTERM }, { "SIGTERM", SIGTERM }, { "sigterm", SIGTERM }, { "kill", SIGKILL }, { "9", 9 }, { "0", 0 }, { "64", 64 },
		{ "SIGRTMIN", 34 }, { "RTMIN+3", 37 }, { "SIGRTMAX", 64 }, { "rtmax-30", 34 }, { "USR1", SIGUSR1 }, { "VTALRM", SIGVTALRM },
	};
	static const char *const wrong[] = { "", "NOSUCH", "SIG", "SIGNOSUCH", "65", "999", "1x", "-9", "RTMIN-1", "RTMIN+31", "RTMIN+",
		"RTMAX+1", "RTMINX", "TERMX" };

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		int number = -1;

		assert_int_equal(value_parse_signal(right[i].text, &number, NULL), 0);
		assert_int_equal(number, right[i].number);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error err = ERROR_INIT;
		int number = -1;

		if (value_parse_signal(wrong[i], &number, &err) == 0)
			fail_msg("'%s' was taken as %d", wrong[i], number);
		assert_non_null(strstr(err.message, "unknown signal"));
	}
}

static void test_ids(void **state _unused_)
{
	uint32_t id = 7;

	assert_int_equal(value_parse_id("0", &id, NULL), 0);
	assert_int_equal(id, 0);
	assert_int_equal(value_parse_id("4294967294", &id, NULL), 0);
	assert_true(value_parse_id("4294967295", &id, NULL) < 0);
	assert_true(value_parse_id("-1", &id, NULL) < 0);
	assert_true(value_parse_id("root", &id, NULL) < 0);
	assert_true(value_parse_id("", &id, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
