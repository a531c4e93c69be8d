/* SPDX-License-Identifier: Apache-2.0 */
#include "build/ignore.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct ignore *parse(struct arena *arena, const char *text)
{
	struct ignore *ignore = NULL;
	struct error err = ERROR_INIT;

	if (ignore_parse(arena, ".dockerignore", text, strlen(text), &ignore, &err) < 0)
		fail_msg("%s", err.message);
	return ignore;
}

struct test_case {
	const char *text, *path;
	bool is_ignored;
};

static void check(const struct test_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		if (ignore_matches(parse(arena, cases[i].text), cases[i].path) != cases[i].is_ignored)
			fail_msg("'%s' %s '%s'", cases[i].text, cases[i].is_ignored ? "does not leave out" : "leaves out", cases[i].path);
	}
}

static void test_rules(void **state _unused_)
{
	static const struct test_case cases[] = {
		{ "", "a", false },
		{ "a", "a", true },
		{ "a", "ab", false },
		{ "a", "a/b/c", true },
		{ "b", "a/b", false },
		{ "*/b", "a/b/c", true },
		{ "*.md", "README.md", true },
		{ "*.md", "docs/README.md", false },
		{ "**/*.md", "README.md", true },
		{ "**/*.md", "docs/deep/README.md", true },
		{ "**/*.md", "docs/README.md.txt", false },
		{ "docs/**", "docs", false },
		{ "docs/**", "docs/a/b", true },
		{ "docs/**/x", "docs/x", true },
		{ "docs/**/x", "docs/a/b/x/y", true },
		{ "docs/**/x", "docs/ax", false },
		{ "**", "any/thing", true },
		{ "**foo", "a/barfoo", true },
		{ "a**b", "ab", true },
		{ "a**b", "ax/b", true },
		{ "a**b", "axb", false },
		{ "a/b**c**d", "a/bc/c/d", true },
		{ "**y**z", "y/yz", true },
		{ "**/y/**/z", "x/y/y/q/z", true },
		{ "te?t", "test", true },
		{ "te?t", "te/t", false },
		{ "t\xc3\xa4?t", "t\xc3\xa4\xc3\xb6t", true },
		{ "[a-c]x", "bx", true },
		{ "[^a-c]x", "bx", false },
		{ "[^a-c]x", "dx", true },
		{ "[!a]x", "!x", true },
		{ "[a\\]]x", "]x", true },
		{ "[\xc3\xa4-\xc3\xb6]", "\xc3\xa5", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "*\n!a", "a", false },
		{ "*\n!a", "a/b", false },
		{ "*\n!a", "b", true },
		{ "!a\n*", "a", true },
		{ "*\n!a\na/b", "a/b/c", true },
		{ "*\n!a\na/b", "a/c", false },
		{ "a\n!a/b/*.c", "a/b/x.c", false },
		{ "a\n!a/b/*.c", "a/b/x.o", true },
		{ "**/*.log\n!keep.log", "x/keep.log", true },
	};

	check(cases, ARRAY_SIZE(cases));
}

static void test_writing(void **state _unused_)
{
	static const struct test_case cases[] = {
		{ "\xef\xbb\xbf" "a\r\n", "a", true },
		{ "# a\nb", "a", false },
		{ " #a", "#a", true },
		{ "\n\t a \t\n", "a", true },
		{ "/a", "a", true },
		{ "/a/", "a/b", true },
		{ "./a//b/", "a/b", true },
		{ "a/../b", "b", true },
		{ "../a", "a", false },
		{ "a b", "a b", true },
		{ "*\n! /a", "a", false },
		{ ".", "a", false },
		{ "/", "a", false },
		{ "*\n!.", "a", true },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	check(cases, ARRAY_SIZE(cases));
	assert_true(ignore_is_empty(parse(arena, "# nothing\n\n.\n")));
	assert_true(ignore_is_empty(NULL));
	assert_false(ignore_is_empty(parse(arena, "a")));
	assert_false(ignore_matches(NULL, "a"));
}

static void test_final(void **state _unused_)
{
	static const struct test_case cases[] = {
		{ "a", "a", true },
		{ "a", "a/b", true },
		{ "a", "b", false },
		{ "a\n!a/b", "a", false },
		{ "a\n!a/b", "a/c", true },
		{ "a\n!ab", "a", true },
		{ "!a/b\na", "a", true },
		{ "*\n!*.md", "a", true },
		{ "*\n!**/*.md", "a", false },
		{ "*\n!docs/**", "a", true },
		{ "*\n!docs/**/*.md", "docs", false },
		{ "*\n!d*/x", "docs", false },
		{ "*\n!d*/x", "a", true },
		{ "*\n!d*/x/y", "da/z", true },
		{ "*\n!d*/x/y", "da/x", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		if (ignore_is_final(parse(arena, cases[i].text), cases[i].path) != cases[i].is_ignored)
			fail_msg("'%s': '%s'", cases[i].text, cases[i].path);
	}
}

static void test_errors(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "a\n!", ".dockerignore:2: '!' names nothing that is taken back" },
		{ "[a", ".dockerignore:1: '[a' is no pattern: a '[' without its ']', a range without its end, or a '\\' at the end" },
		{ "[]a]", ".dockerignore:1: '[]a]' is no pattern: a '[' without its ']', a range without its end, or a '\\' at the end" },
		{ "\n [b-a]", ".dockerignore:2: '[b-a]' is no pattern: a '[' without its ']', a range without its end, or a '\\' at the end" },
		{ "a\\", ".dockerignore:1: 'a\\' is no pattern: a '[' without its ']', a range without its end, or a '\\' at the end" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	char *many = arena_alloc(arena, 3 * (size_t)IGNORE_PATTERN_LIMIT, 1), *name = arena_alloc(arena, 5001, 1);
	struct ignore *ignore = NULL;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(ignore_parse(arena, ".dockerignore", cases[i][0], strlen(cases[i][0]), &ignore, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	assert_int_equal(ignore_parse(arena, "x", "a\0b", 3, &ignore, &err), -EINVAL);
	assert_string_equal(err.message, "x: a byte 0 in it: this is no text");
	memset(name, 'a', 5000);
	assert_int_equal(ignore_parse(arena, "x", name, 5000, &ignore, &err), -EINVAL);
	assert_non_null(strstr(err.message, "is no pattern: it is longer than any path"));
	for (size_t i = 0; i < IGNORE_PATTERN_LIMIT; i++)
		memcpy(many + 2 * i, "a\n", 2);
	assert_int_equal(ignore_parse(arena, "x", many, 2 * IGNORE_PATTERN_LIMIT, &ignore, &err), 0);
	many[2 * IGNORE_PATTERN_LIMIT] = 'b';
	assert_int_equal(ignore_parse(arena, "x", many, 2 * IGNORE_PATTERN_LIMIT + 1, &ignore, &err), -EINVAL);
	assert_string_equal(err.message, "x:50001: more than 50000 patterns");
	assert_null(strstr(err.message, "\n"));
}

static void test_list(void **state _unused_)
{
	char *patterns[] = { (char *)"*.o", (char *)"", (char *)"!keep.o", NULL }, *wrong[] = { (char *)"[", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct ignore *ignore = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(ignore_of_list(arena, patterns, &ignore, &err), 0);
	assert_true(ignore_matches(ignore, "a.o"));
	assert_false(ignore_matches(ignore, "keep.o"));
	assert_int_equal(ignore_of_list(arena, NULL, &ignore, &err), 0);
	assert_true(ignore_is_empty(ignore));
	assert_int_equal(ignore_of_list(arena, wrong, &ignore, &err), -EINVAL);
	assert_string_equal(err.message, "cannot exclude: '[' is no pattern: a '[' without its ']', a range without its end, or a '\\' at the end");
}

/* More names than are found beforehand. */
static void test_deep(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct ignore *ignore = parse(arena, "**/last");
	char path[2 * 100 + 5] = { 0 };

	for (size_t i = 0; i < 100; i++)
		memcpy(path + 2 * i, "a/", 2);
	memcpy(path + 200, "last", 5);
	assert_true(ignore_matches(ignore, path));
	path[203] = 'x';
	assert_false(ignore_matches(ignore, path));
}

static void test_sources(void **state _unused_)
{
	assert_true(ignore_fits_source("a/*.c", "a/b.c"));
	assert_false(ignore_fits_source("a/*.c", "a/b/c.c"));
	assert_false(ignore_fits_source("**.c", "a/b.c"));
	assert_true(ignore_fits_source("***.c", "b.c"));
	assert_true(ignore_fits_source("\\**", "*a"));
	assert_true(ignore_fits_source("\\\\**", "\\a"));
	assert_false(ignore_fits_source("\\\\**", "\\a/b"));
	assert_false(ignore_fits_source("a", "a/b"));
	assert_false(ignore_fits_source("[", "["));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_final),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
