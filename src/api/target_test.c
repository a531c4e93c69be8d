/* SPDX-License-Identifier: Apache-2.0 */
#include "api/target.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_version_path_and_query(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct api_target target;
	int64_t number = -1;

	assert_int_equal(api_target_decode(arena, "/v1.41/images/a%2Fb/json?x=1+2&y=%26&z&x=3", &target, NULL), 0);
	assert_int_equal(target.minor, 41);
	assert_int_equal(target.segment_count, 3);
	assert_string_equal(target.segments[1], "a/b");
	assert_string_equal(api_target_value(&target, "x"), "1 2");
	assert_string_equal(api_target_value(&target, "y"), "&");
	assert_string_equal(api_target_value(&target, "z"), "");
	assert_null(api_target_value(&target, "n"));
	assert_int_equal(api_target_number(&target, "z", 0, 5, &number, NULL), 0);
	assert_int_equal(number, -1);
	assert_true(api_target_number(&target, "x", 0, 5, &number, NULL) < 0);
	assert_int_equal(api_target_decode(arena, "/_ping", &target, NULL), 0);
	assert_int_equal(target.minor, API_VERSION_MOST);
	assert_int_equal(api_target_decode(arena, "/volumes/v1.2/x", &target, NULL), 0);
	assert_string_equal(target.segments[1], "v1.2");
}

static void test_flags(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct api_target target;

	assert_int_equal(api_target_decode(arena, "/x?a=1&b=true&c=0&d=False&e=&f=no&g=none&h=yes", &target, NULL), 0);
	for (const char *c = "abh"; *c; c++)
		assert_true(api_target_flag(&target, (const char[]){ *c, '\0' }, false));
	for (const char *c = "cdefg"; *c; c++)
		assert_false(api_target_flag(&target, (const char[]){ *c, '\0' }, true));
	assert_true(api_target_flag(&target, "i", true));
}

static void test_filters_in_both_forms(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct api_target target;
	char **filters;

	assert_int_equal(api_target_decode(arena, "/x?filters={\"label\":{\"k=v\":true},\"name\":[\"a\",\"b\"]}", &target, NULL), 0);
	assert_int_equal(api_target_filters(arena, &target, &filters, NULL), 0);
	assert_string_equal(filters[0], "label=k=v");
	assert_string_equal(filters[2], "name=b");
	assert_null(filters[3]);
	assert_int_equal(api_target_decode(arena, "/x?filters={}", &target, NULL), 0);
	assert_int_equal(api_target_filters(arena, &target, &filters, NULL), 0);
	assert_null(filters);
}

static void test_what_is_none_is_refused(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const char *const targets[] = { "", "x", "/v1.23/x", "/v0.9/x", "/v2.0/x", "/v1.57/x", "/a%", "/a%2", "/a%zz", "/a%00", "/x?a=%0", "/x?%00=1",
		"http://h/x" };
	static const char *const filters[] = { "/x?filters=[]", "/x?filters={\"a\":7}", "/x?filters={\"a\":[7]}", "/x?filters={", "/x?filters=7" };
	struct api_target target;
	char **list;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct error err = ERROR_INIT;

		assert_true(api_target_decode(arena, targets[i], &target, &err) < 0);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		assert_int_equal(api_target_decode(arena, filters[i], &target, NULL), 0);
		assert_true(api_target_filters(arena, &target, &list, NULL) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_path_and_query),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_filters_in_both_forms),
		cmocka_unit_test(test_what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
