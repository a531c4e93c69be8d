/* SPDX-License-Identifier: Apache-2.0 */
#include "base/moment.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_documents(void **state _unused_)
{
	static const struct {
		const char *text;
		int64_t seconds;
		long ns;
		const char *written;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z" },
		{ "2024-05-07T12:34:56.789+02:00", 1715078096, 789000000, "2024-05-07T10:34:56.789Z" },
		{ "2024-02-29t23:59:60.123456789012z", 1709251200, 123456789, "2024-03-01T00:00:00.123456789Z" },
		{ "0001-01-01T00:00:00Z", -62135596800, 0, NULL },
		{ "1969-12-31T23:30:00-00:30", 0, 0, "1970-01-01T00:00:00Z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct timespec moment;

		assert_int_equal(moment_parse(cases[i].text, &moment), 0);
		assert_int_equal(moment.tv_sec, cases[i].seconds);
		assert_int_equal(moment.tv_nsec, cases[i].ns);
		moment_add(&moment, &out);
		if (cases[i].written)
			assert_string_equal(out.data, cases[i].written);
	}
}

static void test_no_moments(void **state _unused_)
{
	static const char *const texts[] = {
		"", "now", "2024", "2024-05-07", "2024-05-07T12:34Z", "2024-05-07T12:34:56", "2024-13-07T12:34:56Z", "2023-02-29T00:00:00Z",
		"2024-05-07T24:00:00Z", "2024-05-07T12:34:56.Z", "2024-05-07T12:34:56Zx", "2024-05-07T12:34:56+2", "24-05-07T12:34:56Z",
		"2024-05-07T12:34:56+25:00", "0000-01-01T00:00:00Z",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct timespec moment;

		if (moment_parse(texts[i], &moment) != -EINVAL)
			fail_msg("'%s' is taken", texts[i]);
	}
}

static void test_limits(void **state _unused_)
{
	static const struct {
		const char *text;
		int64_t seconds;
		long ns;
	} cases[] = {
		{ "24h", 1000000 - 86400, 700000000 },
		{ "0s", 1000000, 700000000 },
		{ "1.5s", 1000000 - 1, 200000000 },
		{ "0.8s", 1000000 - 1, 900000000 },
		{ "-10.5s", 1000011, 200000000 },
		{ "1234", 1234, 0 },
		{ "1234.5", 1234, 500000000 },
		{ "1234.000000001", 1234, 1 },
		{ "1970-01-02", 86400, 0 },
		{ "1970-01-02T01", 90000, 0 },
		{ "1970-01-02T01:01", 90060, 0 },
		{ "1970-01-02T01:01:01", 90061, 0 },
		{ "1970-01-02T01:01:01.5Z", 90061, 500000000 },
		{ "1970-01-02T01:00+01:00", 86400, 0 },
	};
	const struct timespec now = { .tv_sec = 1000000, .tv_nsec = 700000000 };
	struct timespec moment;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(moment_parse_limit(cases[i].text, &now, &moment), 0);
		assert_int_equal(moment.tv_sec, cases[i].seconds);
		assert_int_equal(moment.tv_nsec, cases[i].ns);
	}
	assert_int_equal(moment_parse_limit("yesterday", &now, &moment), -EINVAL);
	assert_int_equal(moment_parse_limit("", &now, &moment), -EINVAL);
	assert_int_equal(moment_parse_limit("12.", &now, &moment), -EINVAL);
	assert_int_equal(moment_parse_limit(".5", &now, &moment), -EINVAL);
	assert_int_equal(moment_parse_limit("1.0000000001", &now, &moment), -EINVAL);
}

static void test_durations(void **state _unused_)
{
	static const struct {
		const char *text;
		int r;
		int64_t ns;
	} cases[] = {
		{ "0", 0, 0 },
		{ "1h30m", 0, INT64_C(5400000000000) },
		{ "300ms", 0, 300000000 },
		{ "-1.5h", 0, INT64_C(-5400000000000) },
		{ ".5s", 0, 500000000 },
		{ "2us3ns", 0, 2003 },
		{ "2µs", 0, 2000 },
		{ "1", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "h", -EINVAL, 0 },
		{ ".s", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "1mss", -EINVAL, 0 },
		{ "9999999999h", -ERANGE, 0 },
		{ "99999999999999999999s", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ns = 0;

		assert_int_equal(duration_parse(cases[i].text, &ns), cases[i].r);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void test_rough_words(void **state _unused_)
{
	static const struct {
		int64_t seconds;
		const char *words;
	} cases[] = {
		{ -5, "Less than a second" }, { 0, "Less than a second" }, { 1, "1 second" }, { 59, "59 seconds" }, { 60, "About a minute" },
		{ 119, "About a minute" }, { 120, "2 minutes" }, { 3599, "59 minutes" }, { 3600, "About an hour" }, { 5400, "2 hours" },
		{ 47 * 3600, "47 hours" }, { 48 * 3600, "2 days" }, { 13 * 86400, "13 days" }, { 14 * 86400, "2 weeks" },
		{ 59 * 86400, "8 weeks" }, { 60 * 86400, "2 months" }, { 729 * 86400, "24 months" }, { 730 * 86400, "2 years" },
		{ INT64_C(62135596800), "1970 years" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		duration_add_rough(cases[i].seconds, &out);
		assert_string_equal(out.data, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents), cmocka_unit_test(test_no_moments), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_rough_words),
	};

	return cmocka_run_group_tests_name("base/moment", tests, NULL, NULL);
}
