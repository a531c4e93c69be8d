/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_env.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char *environment[] = { (char *)"HOME=/root", (char *)"EMPTY=", (char *)"HOMES=x", NULL };

/* The variables with a semicolon behind each. */
static char *joined(struct arena *arena, const struct value_strings *env)
{
	_cleanup_buf_ struct buf all = BUF_INIT;

	buf_add_text(&all, "");
	for (size_t i = 0; i < env->count; i++)
		buf_printf(&all, "%s;", env->items[i]);
	return arena_strdup(arena, all.data ? all.data : "");
}

static void test_variables(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const char *const given[] = { "A=1", "B=x=y", "HOME", "EMPTY", "NOBODY", "A=2", "AA=3", "C=" };
	struct value_strings env = { 0 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		assert_int_equal(value_env_add(arena, given[i], environment, &env, NULL), 0);
	assert_string_equal(joined(arena, &env), "A=2;B=x=y;HOME=/root;EMPTY=;AA=3;C=;");
	assert_true(value_env_add(arena, "=x", environment, &env, &err) < 0);
	assert_string_equal(err.message, "expected NAME=VALUE, or NAME alone");
	assert_true(value_env_add(arena, "", environment, &env, &err) < 0);
}

static void test_lines(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct value_strings env = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(value_env_add_lines(arena, "\xef\xbb\xbf" "A=1\n\n  # no\n \tB = \"2\" \r\nHOME\n#C=3\nD='x'", environment, &env, &err), -EINVAL);
	assert_string_equal(err.message, "line 4: the name 'B ' has a blank in it");
	env = (struct value_strings){ 0 };
	assert_int_equal(value_env_add_lines(arena, "\xef\xbb\xbf" "A=1\n\n  # no\n \tB= \"2\" \r\nHOME\n#C=3\nD='x'", environment, &env, &err), 0);
	assert_string_equal(joined(arena, &env), "A=1;B= \"2\" ;HOME=/root;D='x';");
	assert_true(value_env_add_lines(arena, "A=1\n=2\n", environment, &env, &err) < 0);
	assert_string_equal(err.message, "line 2: expected NAME=VALUE, or NAME alone");
}

static void test_too_many_lines(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct value_strings env = { 0 };
	struct error err = ERROR_INIT;

	for (int i = 0; i < VALUE_LINES_LIMIT; i++)
		buf_add_text(&text, "A=1\n");
	assert_int_equal(value_env_add_lines(arena, text.data, environment, &env, &err), 0);
	assert_int_equal(env.count, 1);
	buf_add_text(&text, "A=1\n");
	assert_true(value_env_add_lines(arena, text.data, environment, &env, &err) < 0);
	assert_string_equal(err.message, "there are more than 10000 lines");
}

static void test_files(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char path[] = "/tmp/value-env-test.XXXXXX";
	int fd = mkstemp(path);
	struct value_strings env = { 0 };
	struct value_pairs labels = { 0 };
	struct error err = ERROR_INIT;

	assert_true(fd >= 0);
	assert_int_equal(value_env_add_file(arena, path, environment, &env, NULL), 0);
	assert_int_equal(env.count, 0);
	assert_int_equal(write(fd, "a=1\nb\n", 6), 6);
	assert_int_equal(value_env_add_file(arena, path, environment, &env, NULL), 0);
	assert_string_equal(joined(arena, &env), "a=1;");
	assert_int_equal(value_label_add_file(arena, path, &labels, NULL), 0);
	assert_int_equal(labels.count, 2);
	assert_string_equal(labels.items[1].key, "b");
	assert_string_equal(labels.items[1].value, "");
	assert_int_equal(write(fd, "c=\0x", 4), 4);
	close(fd);
	assert_true(value_env_add_file(arena, path, environment, &env, &err) < 0);
	assert_string_equal(err.message, "it is no text: there is a zero byte in it");
	unlink(path);
	assert_int_equal(value_env_add_file(arena, path, environment, &env, &err), -ENOENT);
	assert_string_equal(err.message, "cannot read it: no such file or directory");
}

static void test_pairs(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct value_pairs pairs = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(value_pair_add(arena, "a.b=1=2", &pairs, NULL), 0);
	assert_int_equal(value_label_add(arena, "c", &pairs, NULL), 0);
	assert_int_equal(value_pair_add(arena, "a.b=3", &pairs, NULL), 0);
	assert_int_equal(pairs.count, 2);
	assert_string_equal(pairs.items[0].key, "a.b");
	assert_string_equal(pairs.items[0].value, "3");
	assert_string_equal(pairs.items[1].value, "");
	assert_true(value_pair_add(arena, "a", &pairs, &err) < 0);
	assert_string_equal(err.message, "expected NAME=VALUE");
	assert_true(value_label_add(arena, "=a", &pairs, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_too_many_lines),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests_name("cli/value_env", tests, NULL, NULL);
}
