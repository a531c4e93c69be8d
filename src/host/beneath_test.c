/* SPDX-License-Identifier: Apache-2.0 */
#include "host/beneath.h"

#include "host/child_test.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* A root in a directory, and something beside it that must stay as it is. */
struct tree {
	char path[64];
	int outer_fd, root_fd;
};

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof *tree);

	strcpy(tree->path, "/tmp/bivy-beneath-XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	tree->outer_fd = open(tree->path, O_PATH | O_DIRECTORY);
	assert_true(tree->outer_fd >= 0);
	assert_int_equal(mkdirat(tree->outer_fd, "root", 0755), 0);
	assert_int_equal(mkdirat(tree->outer_fd, "outside", 0755), 0);
	tree->root_fd = openat(tree->outer_fd, "root", O_PATH | O_DIRECTORY);
	assert_true(tree->root_fd >= 0);
	assert_int_equal(mkdirat(tree->root_fd, "dir", 0755), 0);
	assert_int_equal(symlinkat("/dir", tree->root_fd, "absolute"), 0);
	assert_int_equal(symlinkat("../../../outside", tree->root_fd, "up"), 0);
	assert_int_equal(symlinkat("/missing/place", tree->root_fd, "dangling"), 0);
	assert_int_equal(symlinkat("loop", tree->root_fd, "loop"), 0);
	assert_int_equal(symlinkat("../dir", tree->root_fd, "dir/back"), 0);
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	struct tree *tree = *state;
	char command[128];

	close(tree->root_fd);
	close(tree->outer_fd);
	snprintf(command, sizeof command, "rm -rf '%s'", tree->path);
	assert_int_equal(system(command), 0);
	free(tree);
	return 0;
}

/* Whether FD is what PATH, without links, names in the root. */
static bool is_at(const struct tree *tree, int fd, const char *path)
{
	struct stat a, b;

	assert_int_equal(fstat(fd, &a), 0);
	if (fstatat(tree->root_fd, path, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void assert_outside_untouched(const struct tree *tree)
{
	struct stat st;

	/* rmdir(2) refuses a directory that holds anything. */
	assert_int_equal(unlinkat(tree->outer_fd, "outside", AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(tree->outer_fd, "outside", 0755), 0);
	assert_int_equal(fstatat(tree->outer_fd, "missing", &st, 0), -1);
}

static void test_open(void **state)
{
	static const struct {
		const char *path, *at;
	} cases[] = {
		{ "", "." }, { "/", "." }, { "dir", "dir" }, { "/dir", "dir" }, { "/absolute", "dir" }, { "/../../dir", "dir" },
		{ "dir/back/back", "dir" }, { "/dir/../..", "." },
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int fd = -EBADF;

		assert_int_equal(beneath_open(tree->root_fd, cases[i].path, O_PATH, 0, &fd), 0);
		assert_true(is_at(tree, fd, cases[i].at));
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

static void test_open_refuses(void **state)
{
	struct tree *tree = *state;
	int fd = -7;

	assert_int_equal(beneath_open(tree->root_fd, "up", O_PATH, 0, &fd), -ENOENT);
	assert_int_equal(beneath_open(tree->root_fd, "dangling", O_PATH, 0, &fd), -ENOENT);
	assert_int_equal(beneath_open(tree->root_fd, "loop", O_PATH, 0, &fd), -ELOOP);
	assert_int_equal(beneath_open(tree->root_fd, "absolute", O_PATH, BENEATH_NO_SYMLINKS, &fd), -ELOOP);
	assert_int_equal(beneath_open(tree->root_fd, "dir/back/x", O_PATH, BENEATH_NO_SYMLINKS, &fd), -ELOOP);
	assert_int_equal(fd, -7);
}

static void test_make_directory(void **state)
{
	static const struct {
		const char *path, *at;
	} cases[] = {
		{ "/dir", "dir" },
		{ "/new", "new" },
		{ "/a/b/c", "a/b/c" },
		{ "//a/./b//d/", "a/b/d" },
		{ "/absolute/x/y", "dir/x/y" },
		{ "/dir/back/back/z", "dir/z" },
		{ "/q/../r", "r" },
		{ "../../../s", "s" },
		{ "/up/t", "outside/t" },         /* inside of the root, where ".." ends */
		{ "/dangling/u", "missing/place/u" },
		{ "/", "." },
	};
	struct tree *tree = *state;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int fd = -EBADF;

		assert_int_equal(beneath_make_directory(tree->root_fd, cases[i].path, 0711, 0, &fd), 0);
		assert_true(is_at(tree, fd, cases[i].at));
	}
	assert_int_equal(fstatat(tree->root_fd, "a/b/c", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_outside_untouched(tree);
}

static void test_make_directory_refuses(void **state)
{
	struct tree *tree = *state;
	char too_long[5000];
	int fd = -7;

	memset(too_long, 'x', sizeof too_long - 1);
	too_long[sizeof too_long - 1] = '\0';
	close(openat(tree->root_fd, "file", O_CREAT | O_WRONLY, 0644));
	assert_int_equal(beneath_make_directory(tree->root_fd, "/file", 0755, 0, &fd), -ENOTDIR);
	assert_int_equal(beneath_make_directory(tree->root_fd, "/file/x", 0755, 0, &fd), -ENOTDIR);
	assert_int_equal(beneath_make_directory(tree->root_fd, "/loop/x", 0755, 0, &fd), -ELOOP);
	assert_int_equal(beneath_make_directory(tree->root_fd, "/absolute/x", 0755, BENEATH_NO_SYMLINKS, &fd), -ELOOP);
	assert_int_equal(beneath_make_directory(tree->root_fd, "/dangling", 0755, BENEATH_NO_SYMLINKS, &fd), -ELOOP);
	assert_int_equal(beneath_make_directory(tree->root_fd, too_long, 0755, 0, &fd), -ENAMETOOLONG);
	assert_int_equal(fd, -7);
	assert_outside_untouched(tree);
}

static void test_make_file(void **state)
{
	static const struct {
		const char *path, *at;
	} cases[] = {
		{ "/f", "f" }, { "/m/n/f", "m/n/f" }, { "/absolute/f", "dir/f" }, { "/dangling", "missing/place" }, { "/up", "outside" },
		{ "/dir", "dir" }, /* exists: opened as it is */
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int fd = -EBADF;

		assert_int_equal(beneath_make_file(tree->root_fd, cases[i].path, 0600, 0, &fd), 0);
		assert_true(is_at(tree, fd, cases[i].at));
	}
	assert_outside_untouched(tree);
}

static void test_make_file_refuses(void **state)
{
	struct tree *tree = *state;
	int fd = -7;

	assert_int_equal(beneath_make_file(tree->root_fd, "/loop", 0600, 0, &fd), -ELOOP);
	assert_int_equal(beneath_make_file(tree->root_fd, "/dangling", 0600, BENEATH_NO_SYMLINKS, &fd), -ELOOP);
	assert_int_equal(beneath_make_file(tree->root_fd, "/x/..", 0600, 0, &fd), -EINVAL);
	assert_int_equal(fd, -7);
}

static void test_make_parent(void **state)
{
	struct tree *tree = *state;
	_cleanup_close_ int fd = -EBADF;
	const char *name = NULL;

	assert_int_equal(beneath_make_parent(tree->root_fd, "/p/q/name", 0, &fd, &name), 0);
	assert_true(is_at(tree, fd, "p/q"));
	assert_string_equal(name, "name");
	assert_int_equal(beneath_make_parent(tree->root_fd, "/p/q/", 0, &fd, &name), -EINVAL);
	assert_int_equal(beneath_make_parent(tree->root_fd, "..", 0, &fd, &name), -EINVAL);
}

/* CVE-2024-45310: the parent alternates with a link to the outside while directories are made below it. */
static void test_make_directory_in_a_race(void **state)
{
	struct tree *tree = *state;
	char link[128];
	pid_t pid;

	assert_int_equal(mkdirat(tree->root_fd, "swap", 0755), 0);
	snprintf(link, sizeof link, "%s/outside", tree->path);
	assert_int_equal(symlinkat(link, tree->root_fd, "swap-link"), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			renameat2(tree->root_fd, "swap", tree->root_fd, "swap-link", RENAME_EXCHANGE);
	for (int i = 0; i < 2000; i++) {
		_cleanup_close_ int fd = -EBADF;
		char path[64];

		snprintf(path, sizeof path, "/swap/%d/x", i);
		if (beneath_make_directory(tree->root_fd, path, 0755, 0, &fd) < 0)
			continue;
		assert_true(fd >= 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_outside_untouched(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_directory_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_file_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_parent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_directory_in_a_race, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
