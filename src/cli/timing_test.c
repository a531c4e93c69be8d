/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/timing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct timing_phase phases[] = {
	{ "bivy", "record", 1000000, 1100000 },
	{ "supervisor", "clone and map ids", 1100000, 1900000 },
	{ "init", "mounts and devices", 1500000, 2000000 },
};

static void test_text(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	timing_view_text(phases, ARRAY_SIZE(phases), 0, false, &out);
	assert_string_equal(out.data, "      us   SHARE  PROCESS     PHASE\n"
				      "     100   10.0%  bivy        record\n"
				      "     800   80.0%  supervisor  clone and map ids\n"
				      "     500   50.0%  init        mounts and devices\n"
				      "    1000  100.0%              in all\n");
}

static void test_drawn(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT, blocks = BUF_INIT;

	timing_view_text(phases, ARRAY_SIZE(phases), 85, false, &out);
	assert_string_equal(out.data, "      us   SHARE  PROCESS     PHASE\n"
				      "     100   10.0%  bivy        record                   ###\n"
				      "     800   80.0%  supervisor  clone and map ids           ########################\n"
				      "     500   50.0%  init        mounts and devices                      ###############\n"
				      "    1000  100.0%              in all\n");
	timing_view_text(phases, 1, 85, true, &blocks);
	assert_non_null(strstr(blocks.data, "µs"));
	assert_non_null(strstr(blocks.data, "██"));
}

static void test_nothing(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	timing_view_text(phases, 0, 200, false, &out);
	assert_non_null(strstr(out.data, "       0  100.0%              in all\n"));
}

static void test_json(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	timing_view_json(phases, 1, &out);
	assert_string_equal(out.data, "{\"durationUs\":100,\"phases\":[{\"process\":\"bivy\",\"name\":\"record\",\"beginUs\":0,\"durationUs\":100,\"sharePercent\":100}]}\n");
}

static void test_option(void **state _unused_)
{
	struct timing_option option = { false, false };
	struct error err = ERROR_INIT;

	assert_int_equal(timing_option_parse(NULL, &option, &err), 0);
	assert_true(option.is_given && !option.is_json);
	assert_int_equal(timing_option_parse("json", &option, &err), 0);
	assert_true(option.is_given && option.is_json);
	assert_int_equal(timing_option_parse("false", &option, &err), 0);
	assert_false(option.is_given);
	assert_true(timing_option_parse("xml", &option, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_drawn),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
