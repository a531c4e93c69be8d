/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pidfd.h"

#include "host/syscalls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

/* A child that waits to be killed, called NAME. */
static pid_t start_child(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (name)
			prctl(PR_SET_NAME, name);
		close(ready[1]);
		for (;;)
			pause();
	}
	/* The end of the pipe tells that the child has got so far. */
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Start times are in ticks after boot; ours lies between boot and now. */
static void test_start_time(void **state)
{
	struct timespec now;
	uint64_t first, again, later;
	pid_t child;

	(void)state;
	assert_int_equal(pidfd_start_time(getpid(), &first), 0);
	assert_int_equal(pidfd_start_time(getpid(), &again), 0);
	assert_int_equal(first, again);
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
	assert_true(first > 0 && first <= (uint64_t)(now.tv_sec + 1) * (uint64_t)sysconf(_SC_CLK_TCK));
	child = start_child(NULL);
	assert_int_equal(pidfd_start_time(child, &later), 0);
	assert_true(later >= first);
	end_child(child);
	assert_int_equal(pidfd_start_time(child, &later), -ESRCH);
}

/* The name is the process's to choose, and stands before the field that is read. */
static void test_misleading_names(void **state)
{
	static const char *const names[] = { "a b c", ") R 1 2 3 4", "((((", "))))", ") Z ) Z )", "x) Z" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t plain, named;
		pid_t child = start_child(names[i]);

		assert_int_equal(pidfd_start_time(child, &named), 0);
		assert_int_equal(pidfd_start_time(getpid(), &plain), 0);
		assert_true(named >= plain && named < plain + 3600 * (uint64_t)sysconf(_SC_CLK_TCK));
		end_child(child);
	}
}

static void test_open_same(void **state)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t start;
	siginfo_t end;
	pid_t child = start_child(NULL);

	(void)state;
	assert_int_equal(pidfd_start_time(child, &start), 0);
	fd = pidfd_open_same(child, start);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* The same number with another start time is another process. */
	assert_int_equal(pidfd_open_same(child, start - 1), -ESRCH);
	assert_int_equal(pidfd_open_same(child, start + 1), -ESRCH);
	/* A zombie has ended. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)child, &end, WEXITED | WNOWAIT), 0);
	assert_int_equal(pidfd_open_same(child, start), -ESRCH);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(pidfd_open_same(child, start), -ESRCH);
	assert_int_equal(pidfd_open_same(0, start), -ESRCH);
	assert_int_equal(pidfd_open_same(-5, start), -ESRCH);
}

static int status_of(int exit_status, int signal_number)
{
	_cleanup_close_ int fd = -EBADF;
	int status = -77;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (signal_number)
			kill(getpid(), signal_number);
		_exit(exit_status);
	}
	fd = sys_pidfd_open(pid, 0);
	assert_true(fd >= 0);
	assert_int_equal(pidfd_wait(fd, &status), 0);
	return status;
}

static void test_wait(void **state)
{
	_cleanup_close_ int own = sys_pidfd_open(getpid(), 0);
	int status = -77;

	(void)state;
	assert_int_equal(status_of(0, 0), 0);
	assert_int_equal(status_of(255, 0), 255);
	assert_int_equal(status_of(0, SIGKILL), 128 + SIGKILL);
	assert_int_equal(status_of(0, SIGTERM), 128 + SIGTERM);
	assert_int_equal(pidfd_wait(own, &status), -ECHILD);
	assert_int_equal(status, -77);
}

static void test_wait_gone(void **state)
{
	pid_t child = start_child(NULL);
	_cleanup_close_ int fd = sys_pidfd_open(child, 0);

	(void)state;
	assert_int_equal(pidfd_wait_gone(fd, 20), -ETIMEDOUT);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(pidfd_wait_gone(fd, 10000), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(pidfd_wait_gone(fd, 10000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_time),
		cmocka_unit_test(test_misleading_names),
		cmocka_unit_test(test_open_same),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
