/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tree.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 2500

static char scratch[] = "/tmp/bivy-tree-test.XXXXXX";

static int set_up(void **state _unused_)
{
	return mkdtemp(scratch) ? 0 : -1;
}

static int tear_down(void **state _unused_)
{
	return tree_remove_at(AT_FDCWD, scratch);
}

static int open_scratch(void)
{
	int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void make_file(int fd, const char *name)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	close(file);
}

/* DEPTH directories, one in the other, and beside each of some a file. */
static void nest(int fd, const char *name)
{
	_cleanup_close_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	for (int i = 0; i < DEPTH; i++) {
		const char *next = i == 0 ? name : "d";
		int child;

		assert_int_equal(mkdirat(at, next, 0700), 0);
		child = openat(at, next, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(child >= 0);
		close(at);
		at = child;
		if (i % 100 == 0)
			make_file(at, "file");
	}
}

static void test_deeper_than_descriptors(void **state _unused_)
{
	_cleanup_close_ int fd = open_scratch();
	struct rlimit before, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 400;
	nest(fd, "deep");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(tree_remove_at(fd, "deep"), 0);
	assert_int_equal(faccessat(fd, "deep", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Names as the removal itself gives them are no obstacle. */
static void test_names_in_the_way(void **state _unused_)
{
	_cleanup_close_ int fd = open_scratch(), top = -EBADF;

	assert_int_equal(mkdirat(fd, "deep", 0700), 0);
	top = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nest(top, "d");
	assert_int_equal(mkdirat(top, ".bivy-moved-0", 0700), 0);
	make_file(top, ".bivy-moved-1");
	assert_int_equal(symlinkat("/", top, ".bivy-moved-2"), 0);
	assert_int_equal(tree_remove_at(fd, "deep"), 0);
	assert_int_equal(faccessat(fd, "deep", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void test_what_is_kept(void **state _unused_)
{
	_cleanup_path_set_ struct path_set *kept = path_set_new();
	_cleanup_close_ int fd = open_scratch();

	nest(fd, "deep");
	assert_int_equal(mkdirat(fd, "kept", 0700), 0);
	assert_true(path_set_add(kept, "kept"));
	assert_int_equal(tree_prune_at(fd, "", kept), 0);
	assert_int_equal(faccessat(fd, "deep", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(fd, "kept", F_OK, 0), 0);
	assert_int_equal(unlinkat(fd, "kept", AT_REMOVEDIR), 0);
}

static void test_not_there(void **state _unused_)
{
	_cleanup_close_ int fd = open_scratch();

	assert_int_equal(tree_remove_at(fd, "missing"), 0);
	assert_int_equal(symlinkat("/", fd, "link"), 0);
	assert_int_equal(tree_remove_at(fd, "link"), 0);
	assert_int_equal(faccessat(fd, "link", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deeper_than_descriptors),
		cmocka_unit_test(test_names_in_the_way),
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_not_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
