/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/transfer_report.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int decode(struct arena *arena, const char *text, struct spec_transfer_report *ret, struct error *err)
{
	return spec_transfer_report_decode(arena, text, strlen(text), ret, err);
}

static void test_members(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_transfer_report report;

	assert_int_equal(decode(arena, "{\"images\":[{\"name\":\"a\",\"isNew\":true},{\"names\":[\"b\",\"c\"],\"platform\":null,\"size\":7,\"new\":1}]}", &report, NULL), 0);
	assert_int_equal(report.image_count, 2);
	assert_string_equal(report.images[0].name, "a");
	assert_true(report.images[0].is_new);
	assert_string_equal(report.images[1].names[1], "c");
	assert_null(report.images[1].names[2]);
	assert_null(report.images[1].platform);
	assert_int_equal(report.images[1].size, 7);
	assert_int_equal(decode(arena, "{\"name\":\"n\",\"digest\":\"d\",\"tags\":[\"1\",\"2\"],\"faults\":[{\"kind\":\"k\",\"mended\":true}]}", &report, NULL), 0);
	assert_string_equal(report.image.name, "n");
	assert_string_equal(report.image.digest, "d");
	assert_string_equal(report.tags[1], "2");
	assert_null(report.tags[2]);
	assert_string_equal(report.faults[0].kind, "k");
	assert_true(report.faults[0].mended);
	assert_int_equal(decode(arena, "{}", &report, NULL), 0);
	assert_null(report.tags);
	assert_int_equal(report.image_count, 0);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "", "report: line 1, column 1: expected a value, found the end" },
		{ "{\"tags\":{}}", "tags: expected array, found object" },
		{ "{\"tags\":[1]}", "tags[0]: expected string, found integer" },
		{ "{\"images\":[{\"size\":-1}]}", "images[0].size: -1 is out of range (0 to 18446744073709551615)" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_transfer_report report;
		struct error err = ERROR_INIT;

		assert_int_equal(decode(arena, cases[i][0], &report, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_members), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests_name("spec/transfer_report", tests, NULL, NULL);
}
