/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random_name.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_names_differ(void **state _unused_)
{
	_cleanup_free_ char *one = random_name(), *other = random_name();

	assert_int_equal(strspn(one, "0123456789abcdef"), 16);
	assert_int_equal(strlen(one), 16);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names_differ) };

	return cmocka_run_group_tests_name("random_name", tests, NULL, NULL);
}
