/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netns_call.h"

#include "base/file.h"
#include "host/child_test.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static ino_t number_of(const char *path)
{
	struct stat status = { 0 };

	return stat(path, &status) < 0 ? 0 : status.st_ino;
}

struct findings {
	ino_t thread, child;
	short flags; /* of the loopback link */
};

static int look(void *context)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };
	struct findings *found = context;
	int ends[2];
	pid_t pid;

	found->thread = number_of("/proc/thread-self/ns/net");
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	found->flags = request.ifr_flags;
	pid = fork();
	if (pid == 0) {
		ino_t number = number_of("/proc/self/ns/net");

		_exit(write(ends[1], &number, sizeof number) != sizeof number);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || read(ends[0], &found->child, sizeof found->child) != sizeof found->child)
		return -EIO;
	close(ends[0]);
	close(ends[1]);
	return 42;
}

static int visit_another(void)
{
	ino_t ours = number_of("/proc/self/ns/net");
	struct findings found = { 0 };
	struct stat there;
	int fd = -EBADF, result = 0;

	if (unshare(CLONE_NEWUSER) < 0)
		SKIP("user namespaces");
	CHECK(netns_make(&fd) == 0 && fstat(fd, &there) == 0 && there.st_ino != ours);
	CHECK(netns_call(fd, look, &found, &result) == 0 && result == 42);
	CHECK(found.thread == there.st_ino && found.child == there.st_ino && (found.flags & IFF_UP));
	CHECK(number_of("/proc/self/ns/net") == ours && number_of("/proc/thread-self/ns/net") == ours);
	return 0;
}

static int visit_none(void)
{
	struct findings found = { 0 };
	int result = 7, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK(netns_call(null, look, &found, &result) == -EINVAL && result == 7 && found.thread == 0);
	return 0;
}

IN_CHILD(visit_another, CLONE_NEWUTS)
IN_CHILD(visit_none, CLONE_NEWUTS)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_visit_another), cmocka_unit_test(test_visit_none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
