/* SPDX-License-Identifier: Apache-2.0 */
/* Plans are compared as text, in a world of version 1 and one of version 2. */
#include "primitive/group.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GIVEN(number) { .is_given = true, .value = (number) }

static struct cgroup_set draw(bool is_v2)
{
	struct cgroup_hierarchy one = { .mount = (char *)"/m", .own_path = (char *)"/", .is_v2 = is_v2, .controllers = (1u << CGROUP_CONTROLLER_COUNT) - 1 };
	struct cgroup_world world = { .hierarchies = &one, .count = 1 };
	struct cgroup_set set;

	cgroup_set_draw(&world, "/g", "g", &set);
	return set;
}

/* The plan as text, or what is wrong. */
static char *text_of(bool is_v2, const struct group_limits *limits)
{
	_cleanup_cgroup_set_ struct cgroup_set set = draw(is_v2);
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	if (group_limits_plan(limits, &set, &plan, &err) < 0)
		return str_dup(err.message);
	buf_add_text(&out, "");
	resources_print(&plan, &set, &out);
	return buf_take(&out);
}

static void expect(bool is_v2, const struct group_limits *limits, const char *expected)
{
	_cleanup_free_ char *text = text_of(is_v2, limits);

	assert_string_equal(text, expected);
}

static void test_both_models(void **state _unused_)
{
	const struct group_limits limits = { .nano_cpus = GIVEN(500000000), .cpu_weight = GIVEN(200), .memory = GIVEN(64 << 20), .pids = GIVEN(50),
		.io_weight = GIVEN(2000), .cpuset_cpus = "0-1" };

	expect(true, &limits,
		"/m/g/memory.max = 67108864  (--memory)\n"
		"/m/g/cpu.weight = 200  (--cpu-weight)\n"
		"/m/g/cpu.max = 50000 100000  (--cpus)\n"
		"/m/g/cpuset.cpus = 0-1  (--cpuset-cpus)\n"
		"/m/g/pids.max = 50  (--pids)\n"
		"/m/g/io.weight = 2000 or io.bfq.weight = 1000  (--io-weight)\n");
	expect(false, &limits,
		"/m/g/memory.limit_in_bytes = 67108864  (--memory)\n"
		"/m/g/cpu.shares = 2048  (--cpu-weight)\n"
		"/m/g/cpu.cfs_period_us = 100000  (--cpus)\n"
		"/m/g/cpu.cfs_quota_us = 50000  (--cpus)\n"
		"/m/g/cpuset.cpus = 0-1  (--cpuset-cpus)\n"
		"/m/g/pids.max = 50  (--pids)\n"
		"/m/g/blkio.bfq.weight = 1000 or blkio.weight = 1000  (--io-weight)\n");
}

static void test_no_limit(void **state _unused_)
{
	const struct group_limits limits = { .nano_cpus = GIVEN(GROUP_NO_LIMIT), .memory = GIVEN(GROUP_NO_LIMIT), .pids = GIVEN(GROUP_NO_LIMIT) };

	expect(true, &limits, "/m/g/memory.max = max  (--memory)\n/m/g/cpu.max = max 100000  (--cpus)\n/m/g/pids.max = max  (--pids)\n");
	expect(false, &limits,
		"/m/g/memory.limit_in_bytes = -1  (--memory)\n"
		"/m/g/memory.memsw.limit_in_bytes = -1  (--memory)\n"
		"/m/g/cpu.cfs_period_us = 100000  (--cpus)\n"
		"/m/g/cpu.cfs_quota_us = -1  (--cpus)\n"
		"/m/g/pids.max = max  (--pids)\n");
}

static void test_swap(void **state _unused_)
{
	const struct group_limits both = { .memory = GIVEN(100), .memory_swap = GIVEN(150), .memory_reservation = GIVEN(50) };

	expect(true, &both, "/m/g/memory.swap.max = 50  (--memory-swap)\n/m/g/memory.max = 100  (--memory)\n/m/g/memory.low = 50  (--memory-reservation)\n");
	expect(false, &both,
		"/m/g/memory.limit_in_bytes = 100  (--memory)\n"
		"/m/g/memory.memsw.limit_in_bytes = 150  (--memory-swap)\n"
		"/m/g/memory.soft_limit_in_bytes = 50  (--memory-reservation)\n");
	expect(true, &(struct group_limits){ .memory_swap = GIVEN(150) }, "--memory-swap needs --memory: it is of memory and swap together");
	expect(true, &(struct group_limits){ .memory = GIVEN(200), .memory_swap = GIVEN(150) },
		"--memory-swap, which is of memory and swap together, is below --memory");
}

static void test_files(void **state _unused_)
{
	const struct group_file right[] = { { "memory.high", "32m" }, { "cpu.max", "1000 20000" } }, procs = { "cgroup.procs", "0" }, path = { "../x.y", "1" },
		unknown = { "nothing.max", "1" };

	expect(true, &(struct group_limits){ .files = right, .file_count = 2 }, "/m/g/memory.high = 32m  (memory.high)\n/m/g/cpu.max = 1000 20000  (cpu.max)\n");
	expect(true, &(struct group_limits){ .files = &procs, .file_count = 1 }, "cannot set cgroup.procs: it is no limit");
	expect(true, &(struct group_limits){ .files = &path, .file_count = 1 },
		"cannot set '../x.y': expected the name of a control group's file, such as memory.high");
	expect(true, &(struct group_limits){ .files = &unknown, .file_count = 1 },
		"cannot set nothing.max: the group is in no hierarchy with the controller 'nothing'");
}

static void test_devices(void **state _unused_)
{
	struct spec_container_rate missing = { (char *)"/no/such", 1 }, no_device = { (char *)"/", 1 };

	expect(true, &(struct group_limits){ .rates = { [THROTTLE_READ_BPS] = &missing }, .rate_count = { [THROTTLE_READ_BPS] = 1 } },
		"cannot set --device-read-bps: cannot look at '/no/such': no such file or directory");
	expect(true, &(struct group_limits){ .rates = { [THROTTLE_WRITE_IOPS] = &no_device }, .rate_count = { [THROTTLE_WRITE_IOPS] = 1 } },
		"cannot set --device-write-iops: '/' is no block device");
}

static void test_bounds(void **state _unused_)
{
	expect(true, &(struct group_limits){ .nano_cpus = GIVEN(9000000) }, "cannot set --cpus: the least that the kernel takes is 0.01");
	assert_int_equal(group_limits_shares(1), 10);
	assert_int_equal(group_limits_shares(GROUP_WEIGHT_USUAL), 1024);
	assert_int_equal(group_limits_shares(GROUP_WEIGHT_MAX), 102400);
	for (uint64_t weight = GROUP_WEIGHT_MIN; weight <= GROUP_WEIGHT_MAX; weight++)
		assert_int_equal(group_limits_weight(group_limits_shares(weight)), weight);
	assert_int_equal(group_limits_bfq_weight(5000), 1000);
	assert_true(group_limits_are_none(&(struct group_limits){ .cpuset_cpus = NULL }));
	assert_false(group_limits_are_none(&(struct group_limits){ .pids = GIVEN(0) }));
}

static void test_names(void **state _unused_)
{
	static const char *const right[] = { "lab", "lab/a/b", "a.b-c_d", "1" };
	static const char *const wrong[] = { "", "/lab", "lab/", "a//b", "..", "a/../b", ".a", "a/.b", "a b", "a\n", "1/2/3/4/5/6/7/8/9" };

	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		assert_int_equal(group_name_check(right[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(group_name_check(wrong[i], NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_models),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
