/* SPDX-License-Identifier: Apache-2.0 */
#include "host/landlock.h"

#include "host/child_test.h"
#include "host/syscalls.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static struct landlock_rules rules;

/* In a scratch directory with in/, out/ and gone/, as who may do anything. */
static int restrict_it(void)
{
	static int in_fd, gone_fd;
	char path[] = "/tmp/bivy-landlock.XXXXXX";
	int r;

	CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0);
	CHECK(mkdtemp(path) && chdir(path) == 0 && mkdir("in", 0755) == 0 && mkdir("out", 0755) == 0 && mkdir("gone", 0755) == 0);
	CHECK(mknod("out/file", S_IFREG | 0644, 0) == 0 && mknod("gone/file", S_IFREG | 0644, 0) == 0 && mknod("in/file", S_IFREG | 0644, 0) == 0);
	in_fd = open("in", O_PATH | O_CLOEXEC);
	gone_fd = open("gone", O_PATH | O_CLOEXEC);
	rules.writable = &in_fd;
	rules.writable_count = 1;
	rules.removable = &gone_fd;
	rules.removable_count = 1;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	r = landlock_restrict(&rules);
	if (r == -ENOSYS || r == -EOPNOTSUPP)
		SKIP("Landlock in this kernel");
	CHECK(r == 0);
	return 0;
}

static bool is_refused(int result)
{
	return result < 0 && (errno == EACCES || errno == EXDEV);
}

static int writing(void)
{
	int r = restrict_it(), fd;

	if (r != 0)
		return r;
	CHECK((fd = open("in/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
	CHECK(mkdir("in/d", 0755) == 0 && rename("in/new", "in/d/new") == 0 && symlink("x", "in/l") == 0 && mknod("in/null", S_IFCHR | 0600, 0) == 0);
	CHECK(unlink("in/file") == 0 && link("in/d/new", "in/hard") == 0);
	CHECK(is_refused(open("out/file", O_WRONLY | O_CLOEXEC)) && is_refused(mkdir("out/d", 0755)) && is_refused(unlink("out/file")));
	CHECK(is_refused(rename("out/file", "in/file")) && is_refused(link("in/d/new", "out/hard")) && is_refused(mkdir("d", 0755)));
	CHECK((fd = open("out/file", O_RDONLY | O_CLOEXEC)) >= 0 && close(fd) == 0);
	CHECK(is_refused(open("gone/file", O_WRONLY | O_CLOEXEC)) && is_refused(mkdir("gone/d", 0755)) && unlink("gone/file") == 0);
	return 0;
}

static int reading(void)
{
	struct stat st;
	int r, fd;

	rules.restricts_reading = true;
	r = restrict_it();
	if (r != 0)
		return r;
	CHECK(is_refused(open("out/file", O_RDONLY | O_CLOEXEC)) && is_refused(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
	CHECK((fd = open("in/file", O_RDONLY | O_CLOEXEC)) >= 0 && close(fd) == 0 && stat("out/file", &st) == 0);
	CHECK((fd = open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 && close(fd) == 0);
	return 0;
}

static int run_true(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(errno);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

/* Of single files the content, of directories all; ports where the kernel has them. */
static int limits(void)
{
	static const uint16_t bind_port = 0;
	int files[2], fd, ruleset = -EBADF, r, name = 1;
	struct landlock_limits wanted = { .limits_files = true, .files = files, .file_count = 2, .limits_binds = true, .binds = &bind_port, .bind_count = 1 };
	struct sockaddr_in address = { .sin_family = AF_INET };

	CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0 && chdir("/tmp") == 0 && mkdir("in", 0755) == 0 && mkdir("out", 0755) == 0);
	CHECK(mknod("out/file", S_IFREG | 0644, 0) == 0 && mknod("out/other", S_IFREG | 0644, 0) == 0);
	files[0] = open("in", O_PATH | O_CLOEXEC);
	files[1] = open("out/file", O_PATH | O_CLOEXEC);
	r = landlock_prepare(&wanted, &ruleset);
	if (r == -ENOSYS || r == -EOPNOTSUPP)
		SKIP("Landlock in this kernel");
	CHECK(r == 0 && ruleset >= 0 && landlock_version() > 0);
	/* Prepared, not entered. */
	CHECK((fd = open("out/other", O_WRONLY | O_CLOEXEC)) >= 0 && close(fd) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && landlock_enter(ruleset) == 0 && close(ruleset) == 0);
	CHECK(is_refused(open("out/other", O_WRONLY | O_CLOEXEC)) && is_refused(unlink("out/file")) && is_refused(mkdir("d", 0755)));
	CHECK((fd = open("out/file", O_WRONLY | O_TRUNC | O_CLOEXEC)) >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
	CHECK((fd = open("in/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0 && close(fd) == 0 && unlink("in/new") == 0);
	CHECK(run_true() == 0);
	CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && close(fd) == 0);
	if (landlock_version() < LANDLOCK_VERSION_OF_PORTS)
		return 0;
	address.sin_port = htons(4711);
	CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &name, sizeof name) == 0);
	CHECK(is_refused(bind(fd, (struct sockaddr *)&address, sizeof address)));
	return 0;
}

/* With nothing to limit there is nothing to enter. */
static int no_limits(void)
{
	const struct landlock_limits nothing = { .limits_files = false };
	int ruleset = 77, r = landlock_prepare(&nothing, &ruleset);

	if (r == -ENOSYS || r == -EOPNOTSUPP)
		SKIP("Landlock in this kernel");
	CHECK(r == 0 && ruleset == -EBADF);
	return 0;
}

static int not_executing(void)
{
	int r;

	CHECK(run_true() == 0);
	r = restrict_it();
	if (r != 0)
		return r;
	CHECK(run_true() == EACCES);
	return 0;
}

static int executing(void)
{
	int r;

	rules.executes = true;
	r = restrict_it();
	if (r != 0)
		return r;
	CHECK(run_true() == 0 && is_refused(mkdir("out/d", 0755)));
	return 0;
}

IN_CHILD(writing, CLONE_NEWNS)
IN_CHILD(reading, CLONE_NEWNS)
IN_CHILD(not_executing, CLONE_NEWNS)
IN_CHILD(executing, CLONE_NEWNS)
IN_CHILD(limits, CLONE_NEWNS)
IN_CHILD(no_limits, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_not_executing),
		cmocka_unit_test(test_executing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
