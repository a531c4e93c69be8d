/* SPDX-License-Identifier: Apache-2.0 */
#include "home/namespaces.h"

#include "base/file.h"
#include "host/child_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static struct error err;

static bool is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int make_directory(void)
{
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	return 0;
}

/* In new namespaces, which a process that stays in them is found by. */
static int note_and_find(void)
{
	struct home_namespaces own = HOME_NAMESPACES_INIT, found = HOME_NAMESPACES_INIT;
	int fd, ends[2];
	pid_t pid;

	CHECK(make_directory() == 0 && (fd = open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
	CHECK(home_namespaces_find(fd, "home.ns", &found, &err) == 0 && found.fds[HOME_USER] < 0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		SKIP("user namespaces");
	CHECK(file_put_at(AT_FDCWD, "/proc/self/setgroups", "deny") == 0 && file_put_at(AT_FDCWD, "/proc/self/uid_map", "0 0 1") == 0 &&
	      file_put_at(AT_FDCWD, "/proc/self/gid_map", "0 0 1") == 0);
	CHECK(home_namespaces_open_own(&own, "/mnt", &err) == 0);
	for (size_t i = 0; i < HOME_NAMESPACES; i++)
		CHECK(own.fds[i] >= 0);
	CHECK(home_namespaces_note(&own, fd, "home.ns", &err) == 0);
	CHECK(home_namespaces_find(fd, "home.ns", &found, &err) == 0);
	CHECK(found.fds[HOME_USER] >= 0 && is_same(found.fds[HOME_USER], own.fds[HOME_USER]));
	CHECK(found.fds[HOME_MOUNT] >= 0 && is_same(found.fds[HOME_MOUNT], own.fds[HOME_MOUNT]));
	/* Nobody is in that one but a descriptor. */
	CHECK(found.fds[HOME_NETWORK] < 0);
	home_namespaces_done(&found);
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0)
		_exit(setns(own.fds[HOME_NETWORK], CLONE_NEWNET) < 0 || write(ends[1], "", 1) != 1 || pause());
	CHECK(pid > 0 && read(ends[0], &(char){ 0 }, 1) == 1);
	CHECK(home_namespaces_find(fd, "home.ns", &found, &err) == 0);
	CHECK(found.fds[HOME_NETWORK] >= 0 && is_same(found.fds[HOME_NETWORK], own.fds[HOME_NETWORK]));
	kill(pid, SIGKILL);
	return 0;
}

static int nobody_left(void)
{
	static const char *const notes[] = { "", "user:[1]\n", "user:[1]\nmnt:[2]\nnet:[3]\n", "user:[1]\nmnt:[2]\nnet:[3]\n00000000000000000000000000000000\n", "net:[3]\nmnt:[2]\nuser:[1]\n", "user\nmnt\nnet\n" };
	struct home_namespaces found = HOME_NAMESPACES_INIT;
	int fd;

	CHECK(make_directory() == 0 && (fd = open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		CHECK(file_replace_at(fd, "home.ns", notes[i], strlen(notes[i]), 0600) == 0);
		CHECK(home_namespaces_find(fd, "home.ns", &found, &err) == 0);
		for (size_t n = 0; n < HOME_NAMESPACES; n++)
			CHECK(found.fds[n] < 0);
	}
	return 0;
}

IN_CHILD(note_and_find, CLONE_NEWNS)
IN_CHILD(nobody_left, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_note_and_find), cmocka_unit_test(test_nobody_left) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
