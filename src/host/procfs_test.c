/* SPDX-License-Identifier: Apache-2.0 */
#include "host/procfs.h"

#include "host/child_test.h"

#include <fcntl.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>

static void test_open_files(void **state)
{
	_cleanup_close_ int procfs_fd = -EBADF, fd = -EBADF, by_number_fd = -EBADF, thread_fd = -EBADF;
	char path[64];

	(void)state;
	assert_int_equal(procfs_open_host(&procfs_fd), 0);
	assert_true(procfs_is_procfs(procfs_fd));
	assert_true(procfs_is_root(procfs_fd));
	assert_int_equal(procfs_open(procfs_fd, "self/status", O_RDONLY, &fd), 0);
	assert_true(procfs_is_procfs(fd));
	assert_false(procfs_is_root(fd));
	snprintf(path, sizeof path, "%d/status", (int)getpid());
	assert_int_equal(procfs_open(procfs_fd, path, O_RDONLY, &by_number_fd), 0);
	assert_int_equal(procfs_open(procfs_fd, "thread-self/comm", O_RDONLY, &thread_fd), 0);
}

static void test_refuses_links(void **state)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	int fd = -7;

	(void)state;
	assert_int_equal(procfs_open_host(&procfs_fd), 0);
	assert_int_equal(procfs_open(procfs_fd, "mounts", O_RDONLY, &fd), -ELOOP);
	assert_int_equal(procfs_open(procfs_fd, "self/root/etc", O_RDONLY, &fd), -ELOOP);
	assert_int_equal(procfs_open(procfs_fd, "self/exe", O_RDONLY, &fd), -ELOOP);
	assert_int_equal(procfs_open(procfs_fd, "../etc/passwd", O_RDONLY, &fd), -EXDEV);
	assert_int_equal(procfs_open(procfs_fd, "selfish", O_RDONLY, &fd), -ENOENT);
	assert_int_equal(fd, -7);
}

static void test_other_directories(void **state)
{
	_cleanup_close_ int fd = open("/tmp", O_PATH | O_CLOEXEC), inside_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_false(procfs_is_procfs(fd));
	assert_false(procfs_is_root(fd));
	assert_true(procfs_is_procfs(inside_fd));
	assert_false(procfs_is_root(inside_fd));
}

/* Somebody has put a tmpfs on /proc: there is no host procfs any more, but a fresh one still is real. */
static int with_fake_proc(void)
{
	int fd = -EBADF, file_fd = -EBADF;

	CHECK(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
	CHECK(procfs_open_host(&fd) == -ENODEV);
	CHECK(procfs_open_root(&fd) == 0);
	CHECK(procfs_is_root(fd));
	CHECK(procfs_open(fd, "self/oom_score_adj", O_RDONLY, &file_fd) == 0);
	CHECK(procfs_is_procfs(file_fd));
	return 0;
}

/* One file of /proc is covered: writes must not go into the cover. */
static int with_covered_file(void)
{
	int fd = -EBADF, root_fd = -EBADF;
	struct stat st;

	CHECK(mount("/dev/null", "/proc/self/oom_score_adj", NULL, MS_BIND, NULL) == 0);
	CHECK(procfs_open_host(&fd) == 0);
	CHECK(procfs_write(fd, "self/oom_score_adj", "500") == -EXDEV);
	CHECK(procfs_open_root(&root_fd) == 0);
	CHECK(procfs_write(root_fd, "self/oom_score_adj", "500") == 0);
	CHECK(fstatat(root_fd, "self/oom_score_adj", &st, 0) == 0);
	return 0;
}

static int with_host_mount(void)
{
	int fd = -EBADF;
	char text[16] = "";

	CHECK(procfs_open_root(&fd) == 0);
	CHECK(procfs_write(fd, "self/comm", "written") == 0);
	CHECK(procfs_open(fd, "self/comm", O_RDONLY, &fd) == 0);
	CHECK(read(fd, text, sizeof text - 1) > 0);
	CHECK(strcmp(text, "written\n") == 0);
	CHECK(procfs_write(fd, "self/no-such-file", "x") < 0);
	return 0;
}

static void test_fake_proc(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNS, with_fake_proc);
}

static void test_covered_file(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNS, with_covered_file);
}

static void test_write(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNS, with_host_mount);
}

static void test_ignored_signals(void **state)
{
	(void)state;
	signal(SIGUSR2, SIG_DFL);
	assert_false(procfs_ignored_signals() & (1ULL << (SIGUSR2 - 1)));
	signal(SIGUSR2, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	assert_true(procfs_ignored_signals() & (1ULL << (SIGUSR2 - 1)));
	assert_true(procfs_ignored_signals() & (1ULL << (SIGRTMAX - 1)));
	signal(SIGUSR2, SIG_DFL);
	signal(SIGRTMAX, SIG_DFL);
	assert_false(procfs_ignored_signals() & (1ULL << (SIGUSR2 - 1)));
}

static void test_status_field(void **state _unused_)
{
	static const char status[] = "Name:\tUid:\nSeccomp_filters:\t3\nUid:\t1\t2\nSeccomp:\t 2\nGroups:\t\n";

	assert_string_equal(procfs_status_field("Uid:\t7", "Uid"), "7");
	assert_int_equal(strncmp(procfs_status_field(status, "Uid"), "1\t2\n", 4), 0);
	assert_int_equal(strncmp(procfs_status_field(status, "Seccomp"), "2\n", 2), 0);
	assert_string_equal(procfs_status_field(status, "Groups"), "\n");
	assert_null(procfs_status_field(status, "Gid"));
	assert_null(procfs_status_field("", "Gid"));
	assert_null(procfs_status_field(NULL, "Gid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_field),
		cmocka_unit_test(test_open_files),
		cmocka_unit_test(test_refuses_links),
		cmocka_unit_test(test_other_directories),
		cmocka_unit_test(test_fake_proc),
		cmocka_unit_test(test_covered_file),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_ignored_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
