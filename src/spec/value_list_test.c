/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/value_list.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_parts(const struct value_strings *parts, const char *const *expected)
{
	size_t i = 0;

	for (; expected[i]; i++) {
		assert_true(i < parts->count);
		assert_string_equal(parts->items[i], expected[i]);
	}
	assert_int_equal(parts->count, i);
}

static void test_many_are_added(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct value_strings list = { 0 };

	for (int i = 0; i < 1000; i++) {
		value_strings_add(arena, &list, arena_printf(arena, "%d", i));
		assert_null(list.items[list.count]);
	}
	for (int i = 0; i < 1000; i++)
		assert_string_equal(list.items[i], arena_printf(arena, "%d", i));
}

static void test_splitting(void **state _unused_)
{
	static const struct {
		const char *text, *plain[6], *quoted[6];
	} cases[] = {
		{ "", { NULL }, { NULL } },
		{ "a", { "a" }, { "a" } },
		{ "a,,b", { "a", "", "b" }, { "a", "", "b" } },
		{ ",a", { "", "a" }, { "", "a" } },
		{ "\"a,b\",c", { "\"a", "b\"", "c" }, { "a,b", "c" } },
		{ "\"a\"\"b\"", { "\"a\"\"b\"" }, { "a\"b" } },
		{ "a\"b", { "a\"b" }, { "a\"b" } },
	};
	static const char *const wrong[] = { "\"", "\"a", "\"a\"b", "a,\"b" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct value_strings parts;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		parts = value_split(arena, cases[i].text, ',');
		assert_parts(&parts, cases[i].plain);
		assert_int_equal(value_split_quoted(arena, cases[i].text, &parts, NULL), 0);
		assert_parts(&parts, cases[i].quoted);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(value_split_quoted(arena, wrong[i], &parts, NULL) < 0);
	parts = value_split(arena, "a,", ',');
	assert_parts(&parts, (const char *const[]){ "a", "", NULL });
}

static void test_words(void **state _unused_)
{
	static const char *const words[] = { "always", "never", NULL };
	struct error err = ERROR_INIT;

	assert_int_equal(value_check_word("never", words, &err), 0);
	assert_true(value_check_word("nevr", words, &err) < 0);
	assert_string_equal(err.message, "expected one of always, never");
	assert_string_equal(err.hint, "did you mean 'never'?");
}

static void test_paths(void **state _unused_)
{
	static const struct {
		const char *path, *expected;
	} cases[] = {
		{ "/", "/" }, { "/a//b/./c/", "/a/b/c" }, { "/../..", "/" }, { "/a/../b", "/b" }, { ".", "/home/me" }, { "./x", "/home/me/x" },
		{ "../y", "/home/y" }, { "../../../z", "/z" }, { "..a/.b", "/home/me/..a/.b" }, { "", "/home/me" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(value_clean_path(arena, "/home/me", cases[i].path), cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_are_added),
		cmocka_unit_test(test_splitting),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests_name("cli/value_list", tests, NULL, NULL);
}
