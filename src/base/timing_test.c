/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timing.h"
#include "base/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

static void test_off(void **state _unused_)
{
	struct timing_phase phase;

	assert_int_equal(timing_now(), 0);
	assert_int_equal(timing_fd(), -1);
	timing_phase("nothing", timing_now());
	timing_leave();
	assert_int_equal(timing_read(&phase, 1), 0);
}

static void test_phases_of_two_processes(void **state _unused_)
{
	struct timing_phase phases[TIMING_PHASES];
	int64_t since;
	pid_t pid;

	assert_int_equal(timing_begin(), 0);
	role_set("parent");
	since = timing_now();
	assert_true(since > 0);
	pid = fork();
	if (pid == 0) {
		role_set("child");
		timing_phase("inner", timing_now());
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	timing_phase("a name that is longer than there is room for", since);
	assert_int_equal(timing_read(phases, TIMING_PHASES), 2);
	assert_string_equal(phases[0].process, "parent");
	assert_string_equal(phases[0].name, "a name that is longer than ther");
	assert_string_equal(phases[1].process, "child");
	assert_string_equal(phases[1].name, "inner");
	assert_true(phases[0].begin_ns <= phases[1].begin_ns && phases[1].end_ns <= phases[0].end_ns);
	timing_leave();
}

static void test_others_are_not_believed(void **state _unused_)
{
	struct timing_phase phases[TIMING_PHASES];
	char *bytes;
	off_t length;

	assert_int_equal(timing_begin(), 0);
	for (size_t i = 0; i < TIMING_PHASES + 5; i++)
		timing_phase("one of many", timing_now());
	assert_int_equal(timing_read(phases, TIMING_PHASES), TIMING_PHASES);
	assert_int_equal(timing_read(phases, 3), 3);
	length = lseek(timing_fd(), 0, SEEK_END);
	bytes = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE, MAP_SHARED, timing_fd(), 0);
	assert_true(bytes != MAP_FAILED);
	memset(bytes, 0x11, (size_t)length);
	assert_int_equal(timing_read(phases, TIMING_PHASES), TIMING_PHASES);
	assert_string_equal(phases[0].process, "???????????????");
	memset(bytes, 0xff, (size_t)length); /* all of them begin before there was time */
	assert_int_equal(timing_read(phases, TIMING_PHASES), 0);
	munmap(bytes, (size_t)length);
	timing_leave();
}

static void test_joining(void **state _unused_)
{
	int fd, plain = memfd_create("plain", MFD_CLOEXEC);

	assert_true(plain >= 0);
	assert_int_equal(timing_join(plain), -EINVAL);
	close(plain);
	assert_int_equal(timing_join(1000), -EBADF);
	assert_int_equal(timing_now(), 0);
	assert_int_equal(timing_begin(), 0);
	fd = dup(timing_fd());
	assert_true(fd >= 0);
	assert_true(ftruncate(fd, 0) < 0); /* who joins is not ended by who is in it */
	timing_leave();
	assert_int_equal(timing_join(fd), 0);
	assert_true(timing_now() > 0);
	timing_suspend();
	assert_int_equal(timing_now(), 0);
	assert_int_equal(timing_fd(), -1);
	timing_resume();
	assert_int_equal(timing_fd(), fd);
	timing_leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_phases_of_two_processes),
		cmocka_unit_test(test_others_are_not_believed),
		cmocka_unit_test(test_joining),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
