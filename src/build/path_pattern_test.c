/* SPDX-License-Identifier: Apache-2.0 */
#include "build/path_pattern.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_clean(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "", "" }, { ".", "" }, { "/", "" }, { "./", "" }, { "a", "a" }, { "/a", "a" }, { "a//b/./c/", "a/b/c" }, { "a/..", "" },
		{ "a/../b", "b" }, { "../a", "../a" }, { "../../a/../b", "../../b" }, { "/../a", "a" }, { "a/b/../../..", ".." }, { "...", "..." },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(path_pattern_clean(arena, cases[i][0]), cases[i][1]);
}

static void test_wildcards(void **state _unused_)
{
	assert_true(path_pattern_has_wildcards("a*"));
	assert_true(path_pattern_has_wildcards("\\\\?"));
	assert_true(path_pattern_has_wildcards("[a]"));
	assert_false(path_pattern_has_wildcards("a\\*b"));
	assert_false(path_pattern_has_wildcards("a]\\"));
}

/* What takes the possibilities all at once, and what would take long if they were tried one by one. */
static void test_intricate(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *path = arena_alloc(arena, 4001, 1);
	struct path_pattern *pattern;

	memset(path, 'a', 4000);
	for (size_t i = 1; i < 4000; i += 2)
		path[i] = '/';
	pattern = path_pattern_compile(arena, "**a**a**a**a**a**a**a**a**b");
	assert_false(path_pattern_fits(pattern, path));
	pattern = path_pattern_compile(arena, "**/a/**/a/**/a/**/a/**/a/*a*a*a*/b");
	assert_false(path_pattern_fits(pattern, path));
	pattern = path_pattern_compile(arena, "x**[y-z]**\xc3\xa4?");
	assert_true(path_pattern_fits(pattern, "x/y/\xc3\xa4\xc3\xb6"));
	assert_true(path_pattern_fits(pattern, "xz\xc3\xa4\xf0\x9f\x98\x80"));
	assert_false(path_pattern_fits(pattern, "xa/y/\xc3\xa4\xc3\xb6/b"));
	assert_true(path_pattern_covers(pattern, "xa/y/\xc3\xa4\xc3\xb6/b"));
	assert_false(path_pattern_covers(pattern, "xq"));
	assert_true(path_pattern_fits(path_pattern_compile(arena, "*[ab]**?"), "abb"));
	pattern = path_pattern_compile(arena, "x**y**");
	assert_true(path_pattern_fits(pattern, "xa/yb/c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_intricate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
