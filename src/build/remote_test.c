/* SPDX-License-Identifier: Apache-2.0 */
#include "build/remote.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_kinds(void **state _unused_)
{
	assert_true(remote_is("http://h/x") && remote_is("https://h") && remote_is("git://h/x") && remote_is("ssh://h/x") && remote_is("git@h:x"));
	assert_false(remote_is("") || remote_is("http:/h") || remote_is("a/http://h") || remote_is("gitx") || remote_is("-") || remote_is("ftp://h/x"));
}

static void test_files(void **state _unused_)
{
	static const struct {
		const char *text, *url, *name;
	} cases[] = {
		{ "http://h/a/b.tar.gz", "http://h/a/b.tar.gz", "b.tar.gz" },
		{ "https://h:8/a/b?c=/d", "https://h:8/a/b?c=/d", "b" },
		{ "https://h/a/b#c/d", "https://h/a/b", "b" },
		{ "https://h/a%20b", "https://h/a%20b", "a b" },
		{ "https://h/a%2fb", "https://h/a%2fb", "b" },
		{ "https://h/a/", "https://h/a/", "a" },
		{ "https://h", "https://h", "__unnamed__" },
		{ "https://h/", "https://h/", "__unnamed__" },
		{ "https://h?x", "https://h?x", "__unnamed__" },
		{ "https://h/..", "https://h/..", "__unnamed__" },
		{ "https://h/x/%2e%2e", "https://h/x/%2e%2e", "__unnamed__" },
		{ "https://h/a.git/b", "https://h/a.git/b", "b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct remote remote;

		assert_int_equal(remote_parse(arena, cases[i].text, &remote, NULL), 0);
		assert_int_equal(remote.kind, REMOTE_FILE);
		assert_string_equal(remote.url, cases[i].url);
		assert_string_equal(remote.name, cases[i].name);
	}
}

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

static void test_repositories(void **state _unused_)
{
	static const struct {
		const char *text, *url, *reference, *commit, *directory;
	} cases[] = {
		{ "https://h/a.git", "https://h/a.git", NULL, NULL, NULL },
		{ "https://h/a.git#", "https://h/a.git", NULL, NULL, NULL },
		{ "https://h/a.git#v1.2", "https://h/a.git", "v1.2", NULL, NULL },
		{ "https://h/a.git#refs/pull/3/head:/b/./c/", "https://h/a.git", "refs/pull/3/head", NULL, "b/c" },
		{ "https://h/a.git#:b", "https://h/a.git", NULL, NULL, "b" },
		{ "https://h/a.git#:/", "https://h/a.git", NULL, NULL, NULL },
		{ "https://h/a.git?branch=m&subdir=b%20c", "https://h/a.git", "refs/heads/m", NULL, "b c" },
		{ "https://h/a.git?tag=v1&commit=0123456", "https://h/a.git", "refs/tags/v1", "0123456", NULL },
		{ "https://h/a.git?ref=x#x", "https://h/a.git", "x", NULL, NULL },
		{ "git://h/a", "git://h/a", NULL, NULL, NULL },
		{ "git@h:a/b#m:c", "git@h:a/b", "m", NULL, "c" },
		{ "ssh://u@h:22/a#m", "ssh://u@h:22/a", "m", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct remote remote;

		assert_int_equal(remote_parse(arena, cases[i].text, &remote, NULL), 0);
		assert_int_equal(remote.kind, REMOTE_GIT);
		assert_string_equal(remote.url, cases[i].url);
		assert_string_equal(or_none(remote.reference), or_none(cases[i].reference));
		assert_string_equal(or_none(remote.commit), or_none(cases[i].commit));
		assert_string_equal(or_none(remote.directory), or_none(cases[i].directory));
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "https://h/a b", "'https://h/a b' is no address: it has a blank or a control character" },
		{ "https://h/%zz", "'https://h/%zz' has an escape that is none" },
		{ "https://h/%00", "'https://h/%00' has an escape that is none" },
		{ "git://h/a#--upload-pack=x", "'git://h/a#--upload-pack=x': '--upload-pack=x' is no name of a branch, a tag or a commit" },
		{ "git://h/a#a..b", "'git://h/a#a..b': 'a..b' is no name of a branch, a tag or a commit" },
		{ "git://h/a#m:b/../..", "'git://h/a#m:b/../..': the directory 'b/../..' leads out of the repository" },
		{ "git://h/a?branch=m&tag=v", "'git://h/a?branch=m&tag=v': 'refs/heads/m' and 'refs/tags/v' cannot both be meant" },
		{ "git://h/a?subdir=b#:c", "'git://h/a?subdir=b#:c': 'b' and 'c' cannot both be meant" },
		{ "git://h/a?commit=m", "'git://h/a?commit=m': 'm' is no name of a commit" },
		{ "git://h/a?brunch=m", "'git://h/a?brunch=m': unknown key 'brunch'" },
		{ "git://h/a?ref=%0a", "'git://h/a?ref=%0a': the reference has a control character" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct error err = ERROR_INIT;
		struct remote remote;

		assert_true(remote_parse(arena, cases[i][0], &remote, &err) < 0);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_shown(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "https://u:p@h/a.git#m", "https://xxxxx:xxxxx@h/a.git#m" },
		{ "https://u:p@q@h:8/a", "https://xxxxx:xxxxx@h:8/a" },
		{ "https://h/a:b@c", "https://h/a:b@c" },
		{ "ssh://git@h:22/a", "ssh://git@h:22/a" },
		{ "git@h:a@b", "git@h:a@b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_string_equal(remote_shown(arena, cases[i][0]), cases[i][1]);
	}
}

static void test_commits(void **state _unused_)
{
	assert_true(remote_is_commit("0123456789abcdef0123456789abcdef01234567"));
	assert_true(remote_is_commit("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
	assert_false(remote_is_commit("0123456789abcdef0123456789abcdef0123456"));
	assert_false(remote_is_commit("0123456789Abcdef0123456789abcdef01234567"));
}

static void test_materials(void **state _unused_)
{
	static const char commit[] = "0123456789abcdef0123456789abcdef01234567";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct remote remote;

	assert_int_equal(remote_parse(arena, "https://u:p@h/r.git#v1:sub", &remote, NULL), 0);
	assert_string_equal(remote_address(arena, &remote, "refs/tags/v1"), "https://xxxxx:xxxxx@h/r.git#refs/tags/v1");
	assert_string_equal(remote_address(arena, &remote, NULL), "https://xxxxx:xxxxx@h/r.git#v1");
	assert_string_equal(remote_digest(arena, &remote, commit), "sha1:0123456789abcdef0123456789abcdef01234567");
	assert_int_equal(remote_parse(arena, "https://h/f.tar", &remote, NULL), 0);
	assert_string_equal(remote_address(arena, &remote, NULL), "https://h/f.tar");
	assert_string_equal(remote_digest(arena, &remote, "sha256:00"), "sha256:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_repositories),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_commits),
		cmocka_unit_test(test_materials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
