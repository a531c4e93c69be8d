/* SPDX-License-Identifier: Apache-2.0 */
#include "host/idmap.h"

#include "base/file.h"
#include "host/child_test.h"
#include "host/procfs.h"
#include "host/syscalls.h"

#include <grp.h>
#include <string.h>
#include <sys/prctl.h>

/* A child in a new user namespace that waits to be killed. */
static pid_t start_namespace(void)
{
	struct sys_clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return pid;
}

/* Whether the file of procfs says these numbers, white space apart. */
static bool file_says(int procfs_fd, const char *path, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	char flat[256] = "";

	if (procfs_open(procfs_fd, path, O_RDONLY, &fd) < 0 || fd_read_all(fd, 4096, &text) < 0)
		return false;
	for (char *save = NULL, *word = strtok_r(text.data, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		strcat(flat, word);
		strcat(flat, " ");
	}
	return strcmp(flat, expected) == 0;
}

static bool says(int procfs_fd, pid_t pid, const char *file, const char *expected)
{
	char path[64];

	snprintf(path, sizeof path, "%d/%s", (int)pid, file);
	return file_says(procfs_fd, path, expected);
}

static int write_as_root(void)
{
	static const struct idmap_range uids[] = { { 0, 100000, 1000 }, { 1000, 0, 1 } }, gids[] = { { 0, 200000, 10 } };
	struct idmap map = { uids, gids, 2, 1 };
	struct error err = ERROR_INIT;
	int procfs_fd = -EBADF;
	pid_t pid = start_namespace();

	CHECK(pid > 0 && procfs_open_host(&procfs_fd) == 0);
	CHECK(idmap_write(procfs_fd, pid, &map, &err) == 0);
	CHECK(says(procfs_fd, pid, "uid_map", "0 100000 1000 1000 0 1 "));
	CHECK(says(procfs_fd, pid, "gid_map", "0 200000 10 "));
	CHECK(says(procfs_fd, pid, "setgroups", "allow "));
	/* A map is written once. */
	CHECK(idmap_write(procfs_fd, pid, &map, &err) < 0);
	kill(pid, SIGKILL);
	return 0;
}

/* An ordinary user, whose files in /proc are its own. */
static bool become_ordinary(void)
{
	return setgroups(0, NULL) == 0 && setresgid(65533, 65533, 65533) == 0 && setresuid(65533, 65533, 65533) == 0 &&
	       prctl(PR_SET_DUMPABLE, 1) == 0;
}

/* An ordinary user maps one id, its own, without any help. */
static int write_own_id(void)
{
	static const struct idmap_range own[] = { { 0, 65533, 1 } };
	struct idmap map = { own, own, 1, 1 };
	struct error err = ERROR_INIT;
	int procfs_fd = -EBADF;
	pid_t pid;

	CHECK(become_ordinary());
	pid = start_namespace();
	if (pid < 0)
		SKIP("user namespaces of ordinary users");
	CHECK(procfs_open_host(&procfs_fd) == 0);
	CHECK(idmap_write(procfs_fd, pid, &map, &err) == 0);
	CHECK(says(procfs_fd, pid, "uid_map", "0 65533 1 "));
	CHECK(says(procfs_fd, pid, "gid_map", "0 65533 1 "));
	CHECK(says(procfs_fd, pid, "setgroups", "deny "));
	kill(pid, SIGKILL);
	return 0;
}

/* What it may not map is refused by the helpers, or they are not there; either is said in one line. */
static int write_foreign_ids(void)
{
	static const struct idmap_range foreign[] = { { 0, 0, 5 } };
	struct idmap map = { foreign, foreign, 1, 1 };
	struct error err = ERROR_INIT;
	int procfs_fd = -EBADF;
	pid_t pid;

	CHECK(become_ordinary());
	pid = start_namespace();
	if (pid < 0)
		SKIP("user namespaces of ordinary users");
	CHECK(procfs_open_host(&procfs_fd) == 0);
	CHECK(idmap_write(procfs_fd, pid, &map, &err) < 0);
	CHECK(strstr(err.message, "newuidmap") || strstr(err.message, "newgidmap"));
	CHECK(!strchr(err.message, '\n'));
	CHECK(err.hint[0]);
	kill(pid, SIGKILL);
	return 0;
}

static int too_many(void)
{
	static struct idmap_range ranges[IDMAP_LIMIT + 1];
	struct idmap map = { ranges, ranges, IDMAP_LIMIT + 1, 1 };
	struct error err = ERROR_INIT;

	CHECK(idmap_write(-1, getpid(), &map, &err) == -E2BIG);
	CHECK(strstr(err.message, "uid_map"));
	return 0;
}

static int count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int make_namespace(void)
{
	static const struct idmap_range range[] = { { 0, 5000, 100 } };
	struct idmap map = { range, range, 1, 1 };
	struct error err = ERROR_INIT;
	int procfs_fd = -EBADF, fd = -EBADF, before;

	CHECK(procfs_open_host(&procfs_fd) == 0);
	before = count_open();
	CHECK(idmap_make_namespace(procfs_fd, &map, &fd, &err) == 0);
	/* Its process is gone, nothing else is open, and setns(2) knows what it is. */
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
	CHECK(count_open() == before + 1);
	CHECK(setns(fd, CLONE_NEWUSER) == 0);
	return 0;
}

/* A procfs of another pid namespace calls the child otherwise; its number means somebody else there. */
static int make_namespace_elsewhere(void)
{
	static const struct idmap_range range[] = { { 0, 5000, 100 } };
	struct idmap map = { range, range, 1, 1 };
	struct error err = ERROR_INIT;
	int procfs_fd = -EBADF, fd = -EBADF, status;
	pid_t pid = fork();

	if (pid == 0) {
		if (procfs_open_host(&procfs_fd) < 0 || idmap_make_namespace(procfs_fd, &map, &fd, &err) < 0 || setns(fd, CLONE_NEWUSER) < 0) {
			fprintf(stderr, "# %s\n", err.message);
			_exit(1);
		}
		_exit(!file_says(procfs_fd, "self/uid_map", "0 5000 100 "));
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
	return 0;
}

IN_CHILD(write_as_root, 0)
IN_CHILD(write_own_id, 0)
IN_CHILD(write_foreign_ids, 0)
IN_CHILD(too_many, 0)
IN_CHILD(make_namespace, 0)

IN_CHILD(make_namespace_elsewhere, CLONE_NEWPID)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_as_root),
		cmocka_unit_test(test_write_own_id),
		cmocka_unit_test(test_write_foreign_ids),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_make_namespace),
		cmocka_unit_test(test_make_namespace_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
