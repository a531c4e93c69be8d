/* SPDX-License-Identifier: Apache-2.0 */
#include "host/scheduler.h"

#include "base/str.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			return __LINE__ % 251 + 1; \
	} while (0)

/* What is set stays with the process, so each case is one of its own. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int set_policies(void)
{
	struct sched_param param;

	CHECK(scheduler_set(&(struct scheduler_attributes){ .policy = SCHED_BATCH, .nice = 7 }) == 0);
	CHECK(sched_getscheduler(0) == SCHED_BATCH);
	CHECK(getpriority(PRIO_PROCESS, 0) == 7);
	/* A static priority is the real-time policies'. */
	CHECK(scheduler_set(&(struct scheduler_attributes){ .policy = SCHED_OTHER, .priority = 5 }) == -EINVAL);
	CHECK(scheduler_set(&(struct scheduler_attributes){ .policy = 99 }) == -EINVAL);
	CHECK(sched_getscheduler(0) == SCHED_BATCH);
	if (scheduler_set(&(struct scheduler_attributes){ .policy = SCHED_FIFO, .priority = 3 }) == 0) {
		CHECK(sched_getscheduler(0) == SCHED_FIFO);
		CHECK(sched_getparam(0, &param) == 0 && param.sched_priority == 3);
	}
	return 0;
}

static void test_policies(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_policies), 0);
}

static int set_io_priorities(void)
{
	CHECK(scheduler_set_io_priority(2, 6) == 0);
	CHECK(syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 6));
	CHECK(scheduler_set_io_priority(3, 0) == 0);
	CHECK(syscall(SYS_ioprio_get, 1, 0) == 3 << 13);
	CHECK(scheduler_set_io_priority(7, 0) == -EINVAL);
	return 0;
}

static void test_io_priorities(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_io_priorities), 0);
}

/* The first and the last processor that we may use, each alone and both. */
static int set_affinities(void)
{
	cpu_set_t all, now;
	int first = -1, last = -1;
	char list[64];

	CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all)) {
			first = first < 0 ? cpu : first;
			last = cpu;
		}
	snprintf(list, sizeof list, "%d", last);
	CHECK(scheduler_set_affinity(list) == 0);
	CHECK(sched_getaffinity(0, sizeof now, &now) == 0);
	CHECK(CPU_COUNT(&now) == 1 && CPU_ISSET(last, &now));
	snprintf(list, sizeof list, "%d,%d-%d", first, last, last);
	CHECK(scheduler_set_affinity(list) == 0);
	CHECK(sched_getaffinity(0, sizeof now, &now) == 0);
	CHECK(CPU_COUNT(&now) == (first == last ? 1 : 2) && CPU_ISSET(first, &now) && CPU_ISSET(last, &now));
	/* A range may reach beyond what there is: the kernel takes what it has. */
	CHECK(scheduler_set_affinity("0-4095") == 0);
	CHECK(sched_getaffinity(0, sizeof now, &now) == 0);
	CHECK(CPU_EQUAL(&now, &all));
	return 0;
}

static void test_affinities(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_affinities), 0);
}

static void test_lists_that_are_none(void **state)
{
	static const char *const bad[] = { "a", "0,", ",0", "0-", "-1", "1-0", "0--1", " 0", "0 ", "0x1", "0-1-2", "4096", "0-4096",
		"18446744073709551616", "99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (scheduler_set_affinity(bad[i]) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		if (scheduler_set_memory_policy(2, 0, bad[i]) != -EINVAL)
			fail_msg("'%s' was taken as nodes", bad[i]);
	}
	assert_int_equal(scheduler_set_affinity(""), -EINVAL);
}

/* MPOL_BIND 2, MPOL_PREFERRED 1, MPOL_DEFAULT 0, MPOL_F_STATIC_NODES 1 << 15. */
static int set_memory_policies(void)
{
	unsigned long nodes[64];
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, NULL, 0) < 0)
		return 200;
	CHECK(scheduler_set_memory_policy(2, 0, "0") == 0);
	CHECK(syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, NULL, 0) == 0);
	CHECK(mode == 2 && nodes[0] == 1);
	CHECK(scheduler_set_memory_policy(1, 1u << 15, "0") == 0);
	CHECK(syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, NULL, 0) == 0);
	CHECK(mode == (1 | 1 << 15));
	CHECK(scheduler_set_memory_policy(0, 0, NULL) == 0);
	CHECK(syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, NULL, 0) == 0);
	CHECK(mode == 0);
	CHECK(scheduler_set_memory_policy(2, 0, NULL) == -EINVAL);
	CHECK(scheduler_set_memory_policy(2, 0, "4095") == -EINVAL);
	return 0;
}

static void test_memory_policies(void **state)
{
	int r = in_child(set_memory_policies);

	(void)state;
	if (r == 200) {
		print_message("missing: memory policies\n");
		skip();
	}
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_io_priorities),
		cmocka_unit_test(test_affinities),
		cmocka_unit_test(test_lists_that_are_none),
		cmocka_unit_test(test_memory_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
