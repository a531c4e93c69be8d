/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netns_thread.h"

#include "base/file.h"
#include "host/child_test.h"
#include "host/netns_call.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static ino_t number_of(const char *path)
{
	struct stat status = { 0 };

	return stat(path, &status) < 0 ? 0 : status.st_ino;
}

struct findings {
	int netns_fd;
	ino_t there;
	long thread;
	bool blocks; /* SIGUSR1 */
};

static int look(void *context)
{
	struct findings *found = context;
	sigset_t mask;

	found->there = number_of("/proc/thread-self/ns/net");
	found->thread = syscall(SYS_gettid);
	if (pthread_sigmask(SIG_SETMASK, NULL, &mask) != 0)
		return -EIO;
	found->blocks = sigismember(&mask, SIGUSR1);
	return 42;
}

static int look_from_there(void *context)
{
	struct findings *found = context;
	int result = 0;

	return netns_thread_call(found->netns_fd, look, found, &result) == 0 && result == 42 ? 43 : -EIO;
}

/* From a child of the call's thread, which is there already. */
static int look_as_child_of_it(void *context)
{
	struct findings *found = context;
	ino_t there = number_of("/proc/thread-self/ns/net");
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(look_from_there(found) != 43 || found->there != there || found->thread != getpid());
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 44 : -EIO;
}

static int look_as_child(struct findings *found, ino_t there)
{
	int result = 0, status = 0;
	long parents = found->thread;
	pid_t pid = fork();

	if (pid == 0)
		_exit(netns_thread_call(found->netns_fd, look, found, &result) < 0 || result != 42 || found->there != there || found->thread == parents ||
			found->thread == getpid());
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static int stay_there(void)
{
	const struct rlimit none = { 0, 0 };
	struct findings found = { .netns_fd = -EBADF };
	ino_t ours = number_of("/proc/self/ns/net");
	struct stat there;
	int result = 0;
	long thread;

	if (unshare(CLONE_NEWUSER) < 0)
		SKIP("user namespaces");
	CHECK(netns_make(&found.netns_fd) == 0 && fstat(found.netns_fd, &there) == 0);
	CHECK(netns_thread_call(found.netns_fd, look, &found, &result) == 0 && result == 42 && found.there == there.st_ino);
	CHECK(number_of("/proc/thread-self/ns/net") == ours);
	thread = found.thread;
	CHECK(netns_thread_call(found.netns_fd, look_from_there, &found, &result) == 0 && result == 43 && found.thread == thread);
	CHECK(netns_thread_call(found.netns_fd, look_as_child_of_it, &found, &result) == 0 && result == 44);
	CHECK(look_as_child(&found, there.st_ino) == 0);
	/* It needs no process for the next call. */
	CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
	CHECK(netns_thread_call(found.netns_fd, look, &found, &result) == 0 && result == 42 && found.thread == thread);
	return 0;
}

static volatile sig_atomic_t taken;

static void take(int number _unused_)
{
	taken++;
}

/* What this process blocks is not delivered to the thread instead. */
static int leave_signals_alone(void)
{
	struct findings found = { .netns_fd = -EBADF };
	int result = 0;
	sigset_t usr1;

	if (unshare(CLONE_NEWUSER) < 0)
		SKIP("user namespaces");
	signal(SIGUSR1, take);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK(netns_make(&found.netns_fd) == 0);
	CHECK(netns_thread_call(found.netns_fd, look, &found, &result) == 0 && !found.blocks);
	CHECK(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0 && kill(getpid(), SIGUSR1) == 0);
	CHECK(netns_thread_call(found.netns_fd, look, &found, &result) == 0 && found.blocks && taken == 0);
	CHECK(sigprocmask(SIG_UNBLOCK, &usr1, NULL) == 0 && taken == 1);
	return 0;
}

static int enter_none(void)
{
	struct findings found = { .netns_fd = open("/dev/null", O_RDONLY | O_CLOEXEC) };
	int result = 7;

	CHECK(netns_thread_call(found.netns_fd, look, &found, &result) == -EINVAL && result == 7 && found.thread == 0);
	CHECK(netns_thread_call(found.netns_fd, look, &found, &result) == -EINVAL);
	return 0;
}

IN_CHILD(stay_there, CLONE_NEWUTS)
IN_CHILD(leave_signals_alone, CLONE_NEWUTS)
IN_CHILD(enter_none, CLONE_NEWUTS)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_stay_there), cmocka_unit_test(test_leave_signals_alone), cmocka_unit_test(test_enter_none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
