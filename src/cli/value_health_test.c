/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_health.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_durations(void **state _unused_)
{
	static const struct {
		const char *text;
		int64_t ns;
		const char *message;
	} cases[] = {
		{ "30s", 30000000000, NULL }, { "1m30s", 90000000000, NULL }, { "0", 0, NULL }, { "0s", 0, NULL }, { "1ms", 1000000, NULL },
		{ "999us", 0, "expected a millisecond (1ms) at least" }, { "", 0, "expected a duration such as 30s or 1m30s" },
		{ "30", 0, "expected a duration such as 30s or 1m30s" }, { "-1s", 0, "expected a duration such as 30s or 1m30s" },
		{ "9999999h", 0, "the duration is too long" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		int64_t ns = 0;

		assert_int_equal(value_duration_parse(cases[i].text, &ns, &err) < 0, cases[i].message != NULL);
		assert_int_equal(ns, cases[i].ns);
		assert_string_equal(err.message, cases[i].message ? cases[i].message : "");
	}
}

static void test_actions(void **state _unused_)
{
	enum spec_health_action action = SPEC_HEALTH_NONE;
	struct error err = ERROR_INIT;

	assert_int_equal(value_health_action_parse("restart", &action, NULL), 0);
	assert_int_equal(action, SPEC_HEALTH_RESTART);
	assert_true(value_health_action_parse("die", &action, &err) < 0);
	assert_string_equal(err.message, "expected one of none, kill, restart, stop");
}

static void test_checks(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_health_check *check = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(value_health_make(arena, &(struct value_health){ .command = NULL }, &check, NULL), 0);
	assert_null(check);

	assert_int_equal(value_health_make(arena, &(struct value_health){ .command = "curl -f x || exit 1", .retries = 3 }, &check, NULL), 0);
	assert_string_equal(check->test[0], "CMD-SHELL");
	assert_string_equal(check->test[1], "curl -f x || exit 1");
	assert_null(check->test[2]);
	assert_int_equal(check->retries, 3);

	assert_int_equal(value_health_make(arena, &(struct value_health){ .command = "[\"curl\",\"a b\"]" }, &check, NULL), 0);
	assert_string_equal(check->test[0], "CMD");
	assert_string_equal(check->test[2], "a b");
	assert_null(check->test[3]);

	assert_int_equal(value_health_make(arena, &(struct value_health){ .command = "[[ -e /ready ]]" }, &check, NULL), 0);
	assert_string_equal(check->test[0], "CMD-SHELL");

	assert_int_equal(value_health_make(arena, &(struct value_health){ .command = "none" }, &check, NULL), 0);
	assert_string_equal(check->test[0], "NONE");
	assert_null(check->test[1]);

	assert_int_equal(value_health_make(arena, &(struct value_health){ .interval_ns = 5 }, &check, NULL), 0);
	assert_null(check->test);
	assert_int_equal(check->interval_ns, 5);

	assert_true(value_health_make(arena, &(struct value_health){ .command = "" }, &check, &err) < 0);
	assert_string_equal(err.message, "the command is empty");
	assert_true(value_health_make(arena, &(struct value_health){ .command = "[]" }, &check, &err) < 0);
	assert_string_equal(err.message, "the array is empty");
	assert_true(value_health_make(arena, &(struct value_health){ .command = "[\"a\",1]" }, &check, &err) < 0);
	assert_string_equal(err.message, "expected an array of strings");
	assert_true(value_health_make(arena, &(struct value_health){ .command = "[\"a\"" }, &check, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_checks),
	};

	return cmocka_run_group_tests_name("cli/value_health", tests, NULL, NULL);
}
