/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "transfer/build_path.h"

#include <fcntl.h>

static void test_clean(void **state _unused_)
{
	static const struct {
		const char *path, *wanted;
	} cases[] = {
		{ "", "" }, { "/", "" }, { ".", "" }, { "a", "a" }, { "/a//b/", "a/b" }, { "./a/./b", "a/b" }, { "a/../b", "b" }, { "../a", "a" }, { "a/..", "" },
		{ "a/b/../../..", "" }, { "..a/.b", "..a/.b" }, { "a/...", "a/..." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		buf_add_text(&out, "before");
		build_path_clean(cases[i].path, &out);
		assert_string_equal(out.data, cases[i].wanted);
		assert_int_equal(out.length, strlen(cases[i].wanted));
	}
	assert_string_equal(build_path_base("a/b"), "b");
	assert_string_equal(build_path_base("a"), "a");
	assert_string_equal(build_path_base(""), "");
}

/* All within the directory, whatever links say. */
static void test_follow(void **state _unused_)
{
	static const struct {
		const char *path, *wanted;
		int result;
	} cases[] = {
		{ "/", "", 0 },
		{ "d/f", "d/f", 0 },
		{ "/d/./f", "d/f", 0 },
		{ "d/../d/f", "d/f", 0 },
		{ "../../d", "d", 0 },
		{ "relative/f", "d/f", 0 },
		{ "absolute/f", "d/f", 0 },
		{ "absolute", "d", 0 },
		{ "d/up", "d", 0 },
		{ "far", "etc/passwd", 0 },
		{ "far/x", "etc/passwd/x", 0 },
		{ "chain/new/deep", "d/new/deep", 0 },
		{ "missing/../d", "d", 0 },
		{ "d/f/x", "d/f/x", 0 },
		{ "circle", NULL, -ELOOP },
		{ "circle/x", NULL, -ELOOP },
		{ "self/a", NULL, -ELOOP },
	};
	_cleanup_close_ int fd = -EBADF;

	shell_run("mkdir d; touch d/f; ln -s d relative; ln -s /d absolute; ln -s ../d d/up; ln -s ../../../../etc/passwd far; ln -s absolute chain;"
		  "ln -s circle2 circle; ln -s circle circle2; ln -s self/self self");
	fd = open(shell_scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		assert_int_equal(build_path_follow(fd, cases[i].path, &out), cases[i].result);
		if (cases[i].wanted)
			assert_string_equal(out.data, cases[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		shell_test(test_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
