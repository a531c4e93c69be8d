/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_parameters.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const nothing[] = { NULL, "", "null", "{}", "[]", " { } " };

static void test_nothing(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		struct spec_container_ulimit *ulimits;
		struct spec_pair *pairs;
		char **arguments;
		size_t count = 9;

		assert_int_equal(spec_build_pairs_decode(arena, "labels", nothing[i], &pairs, &count, NULL), 0);
		assert_int_equal(count, 0);
		assert_int_equal(spec_build_arguments_decode(arena, nothing[i], &arguments, NULL), 0);
		assert_null(arguments);
		assert_int_equal(spec_build_ulimits_decode(arena, nothing[i], &ulimits, &count, NULL), 0);
		assert_int_equal(count, 0);
	}
}

static void test_values(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_ulimit *ulimits;
	char **arguments;
	size_t count;

	assert_int_equal(spec_build_arguments_decode(arena, "{\"A\":\"1=2\",\"B\":null,\"C\":\"\"}", &arguments, NULL), 0);
	assert_string_equal(arguments[0], "A=1=2");
	assert_string_equal(arguments[1], "C=");
	assert_null(arguments[2]);
	assert_int_equal(spec_build_ulimits_decode(arena, "[{\"Name\":\"nofile\",\"Soft\":5,\"Hard\":-1}]", &ulimits, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ulimits[0].hard, -1);
}

static void test_refuses(void **state _unused_)
{
	static const char *const texts[] = { "[1]", "\"x\"", "{\"a\":1}", "{" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_pair *pairs;
	size_t count;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(spec_build_pairs_decode(arena, "labels", texts[i], &pairs, &count, NULL) < 0);
	assert_true(spec_build_pairs_decode(arena, "labels", "{\"a\":1}", &pairs, &count, &err) < 0);
	assert_string_equal(err.message, "labels.a: expected string, found integer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
