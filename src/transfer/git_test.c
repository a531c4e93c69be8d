/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/git.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

static void test_references(void **state _unused_)
{
	static const char text[] =
		A "\tHEAD\n"
		A "\trefs/heads/main\n"
		B "\trefs/heads/x/v1\n"
		A "\trefs/heads/v1\n"
		B "\trefs/tags/v1\n"
		B "\trefs/tags/v2\n"
		C "\trefs/tags/v2^{}\n"
		"no line\n"
		B "\trefs/pull/1/head";
	static const struct {
		const char *reference, *commit, *name;
	} cases[] = {
		{ "HEAD", A, "HEAD" },
		{ "main", A, "refs/heads/main" },
		{ "refs/heads/main", A, "refs/heads/main" },
		{ "v1", B, "refs/tags/v1" }, /* a tag before a branch */
		{ "refs/heads/v1", A, "refs/heads/v1" },
		{ "x/v1", B, "refs/heads/x/v1" },
		{ "v2", C, "refs/tags/v2" },
		{ "refs/tags/v2", C, "refs/tags/v2" },
		{ "refs/pull/1/head", B, "refs/pull/1/head" },
		{ "x", NULL, NULL },
		{ "line", NULL, NULL },
		{ "", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct git_reference found = { .commit = NULL };

		assert_int_equal(git_find_reference(arena, text, cases[i].reference, &found), cases[i].commit != NULL);
		if (!cases[i].commit)
			continue;
		assert_string_equal(found.commit, cases[i].commit);
		assert_string_equal(found.name, cases[i].name);
	}
}

static void test_environment(void **state _unused_)
{
	_cleanup_free_ char *output = str_dup(getenv("CMOCKA_MESSAGE_OUTPUT"));

	setenv("GIT_DIR", "/x", 1);
	setenv("GIT_PROXY_COMMAND", "x", 1);
	setenv("https_proxy", "http://p", 1);
	git_prepare();
	/* How results are told is in the environment, too. */
	if (output)
		setenv("CMOCKA_MESSAGE_OUTPUT", output, 1);
	assert_null(getenv("GIT_DIR"));
	assert_null(getenv("GIT_PROXY_COMMAND"));
	assert_string_equal(getenv("https_proxy"), "http://p");
	assert_string_equal(getenv("GIT_CONFIG_GLOBAL"), "/dev/null");
	assert_string_equal(getenv("GIT_TERMINAL_PROMPT"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
