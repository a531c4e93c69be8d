/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/learn_path.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[PATH_MAX];

/* A directory with file, link -> file, out -> /dev/null, round -> round, dir/. */
static int set_up(void **state)
{
	char path[] = "/tmp/bivy-learn.XXXXXX";

	(void)state;
	if (!mkdtemp(path) || !realpath(path, scratch) || chdir(scratch) < 0)
		return 1;
	return mknod("file", S_IFREG | 0600, 0) < 0 || symlink("file", "link") < 0 || symlink("/dev/null", "out") < 0 || symlink("round", "round") < 0 ||
	       mkdir("dir", 0700) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink("file") < 0 || unlink("link") < 0 || unlink("out") < 0 || unlink("round") < 0 || rmdir("dir") < 0 || chdir("/") < 0 || rmdir(scratch) < 0;
}

static int find(int dirfd, const char *path, bool follow, struct learn_path *ret)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	memset(ret, 0, sizeof *ret);
	return learn_path_find(root, getpid(), dirfd, path, follow, ret);
}

static void test_paths(void **state)
{
	_cleanup_close_ int dir = open("dir", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct {
		const char *path, *found; /* "%" stands for the scratch directory */
		int dirfd;
		bool follow, exists, is_directory;
	} cases[] = {
		{ "file",            "%/file",    AT_FDCWD, true,  true,  false },
		{ "./dir/../file",   "%/file",    AT_FDCWD, true,  true,  false },
		{ "link",            "%/file",    AT_FDCWD, true,  true,  false },
		{ "link",            "%/link",    AT_FDCWD, false, true,  false },
		{ "out",             "/dev/null", AT_FDCWD, true,  true,  false },
		{ "new",             "%/new",     AT_FDCWD, true,  false, false },
		{ "dir/",            "%/dir",     AT_FDCWD, true,  true,  true },
		{ "..",              "%",         dir,      true,  true,  true },
		{ "new",             "%/dir/new", dir,      true,  false, false },
		{ "/",               "/",         dir,      true,  true,  true },
		{ "/dev/null",       "/dev/null", dir,      true,  true,  false },
		{ "/proc/self/comm", "/proc",     dir,      true,  true,  false },
		{ "/dev/pts/0",      "/dev/pts",  dir,      false, false, false },
	};
	struct learn_path found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char expected[PATH_MAX + 64];

		snprintf(expected, sizeof expected, "%s%s", cases[i].found[0] == '%' ? scratch : "", cases[i].found + (cases[i].found[0] == '%'));
		if (find(cases[i].dirfd, cases[i].path, cases[i].follow, &found) != 0)
			fail_msg("%s", cases[i].path);
		assert_string_equal(found.path, expected);
		if (strcmp(expected, "/dev/pts") == 0)
			continue; /* whether there is such a terminal is not for this test to say */
		assert_int_equal(found.exists, cases[i].exists);
		assert_int_equal(found.is_directory, cases[i].is_directory);
	}
	assert_int_equal(find(AT_FDCWD, "new", true, &found), 0);
	assert_string_equal(found.directory, scratch);
}

/* What a descriptor is, by the names that only its process has for it. */
static void test_descriptors(void **state)
{
	_cleanup_close_ int file = open("file", O_PATH | O_CLOEXEC);
	int pipes[2];
	char name[64], expected[PATH_MAX + 8];
	struct learn_path found;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	snprintf(name, sizeof name, "/proc/self/fd/%d", file);
	snprintf(expected, sizeof expected, "%s/file", scratch);
	assert_int_equal(find(AT_FDCWD, name, true, &found), 0);
	assert_string_equal(found.path, expected);
	assert_string_equal(found.directory, scratch);
	snprintf(name, sizeof name, "/dev/fd/%d", pipes[0]);
	assert_int_equal(find(AT_FDCWD, name, true, &found), -EXDEV);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_nowhere(void **state)
{
	char longest[PATH_MAX];
	struct learn_path found;

	(void)state;
	assert_int_equal(find(AT_FDCWD, "nowhere/file", true, &found), -ENOENT);
	assert_int_equal(find(AT_FDCWD, "file/x", true, &found), -ENOTDIR);
	assert_int_equal(find(AT_FDCWD, "round", true, &found), -ELOOP);
	assert_int_equal(find(1 << 20, "file", true, &found), -ENOENT);
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(find(AT_FDCWD, longest, true, &found), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
