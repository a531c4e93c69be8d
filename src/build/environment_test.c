/* SPDX-License-Identifier: Apache-2.0 */
#include "build/environment.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_names_once(void **state _unused_)
{
	char *list[] = { (char *)"A=1", (char *)"AB=2", (char *)"alone", (char *)"A=3=4", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct environment environment = { 0 };

	environment_add(arena, &environment, NULL);
	assert_int_equal(environment.count, 0);
	environment_add(arena, &environment, list);
	environment_set(arena, &environment, "AB", "");
	assert_int_equal(environment.count, 3);
	assert_string_equal(environment.list[0], "A=3=4");
	assert_string_equal(environment.list[1], "AB=");
	assert_string_equal(environment.list[2], "alone=");
	assert_null(environment.list[3]);
}

/* It grows, and its copies go their own ways. */
static void test_copy(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct environment environment = { 0 }, copy;

	for (int i = 0; i < 100; i++)
		environment_set(arena, &environment, arena_printf(arena, "n%d", i), "v");
	copy = environment_copy(arena, &environment);
	for (int i = 50; i < 150; i++)
		environment_set(arena, &copy, arena_printf(arena, "n%d", i), "w");
	assert_int_equal(environment.count, 100);
	assert_string_equal(environment.list[99], "n99=v");
	assert_null(environment.list[100]);
	assert_int_equal(copy.count, 150);
	assert_string_equal(copy.list[49], "n49=v");
	assert_string_equal(copy.list[50], "n50=w");
	assert_string_equal(copy.list[149], "n149=w");
	assert_null(copy.list[150]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_once),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
