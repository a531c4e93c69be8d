/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "base/cleanup.h"
#include "transfer/build_clone.h"

#include <fcntl.h>

static int open_directory(const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t clone_of(const char *from, const char *to)
{
	_cleanup_close_ int from_fd = open_directory(from), to_fd = open_directory(to);
	struct error err = ERROR_INIT;
	uint64_t members = 0;

	if (build_clone(from_fd, to_fd, &members, &err) < 0)
		fail_msg("%s", err.message);
	return members;
}

static void test_equal(void **state _unused_)
{
	_cleanup_free_ char *first = NULL, *second = NULL;

	shell_need_root();
	shell_run("mkdir -p a/d/e b; echo x >a/d/x; ln a/d/x a/d/y; ln -s x a/link; mkfifo a/fifo; mknod a/d/gone c 0 0; chown -h 5:6 a/link a/d; chmod 2751 a/d;"
		  "setfattr -n user.x -v 1 a/d 2>/dev/null || true; setfattr -n trusted.overlay.opaque -v y a/d/e; touch -d @1000 a/d/e; touch -d @2000 a/d");
	assert_int_equal(clone_of("a", "b"), 7);
	shell_run("chmod 0 a/d/gone; touch -d @3000 a/d/gone b/d/gone"); /* a whiteout has no mode or time that counts */
	first = shell_list_tree("a", "");
	second = shell_list_tree("b", "");
	assert_string_equal(first, second);
	shell_expect("test a/d/x -ef b/d/y && ! test a/d/gone -ef b/d/gone && echo so", "so\n");
	shell_expect("getfattr -n trusted.overlay.opaque --only-values b/d/e; echo", "y\n");
}

static void test_refused(void **state _unused_)
{
	struct error err = ERROR_INIT;
	uint64_t members;

	shell_run("mkdir -p a b; touch a/x b/x");
	{
		_cleanup_close_ int from_fd = open_directory("a"), to_fd = open_directory("b");

		assert_true(build_clone(from_fd, to_fd, &members, &err) < 0);
	}
	assert_string_equal(err.message, "cannot make the layer once more: file exists");
}

int main(void)
{
	const struct CMUnitTest tests[] = { shell_test(test_equal), shell_test(test_refused) };

	return cmocka_run_group_tests_name("transfer/build_clone", tests, NULL, NULL);
}
