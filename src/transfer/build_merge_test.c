/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "transfer/build_merge.h"

#include <fcntl.h>

static int open_directory(const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* FROM over `to`; what is below both is `lower`. */
static void merge(const char *from)
{
	_cleanup_close_ int from_fd = open_directory(from), to_fd = open_directory("to"), lower_fd = open_directory("lower");
	const struct build_lower lower = { &lower_fd, 1 };
	struct error err = ERROR_INIT;

	if (build_merge(from_fd, to_fd, &lower, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_files(void **state _unused_)
{
	shell_need_root();
	shell_run("mkdir -p lower from/d/deep to/d; echo old >to/file; echo new >from/file; echo x >to/d/x; echo y >from/d/y; ln -s a from/link; ln from/file from/other;"
		  "touch -d @1000 from/d; chmod 711 from/d; chown 5:6 from/d");
	merge("from");
	shell_expect("cd to && find . -mindepth 1 | LC_ALL=C sort | xargs", "./d ./d/deep ./d/x ./d/y ./file ./link ./other\n");
	shell_expect("cat to/file to/d/x to/d/y", "new\nx\ny\n");
	shell_expect("stat -c '%a %u:%g %Y' to/d", "711 5:6 1000\n");
	shell_expect("test to/file -ef from/file && test to/file -ef to/other && echo one", "one\n");
}

/* What a layer hides: of those below all of them it is still hidden, of its own kind it is only gone. */
static void test_whiteouts(void **state _unused_)
{
	shell_need_root();
	shell_run("mkdir -p lower to/d from; echo x >lower/below; echo x >to/ours; echo x >to/d/x; echo x >lower/d;"
		  "for name in below ours d never; do mknod from/$name c 0 0; done");
	merge("from");
	shell_expect("cd to && stat -c '%n %F' *", "below character special file\nd character special file\n");
	/* And a file in its place again. */
	shell_run("mkdir again; echo y >again/below");
	merge("again");
	shell_expect("cat to/below", "y\n");
}

static void test_directories_in_place_of_files(void **state _unused_)
{
	shell_need_root();
	shell_run("mkdir -p lower/f to from/f from/g; echo x >to/f; mknod to/g c 0 0; echo y >from/f/y; mkdir second; echo z >second/f");
	merge("from");
	shell_expect("cat to/f/y; getfattr -m trusted.overlay --only-values -d to/f to/g --absolute-names 2>/dev/null; echo", "y\nyy\n");
	merge("second");
	shell_expect("cat to/f", "z\n");
}

static void test_opaque(void **state _unused_)
{
	shell_need_root();
	shell_run("mkdir -p lower/d to/d from/d; echo x >to/d/x; echo y >from/d/y; setfattr -n trusted.overlay.opaque -v y from/d");
	merge("from");
	shell_expect("ls to/d; getfattr -n trusted.overlay.opaque --only-values to/d; echo", "y\ny\n");
	/* A layer upon it that adds to the directory leaves it hiding what is below. */
	shell_run("mkdir -p more/d; echo z >more/d/z");
	merge("more");
	shell_expect("ls to/d | xargs; getfattr -n trusted.overlay.opaque --only-values to/d; echo", "y z\ny\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_files), shell_test(test_whiteouts), shell_test(test_directories_in_place_of_files), shell_test(test_opaque),
	};

	return cmocka_run_group_tests_name("transfer/build_merge", tests, NULL, NULL);
}
