/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"
#include "transfer/program.h"

#include <fcntl.h>

#define SH(script) (const char *const[]){ "sh", "-c", script, NULL }

static void gather(void *context, const char *line)
{
	buf_printf(context, "%s\n", line);
}

static void test_output_and_lines(void **state _unused_)
{
	_cleanup_free_ char *path = str_printf("%s/out", shell_scratch);
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	_cleanup_buf_ struct buf said = BUF_INIT;
	struct program program = { .arguments = SH("pwd; cat; echo one >&2; printf 'two\\r\\nthree' >&2; test $LC_ALL = C.UTF-8"), .directory = shell_scratch,
		.output_fd = fd, .told = gather, .context = &said };

	assert_true(fd >= 0);
	assert_int_equal(program_run(&program, NULL), 0);
	assert_string_equal(said.data, "one\ntwo\nthree\n");
	shell_expect("test \"$(cat out)\" = \"$PWD\" && echo same", "same\n");
}

/* However long a line is. */
static void test_bounded(void **state _unused_)
{
	_cleanup_buf_ struct buf said = BUF_INIT;
	struct program program = { .arguments = SH("head -c 100000 /dev/zero | tr '\\0' x >&2"), .output_fd = -1, .told = gather, .context = &said };

	assert_int_equal(program_run(&program, NULL), 0);
	assert_int_equal(said.length, 1001);
}

static void expect_failure(const char *const *arguments, int wanted, const char *message)
{
	struct program program = { .arguments = arguments, .output_fd = -1 };
	struct error err = ERROR_INIT;

	assert_int_equal(program_run(&program, &err), wanted);
	assert_string_equal(err.message, message);
}

static void test_failures(void **state _unused_)
{
	expect_failure((const char *const[]){ "no-such-program", NULL }, -ENOENT, "cannot run 'no-such-program': no such file or directory");
	expect_failure(SH("exit 3"), -EINVAL, "sh: exit status 3");
	expect_failure(SH("kill -9 $$"), -EINVAL, "sh: ended by signal 9");
	expect_failure(SH("echo first >&2; echo last >&2; exit 1"), -EINVAL, "sh: last");
	expect_failure(SH("echo 'E: what is wrong' >&2; echo later >&2; exit 1"), -EINVAL, "sh: what is wrong");
	expect_failure(SH("echo 127 of its own >&2; exit 127"), -EINVAL, "sh: 127 of its own");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_output_and_lines),
		shell_test(test_bounded),
		shell_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
