/* SPDX-License-Identifier: Apache-2.0 */
#include "base/human.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_sizes(void **state _unused_)
{
	static const struct {
		uint64_t bytes;
		int digits;
		const char *text;
	} cases[] = {
		{ 0, 3, "0B" }, { 999, 3, "999B" }, { 1000, 3, "1kB" }, { 1234, 3, "1.23kB" }, { 1234, 4, "1.234kB" }, { 116500000, 3, "116MB" },
		{ 999499, 3, "999kB" }, { 999500, 3, "1MB" }, { 999950, 4, "1MB" }, { 999940, 4, "999.9kB" }, { 1290000000, 3, "1.29GB" },
		{ UINT64_MAX, 3, "18.4EB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = human_size(cases[i].bytes, cases[i].digits);

		assert_string_equal(text, cases[i].text);
	}
}

static void test_memory(void **state _unused_)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = { { 0, "0B" }, { 1023, "1023B" }, { 1024, "1KiB" }, { 1536, "1.5KiB" }, { 134217728, "128MiB" }, { 8347000000, "7.774GiB" }, { UINT64_MAX, "16EiB" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = human_memory(cases[i].bytes);

		assert_string_equal(text, cases[i].text);
	}
}

static void test_times(void **state _unused_)
{
	_cleanup_free_ char *nobody_knows = human_since(0, 5000), *since = human_since(4000, 4200), *time = NULL;

	assert_string_equal(nobody_knows, "N/A");
	assert_string_equal(since, "3 minutes ago");
	assert_int_equal(setenv("TZ", "XYZ-2", 1), 0);
	time = human_time(1715078096);
	assert_string_equal(time, "2024-05-07 12:34:56 +0200 XYZ");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes), cmocka_unit_test(test_memory), cmocka_unit_test(test_times) };

	return cmocka_run_group_tests_name("cli/human", tests, NULL, NULL);
}
