/* SPDX-License-Identifier: Apache-2.0 */
#include "host/user_namespace.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_size(void **state)
{
	static const struct {
		const char *map;
		uint32_t size;
	} cases[] = {
		{ "", 0 },
		{ "         0          0 4294967295\n", UINT32_MAX },
		{ "         0       1000          1\n", 1 },
		{ "0 1000 1\n1 100000 65536\n", 65537 },
		{ "1 100000 65536\n0 1000 1\n", 65537 },
		{ "0 1000 1\n2 100000 65536\n", 1 },
		{ "1 100000 65536\n", 0 },
		{ "0 4294967294 4294967295\n1 1 1\n", UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(user_namespace_size_of(cases[i].map), cases[i].size);
}

static void test_run(void **state)
{
	static const char map[] = "         0       1000          1\n         1     100000      65536\n";

	(void)state;
	assert_int_equal(user_namespace_run_of(map, 0, 65536), 1);
	assert_int_equal(user_namespace_run_of(map, 1, 65535), 65535);
	assert_int_equal(user_namespace_run_of(map, 65536, 10), 1);
	assert_int_equal(user_namespace_run_of(map, 65537, 10), 10);
	assert_int_equal(user_namespace_run_of("", 5, 10), 10);
	assert_int_equal(user_namespace_root_of(map), 1000);
	assert_int_equal(user_namespace_root_of("1 7 1\n"), 0);
}

static void test_ours(void **state)
{
	(void)state;
	assert_true(user_namespace_size() > 0);
	assert_int_equal(user_namespace_is_first(), user_namespace_size() == UINT32_MAX);
	user_namespace_entered();
	assert_true(user_namespace_size() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_size), cmocka_unit_test(test_run), cmocka_unit_test(test_ours) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
