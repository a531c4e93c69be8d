/* SPDX-License-Identifier: Apache-2.0 */
#include "store/path_set.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_set(void **state)
{
	_cleanup_path_set_ struct path_set *set = path_set_new();

	(void)state;
	assert_false(path_set_has(set, ""));
	assert_true(path_set_add(set, ""));
	for (int i = 0; i < 10000; i++) {
		_cleanup_free_ char *path = str_printf("a/%d", i);

		assert_false(path_set_has(set, path));
		assert_true(path_set_add(set, path));
		assert_false(path_set_add(set, path));
	}
	for (int i = 0; i < 10000; i++) {
		_cleanup_free_ char *path = str_printf("a/%d", i), *other = str_printf("b/%d", i);

		assert_true(path_set_has(set, path));
		assert_false(path_set_has(set, other));
	}
	assert_true(path_set_has(set, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests_name("path_set", tests, NULL, NULL);
}
