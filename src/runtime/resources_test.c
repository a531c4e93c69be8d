/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans are compared as text, in a v1, a v2 and a hybrid world; carried out on
 * plain files; and, as root, on the control groups of this host.
 */
#include "runtime/resources.h"

#include "base/file.h"
#include "host/cgroup_scratch_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define BIT CGROUP_BIT
#define MB (1 << 20)

enum world { V1, V2, HYBRID };

/* Sets without descriptors, mounted at /1, /2. */
static struct cgroup_set draw(enum world world)
{
	unsigned all = (1u << CGROUP_CONTROLLER_COUNT) - 1, v2 = 0;
	struct cgroup_hierarchy list[2] = { { .mount = (char *)"/1", .own_path = (char *)"/" }, { .mount = (char *)"/2", .own_path = (char *)"/", .is_v2 = true } };
	struct cgroup_world described = { .hierarchies = list, .count = 2 };
	struct cgroup_set set;

	if (world == HYBRID)
		v2 = BIT(CGROUP_HUGETLB) | BIT(CGROUP_MEMORY);
	else if (world == V2)
		v2 = all & ~(BIT(CGROUP_NET_CLS) | BIT(CGROUP_NET_PRIO));
	list[0].controllers = all & ~v2 & ~(BIT(CGROUP_RDMA) | BIT(CGROUP_MISC) | BIT(CGROUP_DMEM));
	list[1].controllers = v2;
	if (world == V1)
		described.count = 1;
	if (world == V2)
		described = (struct cgroup_world){ .hierarchies = list + 1, .count = 1 };
	cgroup_set_draw(&described, "/g", "x", &set);
	return set;
}

static char *plan_text(enum world world, unsigned flags, const struct spec_resources *resources, const struct spec_resources *current)
{
	_cleanup_cgroup_set_ struct cgroup_set set = draw(world);
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	if (resources_plan(resources, current, &set, flags | RESOURCES_NO_DEVICES, &plan, &err) < 0)
		return str_dup(err.message);
	buf_add_text(&out, "");
	resources_print(&plan, &set, &out);
	return buf_take(&out);
}

#define EXPECT(world, resources, text)                                            \
	do {                                                                      \
		_cleanup_free_ char *is = plan_text(world, 0, resources, NULL); \
		assert_string_equal(is, text);                                    \
	} while (0)

#define EXPECT_UPDATE(world, resources, current, text)                                               \
	do {                                                                                         \
		_cleanup_free_ char *is = plan_text(world, RESOURCES_UPDATE, resources, current); \
		assert_string_equal(is, text);                                                       \
	} while (0)

static void test_nothing(void **state)
{
	struct spec_memory memory = { 0 };
	struct spec_cpu cpu = { 0 };
	struct spec_block_io block = { 0 };
	struct spec_resources r = { .memory = &memory, .cpu = &cpu, .block_io = &block };

	(void)state;
	for (int world = V1; world <= HYBRID; world++) {
		EXPECT(world, &r, "");
		EXPECT_UPDATE(world, &r, &r, "");
	}
}

static void test_memory(void **state)
{
	struct spec_memory m = { .has_limit = true, .limit = 64 * MB, .has_swap = true, .swap = 96 * MB, .has_reservation = true, .reservation = 32 * MB };
	struct spec_resources r = { .memory = &m };

	(void)state;
	EXPECT(V1, &r,
		"/1/g/memory.limit_in_bytes = 67108864  (linux.resources.memory.limit)\n"
		"/1/g/memory.memsw.limit_in_bytes = 100663296  (linux.resources.memory.swap)\n"
		"/1/g/memory.soft_limit_in_bytes = 33554432  (linux.resources.memory.reservation)\n");
	EXPECT(V2, &r,
		"/2/g/memory.swap.max = 33554432  (linux.resources.memory.swap)\n"
		"/2/g/memory.max = 67108864  (linux.resources.memory.limit)\n"
		"/2/g/memory.low = 33554432  (linux.resources.memory.reservation)\n");
	m = (struct spec_memory){ .has_limit = true, .limit = 64 * MB, .has_swap = true, .swap = 64 * MB };
	EXPECT(HYBRID, &r,
		"/2/g/memory.swap.max = 0  (linux.resources.memory.swap)\n"
		"/2/g/memory.max = 67108864  (linux.resources.memory.limit)\n");
	m.swap = -1;
	EXPECT(V2, &r,
		"/2/g/memory.swap.max = max  (linux.resources.memory.swap)\n"
		"/2/g/memory.max = 67108864  (linux.resources.memory.limit)\n");
	EXPECT(V1, &r,
		"/1/g/memory.limit_in_bytes = 67108864  (linux.resources.memory.limit)\n"
		"/1/g/memory.memsw.limit_in_bytes = -1  (linux.resources.memory.swap)\n");
	m = (struct spec_memory){ .has_limit = true, .limit = -1 };
	EXPECT(V1, &r,
		"/1/g/memory.limit_in_bytes = -1  (linux.resources.memory.limit)\n"
		"/1/g/memory.memsw.limit_in_bytes = -1  (linux.resources.memory.limit)\n");
	EXPECT(V2, &r,
		"/2/g/memory.swap.max = max  (linux.resources.memory.swap)\n"
		"/2/g/memory.max = max  (linux.resources.memory.limit)\n");
	m = (struct spec_memory){ .has_limit = true, .has_swap = true, .has_reservation = true };
	EXPECT(V2, &r, "");
	EXPECT(V1, &r, "");
}

/* v2 counts swap alone: its limit follows the memory limit, so that the sum stays what it was. */
static void test_memory_update(void **state)
{
	struct spec_memory m = { .has_limit = true, .limit = 80 * MB }, after = { .has_limit = true, .limit = 80 * MB, .has_swap = true, .swap = 96 * MB };
	struct spec_resources r = { .memory = &m }, whole = { .memory = &after };

	(void)state;
	EXPECT_UPDATE(V2, &r, &whole,
		"/2/g/memory.swap.max = 16777216  (linux.resources.memory.swap)\n"
		"/2/g/memory.max = 83886080  (linux.resources.memory.limit)\n");
	EXPECT_UPDATE(V1, &r, &whole, "/1/g/memory.limit_in_bytes = 83886080  (linux.resources.memory.limit)\n");
	m = (struct spec_memory){ .has_swap = true, .swap = 100 * MB };
	after.swap = 100 * MB;
	EXPECT_UPDATE(V2, &r, &whole, "/2/g/memory.swap.max = 20971520  (linux.resources.memory.swap)\n");
	after.limit = 101 * MB;
	EXPECT_UPDATE(V2, &r, &whole, "linux.resources.memory.swap: 104857600 is below the memory limit 105906176, but counts memory and swap together");
	m = (struct spec_memory){ .has_limit = true, .limit = 4096, .has_check_before_update = true, .check_before_update = true };
	EXPECT_UPDATE(V2, &r, &r,
		"/2/g/memory.current <= 4096  (linux.resources.memory.limit)\n"
		"/2/g/memory.max = 4096  (linux.resources.memory.limit)\n");
	EXPECT(V2, &r, "/2/g/memory.max = 4096  (linux.resources.memory.limit)\n");
	EXPECT_UPDATE(V1, &r, &r,
		"/1/g/memory.usage_in_bytes <= 4096  (linux.resources.memory.limit)\n"
		"/1/g/memory.limit_in_bytes = 4096  (linux.resources.memory.limit)\n");
}

static void test_memory_that_cannot_be(void **state)
{
	struct spec_memory m = { .has_limit = true, .limit = 64 * MB, .has_swap = true, .swap = 32 * MB };
	struct spec_resources r = { .memory = &m };
	struct cgroup_set nowhere = CGROUP_SET_INIT;
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	for (int world = V1; world <= HYBRID; world++)
		EXPECT(world, &r, "linux.resources.memory.swap: 33554432 is below the memory limit 67108864, but counts memory and swap together");
	m = (struct spec_memory){ .has_swap = true, .swap = 32 * MB };
	EXPECT(V1, &r, "linux.resources.memory.swap: needs a memory limit, for it counts memory and swap together");
	m = (struct spec_memory){ .has_limit = true, .limit = -2 };
	EXPECT(V1, &r, "linux.resources.memory.limit: -2 is neither a limit nor -1");
	m = (struct spec_memory){ .has_swappiness = true, .swappiness = 101 };
	EXPECT(V1, &r, "linux.resources.memory.swappiness: 101 is not in 0..100");
	m.swappiness = 17;
	EXPECT(V1, &r, "/1/g/memory.swappiness = 17  (linux.resources.memory.swappiness)\n");
	EXPECT(V2, &r, "cannot set linux.resources.memory.swappiness: cgroup v2 has nothing for it");
	m = (struct spec_memory){ .has_disable_oom_killer = true, .disable_oom_killer = true };
	EXPECT(V1, &r, "/1/g/memory.oom_control = 1  (linux.resources.memory.disableOOMKiller)\n");
	EXPECT(V2, &r, "cannot set linux.resources.memory.disableOOMKiller: cgroup v2 has nothing for it");
	m.disable_oom_killer = false;
	EXPECT(V1, &r, "");
	EXPECT(V2, &r, "");
	EXPECT_UPDATE(V1, &r, &r, "/1/g/memory.oom_control = 0  (linux.resources.memory.disableOOMKiller)\n");
	m = (struct spec_memory){ .has_kernel = true, .kernel = 4096 };
	EXPECT(V2, &r, "cannot set linux.resources.memory.kernel: cgroup v2 has nothing for it");

	/* Without the controller a limit fails, and none does not. */
	m = (struct spec_memory){ .has_limit = true, .limit = 4096 };
	assert_true(resources_plan(&r, NULL, &nowhere, RESOURCES_NO_DEVICES, &plan, &err) < 0);
	assert_string_equal(err.message, "cannot set linux.resources.memory.limit: no control group of the container has the controller 'memory'");
	m.limit = -1;
	assert_int_equal(resources_plan(&r, NULL, &nowhere, RESOURCES_NO_DEVICES, &plan, &err), 0);
	assert_int_equal(plan.count, 0);
}

static void test_cpu(void **state)
{
	struct spec_cpu c = { .has_shares = true, .shares = 512, .has_quota = true, .quota = 25000, .has_period = true, .period = 50000, .has_burst = true, .burst = 1000 };
	struct spec_resources r = { .cpu = &c };

	(void)state;
	EXPECT(V1, &r,
		"/1/g/cpu.shares = 512  (linux.resources.cpu.shares)\n"
		"/1/g/cpu.cfs_period_us = 50000  (linux.resources.cpu.period)\n"
		"/1/g/cpu.cfs_burst_us = 1000  (linux.resources.cpu.burst)\n"
		"/1/g/cpu.cfs_quota_us = 25000  (linux.resources.cpu.quota)\n");
	EXPECT(V2, &r,
		"/2/g/cpu.weight = 59  (linux.resources.cpu.shares)\n"
		"/2/g/cpu.max.burst = 1000  (linux.resources.cpu.burst)\n"
		"/2/g/cpu.max = 25000 50000  (linux.resources.cpu.quota)\n");
	c = (struct spec_cpu){ .has_quota = true, .quota = 30000 };
	EXPECT(V2, &r, "/2/g/cpu.max = 30000  (linux.resources.cpu.quota)\n");
	c.quota = -1;
	EXPECT(V1, &r, "/1/g/cpu.cfs_quota_us = -1  (linux.resources.cpu.quota)\n");
	EXPECT(V2, &r, "/2/g/cpu.max = max  (linux.resources.cpu.quota)\n");
	c = (struct spec_cpu){ .has_period = true, .period = 20000 };
	EXPECT(V2, &r, "/2/g/cpu.max = max 20000  (linux.resources.cpu.period)\n");
	c = (struct spec_cpu){ .has_idle = true, .idle = 1, .has_shares = true, .shares = 1024 };
	EXPECT(V2, &r, "/2/g/cpu.weight = 100  (linux.resources.cpu.shares)\n/2/g/cpu.idle = 1  (linux.resources.cpu.idle)\n");
	c.idle = 0;
	EXPECT(V1, &r, "/1/g/cpu.idle = 0  (linux.resources.cpu.idle)\n/1/g/cpu.shares = 1024  (linux.resources.cpu.shares)\n");
	c = (struct spec_cpu){ .has_shares = true, .shares = 1 };
	EXPECT(V1, &r, "linux.resources.cpu.shares: 1 is not in 2..262144");
	c = (struct spec_cpu){ .has_realtime_runtime = true, .realtime_runtime = 10, .has_realtime_period = true, .realtime_period = 20 };
	EXPECT(V1, &r, "/1/g/cpu.rt_period_us = 20  (linux.resources.cpu.realtimePeriod)\n/1/g/cpu.rt_runtime_us = 10  (linux.resources.cpu.realtimeRuntime)\n");
	EXPECT(V2, &r, "cannot set linux.resources.cpu.realtimeRuntime: cgroup v2 has nothing for it");
	c = (struct spec_cpu){ .cpus = (char *)"0-1", .mems = (char *)"0" };
	EXPECT(V1, &r, "/1/g/cpuset.cpus = 0-1  (linux.resources.cpu.cpus)\n/1/g/cpuset.mems = 0  (linux.resources.cpu.mems)\n");
}

static void test_cpu_update(void **state)
{
	struct spec_cpu c = { .has_period = true, .period = 50000 }, after = { .has_period = true, .period = 50000, .has_quota = true, .quota = 20000 };
	struct spec_resources r = { .cpu = &c }, whole = { .cpu = &after };

	(void)state;
	EXPECT_UPDATE(V2, &r, &whole, "/2/g/cpu.max = 20000 50000  (linux.resources.cpu.period)\n");
	EXPECT_UPDATE(V1, &r, &whole, "/1/g/cpu.cfs_period_us = 50000  (linux.resources.cpu.period)\n");
}

static void test_weights(void **state)
{
	static const struct {
		uint64_t shares, weight;
	} cpu[] = { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 2 }, { 100, 17 }, { 512, 59 }, { 1000, 99 }, { 1024, 100 }, { 1025, 101 }, { 2048, 174 }, { 262143, 10000 }, { 262144, 10000 }, { 1u << 30, 10000 } };
	uint64_t last = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cpu); i++)
		assert_int_equal(resources_cpu_weight(cpu[i].shares), cpu[i].weight);
	for (uint64_t shares = 2; shares <= 262144; shares += 7) {
		uint64_t weight = resources_cpu_weight(shares);

		assert_in_range(weight, last, 10000);
		last = weight;
	}
	assert_int_equal(resources_io_weight(10), 1);
	assert_int_equal(resources_io_weight(100), 910);
	assert_int_equal(resources_io_weight(505), 5000);
	assert_int_equal(resources_io_weight(1000), 10000);
}

static void test_block_io(void **state)
{
	struct spec_weight_device weights[] = { { .major = 8, .minor = 16, .has_weight = true, .weight = 300 } };
	struct spec_throttle_device read[] = { { 8, 0, 1048576 }, { 8, 16, 0 } }, iops[] = { { 8, 0, 300 } };
	struct spec_block_io b = {
		.has_weight = true, .weight = 505, .weight_devices = weights, .weight_device_count = 1,
		.throttle = { [THROTTLE_READ_BPS] = read, [THROTTLE_WRITE_IOPS] = iops },
		.throttle_count = { [THROTTLE_READ_BPS] = 2, [THROTTLE_WRITE_IOPS] = 1 },
	};
	struct spec_resources r = { .block_io = &b };

	(void)state;
	EXPECT(V1, &r,
		"/1/g/blkio.bfq.weight = 505 or blkio.weight = 505  (linux.resources.blockIO.weight)\n"
		"/1/g/blkio.bfq.weight_device = 8:16 300 or blkio.weight_device = 8:16 300  (linux.resources.blockIO.weightDevice[0])\n"
		"/1/g/blkio.throttle.read_bps_device = 8:0 1048576  (linux.resources.blockIO.throttleReadBpsDevice[0])\n"
		"/1/g/blkio.throttle.read_bps_device = 8:16 0  (linux.resources.blockIO.throttleReadBpsDevice[1])\n"
		"/1/g/blkio.throttle.write_iops_device = 8:0 300  (linux.resources.blockIO.throttleWriteIOPSDevice[0])\n");
	EXPECT(V2, &r,
		"/2/g/io.bfq.weight = 505 or io.weight = 5000  (linux.resources.blockIO.weight)\n"
		"/2/g/io.bfq.weight = 8:16 300 or io.weight = 8:16 2930  (linux.resources.blockIO.weightDevice[0])\n"
		"/2/g/io.max = 8:0 rbps=1048576  (linux.resources.blockIO.throttleReadBpsDevice[0])\n"
		"/2/g/io.max = 8:16 rbps=max  (linux.resources.blockIO.throttleReadBpsDevice[1])\n"
		"/2/g/io.max = 8:0 wiops=300  (linux.resources.blockIO.throttleWriteIOPSDevice[0])\n");
	b = (struct spec_block_io){ .has_weight = true, .weight = 9 };
	EXPECT(V2, &r, "linux.resources.blockIO.weight: 9 is not in 10..1000");
	b = (struct spec_block_io){ .has_leaf_weight = true, .leaf_weight = 20 };
	EXPECT(V2, &r, "cannot set linux.resources.blockIO.leafWeight: cgroup v2 has nothing for it");
	EXPECT(V1, &r, "/1/g/blkio.leaf_weight = 20  (linux.resources.blockIO.leafWeight)\n");
}

static void test_the_rest(void **state)
{
	struct spec_hugepage_limit huge = { .page_size = (char *)"2MB", .limit = 4194304 };
	struct spec_interface_priority priority = { .name = (char *)"eth0", .priority = 5 };
	struct spec_rdma rdma = { .device = (char *)"mlx5_1", .has_handles = true, .handles = 3, .has_objects = true, .objects = 10000 };
	struct spec_resources r = { .has_pids_limit = true, .pids_limit = 20 };

	(void)state;
	EXPECT(V1, &r, "/1/g/pids.max = 20  (linux.resources.pids.limit)\n");
	r.pids_limit = -1;
	EXPECT(V2, &r, "/2/g/pids.max = max  (linux.resources.pids.limit)\n");
	r = (struct spec_resources){ .hugepage_limits = &huge, .hugepage_limit_count = 1 };
	EXPECT(V1, &r,
		"/1/g/hugetlb.2MB.limit_in_bytes = 4194304  (linux.resources.hugepageLimits[0])\n"
		"/1/g/hugetlb.2MB.rsvd.limit_in_bytes = 4194304  (linux.resources.hugepageLimits[0])\n");
	EXPECT(HYBRID, &r,
		"/2/g/hugetlb.2MB.max = 4194304  (linux.resources.hugepageLimits[0])\n"
		"/2/g/hugetlb.2MB.rsvd.max = 4194304  (linux.resources.hugepageLimits[0])\n");
	r = (struct spec_resources){ .has_class_id = true, .class_id = 1048577, .priorities = &priority, .priority_count = 1 };
	EXPECT(V1, &r,
		"/1/g/net_cls.classid = 1048577  (linux.resources.network.classID)\n"
		"/1/g/net_prio.ifpriomap = eth0 5  (linux.resources.network.priorities[0])\n");
	EXPECT(V2, &r, "cannot set linux.resources.network.classID: no control group of the container has the controller 'net_cls'");
	r.class_id = 0;
	EXPECT(V2, &r, "cannot set linux.resources.network.priorities[0]: no control group of the container has the controller 'net_prio'");
	r = (struct spec_resources){ .rdma = &rdma, .rdma_count = 1 };
	EXPECT(V2, &r, "/2/g/rdma.max = mlx5_1 hca_handle=3 hca_object=10000  (linux.resources.rdma.mlx5_1)\n");
	EXPECT(V1, &r, "cannot set linux.resources.rdma.mlx5_1: no control group of the container has the controller 'rdma'");
}

static void test_unified(void **state)
{
	struct spec_pair pair = { (char *)"memory.high", (char *)"67108864" };
	struct spec_resources r = { .unified = &pair, .unified_count = 1 };

	(void)state;
	EXPECT(V2, &r, "/2/g/memory.high = 67108864  (linux.resources.unified.memory.high)\n");
	EXPECT(HYBRID, &r, "/2/g/memory.high = 67108864  (linux.resources.unified.memory.high)\n");
	EXPECT(V1, &r, "cannot set linux.resources.unified.memory.high: the container has no cgroup v2 group");
	pair.key = (char *)"pids.max";
	EXPECT(HYBRID, &r, "cannot set linux.resources.unified.pids.max: the controller 'pids' is not in cgroup v2 on this host");
	pair = (struct spec_pair){ (char *)"io.max", (char *)"8:0 rbps=1\n8:16 wbps=2\n" };
	EXPECT(V2, &r, "/2/g/io.max = 8:0 rbps=1  (linux.resources.unified.io.max)\n/2/g/io.max = 8:16 wbps=2  (linux.resources.unified.io.max)\n");
	pair = (struct spec_pair){ (char *)"cgroup.max.depth", (char *)"3" };
	EXPECT(HYBRID, &r, "/2/g/cgroup.max.depth = 3  (linux.resources.unified.cgroup.max.depth)\n");
	pair.key = (char *)"cgroup.procs";
	EXPECT(V2, &r, "linux.resources.unified.cgroup.procs: is not a limit");
	pair.key = (char *)"../cgroup.procs";
	EXPECT(V2, &r, "linux.resources.unified.../cgroup.procs: is not the name of a control group's file");
	pair.key = (char *)"memory";
	EXPECT(V2, &r, "linux.resources.unified.memory: is not the name of a control group's file");
}

static void test_devices(void **state)
{
	struct spec_device_rule rule = { true, 'c', 1, 11, 1 };
	struct spec_resources r = { .devices = &rule, .device_count = 1 };
	_cleanup_cgroup_set_ struct cgroup_set v1 = draw(V1), v2 = draw(V2);
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct cgroup_set nowhere = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(resources_plan(&r, NULL, &v1, 0, &plan, &err), 0);
	resources_print(&plan, &v1, &out);
	assert_true(str_starts_with(out.data, "/1/g/devices.deny = a  (linux.resources.devices)\n/1/g/devices.allow = c 1:11 r  (linux.resources.devices)\n"));
	assert_non_null(strstr(out.data, "/1/g/devices.allow = c 136:* rwm  ("));
	resource_plan_done(&plan);
	out.length = 0;
	assert_int_equal(resources_plan(&r, NULL, &v2, 0, &plan, &err), 0);
	resources_print(&plan, &v2, &out);
	assert_true(str_starts_with(out.data, "/2/g device filter: allow c 1:11 r  (linux.resources.devices)\n"));
	resource_plan_done(&plan);

	assert_true(resources_plan(&r, NULL, &nowhere, 0, &plan, &err) < 0);
	assert_string_equal(err.message, "cannot set linux.resources.devices: no control group of the container has the controller 'devices'");
	rule = (struct spec_device_rule){ true, 'a', SPEC_WILDCARD, SPEC_WILDCARD, 0 };
	assert_int_equal(resources_plan(&r, NULL, &nowhere, 0, &plan, &err), 0);
	assert_int_equal(plan.count, 0);
	resource_plan_done(&plan);
	/* An update that says nothing about devices leaves them. */
	r.device_count = 0;
	assert_int_equal(resources_plan(&r, NULL, &v2, RESOURCES_UPDATE, &plan, &err), 0);
	assert_int_equal(plan.count, 0);
}

/* ---- carrying out -------------------------------------------------------------------- */

/* A v2 group that is a plain directory with these files, empty. */
static struct cgroup_set make_fixture(char *root, const char *const *files)
{
	struct cgroup_set set = draw(V2);
	struct cgroup_group *group = &set.groups[0];

	assert_non_null(mkdtemp(root));
	group->fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(group->fd >= 0);
	for (; *files; files++)
		assert_int_equal(file_replace_at(group->fd, *files, "", 0, 0600), 0);
	return set;
}

static void remove_fixture(const char *root)
{
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", root);

	assert_int_equal(system(command), 0);
}

static int apply(const struct spec_resources *resources, const struct cgroup_set *set, struct error *err)
{
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	int r = resources_plan(resources, NULL, set, RESOURCES_NO_DEVICES, &plan, err);

	return r < 0 ? r : resources_apply(&plan, set, err);
}

static void expect_file(const struct cgroup_set *set, const char *file, const char *text)
{
	_cleanup_free_ char *is = NULL;

	assert_int_equal(cgroup_read(&set->groups[0], file, 4096, &is), 0);
	assert_string_equal(is, text);
}

static void test_apply(void **state)
{
	static const char *const files[] = { "memory.max", "io.weight", "pids.max", NULL };
	char root[] = "/tmp/resources-XXXXXX";
	_cleanup_cgroup_set_ struct cgroup_set set = make_fixture(root, files);
	struct spec_memory m = { .has_limit = true, .limit = 4096, .has_swap = true, .swap = 4096 };
	struct spec_block_io b = { .has_weight = true, .weight = 1000 };
	struct spec_resources r = { .memory = &m, .block_io = &b };
	struct error err = ERROR_INIT;

	(void)state;
	/* No swap in this kernel and none wanted: fine. io.bfq.weight is missing: io.weight serves. */
	assert_int_equal(apply(&r, &set, &err), 0);
	expect_file(&set, "memory.max", "4096");
	expect_file(&set, "io.weight", "10000");
	/* But a limit that needs a file that is missing is an error that names it. */
	m.swap = 8192;
	assert_int_equal(apply(&r, &set, &err), -ENOENT);
	assert_string_equal(err.message, "cannot set linux.resources.memory.swap: cannot write '4096' to '/2/g/memory.swap.max': no such file or directory");
	assert_true(err.hint[0] != '\0');
	r = (struct spec_resources){ .has_pids_limit = true, .pids_limit = 7 };
	assert_int_equal(apply(&r, &set, &err), 0);
	expect_file(&set, "pids.max", "7");
	remove_fixture(root);
}

static void make_real(struct cgroup_set *set)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_free_ char *path = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(cgroup_world_load(&world), 0);
	if (geteuid() != 0 || !world.count || access(world.hierarchies[0].mount, W_OK) < 0) {
		print_message("missing: root and writable cgroups\n");
		skip();
	}
	path = cgroup_scratch_path(&world, getpid());
	if (cgroup_set_create(&world, path, "x", 0, set, &err) < 0)
		fail_msg("%s", err.message);
}

/* Up and down, in the order that the kernel of this host wants. */
static void test_memory_and_swap_on_this_host(void **state)
{
	static const int64_t limits[][2] = { { 64, 96 }, { 128, 256 }, { 16, 32 }, { 300, 300 }, { 20, -1 }, { -1, -1 }, { 8, 9 }, { -1, 0 }, { 30, 40 } };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	make_real(&set);
	for (size_t i = 0; i < ARRAY_SIZE(limits) && cgroup_set_find(&set, CGROUP_MEMORY); i++) {
		struct spec_memory m = { .has_limit = true, .limit = limits[i][0] < 0 ? -1 : limits[i][0] * MB, .has_swap = true, .swap = limits[i][1] < 0 ? -1 : limits[i][1] * MB };
		struct spec_resources r = { .memory = &m };
		const struct cgroup_group *group = cgroup_set_find(&set, CGROUP_MEMORY);
		uint64_t value = 0;

		if (apply(&r, &set, &err) < 0)
			fail_msg("%zu: %s", i, err.message);
		assert_int_equal(cgroup_read_u64(group, group->is_v2 ? "memory.max" : "memory.limit_in_bytes", &value), 0);
		if (m.limit > 0)
			assert_int_equal(value, m.limit);
		else
			assert_true(value > (uint64_t)1 << 60);
	}
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
}

static void test_bandwidth_on_this_host(void **state)
{
	static const struct {
		int64_t quota;
		uint64_t period, burst;
	} steps[] = { { 50000, 100000, 50000 }, { 5000, 10000, 1000 }, { 400000, 500000, 300000 }, { 2000, 5000, 0 }, { -1, 100000, 0 } };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	make_real(&set);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && cgroup_set_find(&set, CGROUP_CPU); i++) {
		struct spec_cpu c = { .has_quota = true, .quota = steps[i].quota, .has_period = true, .period = steps[i].period, .has_burst = true, .burst = steps[i].burst };
		struct spec_resources r = { .cpu = &c };
		const struct cgroup_group *group = cgroup_set_find(&set, CGROUP_CPU);
		uint64_t value = 0;

		if (apply(&r, &set, &err) < 0)
			fail_msg("%zu: %s", i, err.message);
		assert_int_equal(cgroup_read_u64(group, group->is_v2 ? "cpu.max.burst" : "cpu.cfs_burst_us", &value), 0);
		assert_int_equal(value, steps[i].burst);
	}
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
}

static void test_refusal_on_this_host(void **state)
{
	struct spec_cpu c = { .cpus = (char *)"4000" };
	struct spec_resources r = { .cpu = &c };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	make_real(&set);
	assert_true(apply(&r, &set, &err) < 0);
	assert_non_null(strstr(err.message, "linux.resources.cpu.cpus"));
	if (cgroup_set_find(&set, CGROUP_CPUSET))
		assert_non_null(strstr(err.message, "/cpuset.cpus'"));
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
}

/* The kernel's list is the one that was planned, at first and after an update. */
static void test_devices_on_this_host(void **state)
{
	struct spec_device_rule rules[] = { { true, 'c', 1, 11, 1 }, { true, 'b', 7, SPEC_WILDCARD, 0 } };
	struct spec_resources r = { .devices = rules, .device_count = 2 };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	make_real(&set);
	for (int round = 0; round < 2; round++) {
		_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
		const struct cgroup_group *group = cgroup_set_find(&set, CGROUP_DEVICES);
		_cleanup_free_ char *list = NULL;

		if (!group)
			break;
		if (resources_plan(&r, NULL, &set, round ? RESOURCES_UPDATE : 0, &plan, &err) < 0 || resources_apply(&plan, &set, &err) < 0)
			fail_msg("%s", err.message);
		if (group->is_v2)
			break;
		assert_int_equal(cgroup_read(group, "devices.list", 65536, &list), 0);
		assert_null(strstr(list, "a *:*"));
		assert_non_null(strstr(list, "c 136:* rwm"));
		assert_non_null(strstr(list, round ? "c 1:11 w" : "c 1:11 r\n"));
		assert_int_equal(strstr(list, "b 7:* rwm") != NULL, round == 0);
		rules[0].access = 2;
		r.device_count = 1;
	}
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
}

/* v2 opens a controller to the group along its path; on a hybrid host that is often hugetlb alone. */
static void test_huge_pages_on_this_host(void **state)
{
	struct spec_hugepage_limit huge = { .page_size = (char *)"2MB", .limit = 4 * MB };
	struct spec_resources r = { .hugepage_limits = &huge, .hugepage_limit_count = 1 };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;
	const struct cgroup_group *group;
	uint64_t value = 0;

	(void)state;
	make_real(&set);
	group = cgroup_set_find(&set, CGROUP_HUGETLB);
	if (!group || access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) < 0) {
		assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
		print_message("missing: the controller hugetlb and pages of 2 MB\n");
		skip();
	}
	if (apply(&r, &set, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(cgroup_read_u64(group, group->is_v2 ? "hugetlb.2MB.max" : "hugetlb.2MB.limit_in_bytes", &value), 0);
	assert_int_equal(value, 4 * MB);
	huge.page_size = (char *)"3MB";
	assert_int_equal(apply(&r, &set, &err), -ENOENT);
	assert_non_null(strstr(err.message, "hugetlb.3MB."));
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_update),
		cmocka_unit_test(test_memory_that_cannot_be),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_cpu_update),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_block_io),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_memory_and_swap_on_this_host),
		cmocka_unit_test(test_bandwidth_on_this_host),
		cmocka_unit_test(test_refusal_on_this_host),
		cmocka_unit_test(test_devices_on_this_host),
		cmocka_unit_test(test_huge_pages_on_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
