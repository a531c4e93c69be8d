/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filter_value.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_truth(void **state _unused_)
{
	struct error err = ERROR_INIT;
	bool is_true = false;

	assert_int_equal(filter_value_read_truth("dangling", "1", &is_true, &err), 0);
	assert_true(is_true);
	assert_int_equal(filter_value_read_truth("dangling", "false", &is_true, &err), 0);
	assert_false(is_true);
	assert_int_equal(filter_value_read_truth("dangling", "true", &is_true, &err), 0);
	assert_true(filter_value_read_truth("dangling", "yes", &is_true, &err) < 0);
	assert_string_equal(err.message, "invalid filter 'dangling=yes': expected true or false");
	assert_true(is_true);
}

static void test_pairs(void **state _unused_)
{
	const struct spec_pair pairs[] = { { (char *)"kind", (char *)"db" }, { (char *)"empty", (char *)"" }, { (char *)"a", (char *)"b=c" } };
	static const char *const among[] = { "kind", "kind=db", "empty", "empty=", "a=b=c" }, *const others[] = { "", "kin", "kinds", "kind=", "kind=d", "kind=dbs", "=db", "a=b" };

	for (size_t i = 0; i < ARRAY_SIZE(among); i++)
		assert_true(filter_value_is_among(among[i], pairs, ARRAY_SIZE(pairs)));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(filter_value_is_among(others[i], pairs, ARRAY_SIZE(pairs)));
	assert_false(filter_value_is_among("kind", NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_truth), cmocka_unit_test(test_pairs) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
