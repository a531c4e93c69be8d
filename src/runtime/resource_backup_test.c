/* SPDX-License-Identifier: Apache-2.0 */
/* On plain files for v2's formats; and, as root, on the control groups of this host. */
#include "runtime/resource_backup.h"

#include "base/file.h"
#include "host/cgroup_scratch_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char root[] = "/tmp/backup-XXXXXX";

static struct cgroup_set make_fixture(void)
{
	struct cgroup_hierarchy v2 = { .mount = (char *)"/2", .own_path = (char *)"/", .is_v2 = true, .controllers = ~0u };
	struct cgroup_world world = { .hierarchies = &v2, .count = 1 };
	struct cgroup_set set;

	memcpy(root, "/tmp/backup-XXXXXX", sizeof root);
	assert_non_null(mkdtemp(root));
	cgroup_set_draw(&world, "/g", "x", &set);
	set.groups[0].fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(set.groups[0].fd >= 0);
	return set;
}

static void put(const struct cgroup_set *set, const char *file, const char *text)
{
	assert_int_equal(file_replace_at(set->groups[0].fd, file, text, strlen(text), 0600), 0);
}

/* The plan's own writes stay away: what comes back is seen in an emptied file. */
static void expect_restored(struct resource_step step, const char *file, const char *held, const char *restored)
{
	_cleanup_cgroup_set_ struct cgroup_set set = make_fixture();
	struct resource_plan plan = { .steps = &step, .count = 1 };
	_cleanup_resource_backup_ struct resource_backup *backup = NULL;
	struct spec_resources old = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", root);

	put(&set, file, held);
	backup = resource_backup_take(&plan, &set);
	put(&set, file, "");
	resource_backup_restore(backup, &old, &set);
	assert_int_equal(file_read_at(set.groups[0].fd, file, 4096, &text), 0);
	assert_string_equal(text.data, restored);
	assert_int_equal(system(command), 0);
}

static void test_formats(void **state)
{
	struct resource_step max = { .field = "f", .file = "cpu.max", .value = "1 2" };
	struct resource_step table = { .field = "f", .file = "io.max", .value = "8:0 rbps=5", .flags = RESOURCE_ONE_OF_MANY };
	struct resource_step weight = { .field = "f", .file = "io.bfq.weight", .value = "5", .other_file = "io.weight", .other_value = "6" };
	struct resource_step device = { .field = "f", .file = "io.bfq.weight", .value = "8:0 5", .other_file = "io.weight", .other_value = "8:0 6", .flags = RESOURCE_ONE_OF_MANY };
	struct resource_step cpus = { .field = "f", .file = "cpuset.cpus", .value = "0" };
	struct resource_step rdma = { .field = "f", .file = "rdma.max", .value = "mlx hca_handle=1", .flags = RESOURCE_ONE_OF_MANY };

	(void)state;
	expect_restored(max, "cpu.max", "max 100000\n", "max 100000");
	expect_restored(table, "io.max", "8:16 rbps=1\n8:0 rbps=max wbps=7\n", "8:0 rbps=max wbps=7");
	expect_restored(table, "io.max", "8:1 rbps=1\n", "8:0 rbps=max wbps=max riops=max wiops=max");
	expect_restored(weight, "io.weight", "default 100\n8:0 300\n", "default 100");
	expect_restored(device, "io.weight", "default 100\n8:0 300\n", "8:0 300");
	expect_restored(device, "io.bfq.weight", "default 100\n", "8:0 default");
	expect_restored(cpus, "cpuset.cpus", "\n", "\n");
	expect_restored(rdma, "rdma.max", "mlx5 hca_handle=3 hca_object=max\n", "mlx hca_handle=max hca_object=max");
}

static void test_missing_files_are_passed_over(void **state)
{
	struct resource_step step = { .field = "f", .file = "nosuch.max", .value = "1" };
	struct resource_plan plan = { .steps = &step, .count = 1 };
	_cleanup_cgroup_set_ struct cgroup_set set = make_fixture();
	_cleanup_resource_backup_ struct resource_backup *backup = resource_backup_take(&plan, &set);
	struct spec_resources old = { 0 };

	(void)state;
	resource_backup_restore(backup, &old, &set);
	assert_int_equal(rmdir(root), 0);
}

/* ---- on this host ----------------------------------------------------------------------- */

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

static char *read_file(const struct cgroup_set *set, enum cgroup_controller controller, const char *v1, const char *v2)
{
	const struct cgroup_group *group = cgroup_set_find(set, controller);
	char *text = NULL;

	if (group)
		ignore_result(cgroup_read(group, group->is_v2 ? v2 : v1, 65536, &text)); /* then it is NULL in both readings */
	return text ? text : str_dup("none");
}

/* Sets everything anew and then puts it back: each file is as it was. */
static void test_all_or_none_on_this_host(void **state)
{
	static const struct {
		enum cgroup_controller controller;
		const char *v1, *v2;
	} files[] = {
		{ CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max" }, { CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "memory.swap.max" },
		{ CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low" }, { CGROUP_CPU, "cpu.shares", "cpu.weight" },
		{ CGROUP_CPU, "cpu.cfs_quota_us", "cpu.max" }, { CGROUP_CPU, "cpu.cfs_period_us", "cpu.max" }, { CGROUP_PIDS, "pids.max", "pids.max" },
		{ CGROUP_CPUSET, "cpuset.cpus", "cpuset.cpus" }, { CGROUP_DEVICES, "devices.list", "nosuch" },
	};
	struct spec_device_rule first_rule = { true, 'c', 1, 11, 1 }, second_rule = { true, 'b', 7, 0, 0 };
	struct spec_memory first_memory = { .has_limit = true, .limit = 32 << 20, .has_swap = true, .swap = 48 << 20, .has_reservation = true, .reservation = 16 << 20 };
	struct spec_memory second_memory = { .has_limit = true, .limit = 128 << 20, .has_swap = true, .swap = 256 << 20, .has_reservation = true, .reservation = -1 };
	struct spec_cpu first_cpu = { .has_shares = true, .shares = 512, .has_quota = true, .quota = 20000, .has_period = true, .period = 40000 };
	struct spec_cpu second_cpu = { .has_shares = true, .shares = 2048, .has_quota = true, .quota = -1, .has_period = true, .period = 90000, .cpus = (char *)"0" };
	struct spec_resources first = { .devices = &first_rule, .device_count = 1, .memory = &first_memory, .cpu = &first_cpu, .has_pids_limit = true, .pids_limit = 20 };
	struct spec_resources second = { .devices = &second_rule, .device_count = 1, .memory = &second_memory, .cpu = &second_cpu, .has_pids_limit = true, .pids_limit = -1 };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT, change = RESOURCE_PLAN_INIT;
	_cleanup_resource_backup_ struct resource_backup *backup = NULL;
	char *before[ARRAY_SIZE(files)];
	struct error err = ERROR_INIT;
	unsigned changed = 0;

	(void)state;
	make_real(&set);
	if (set.count < 5) {
		assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
		print_message("missing: hierarchies of v1\n");
		skip();
	}
	if (resources_plan(&first, NULL, &set, 0, &plan, &err) < 0 || resources_apply(&plan, &set, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		before[i] = read_file(&set, files[i].controller, files[i].v1, files[i].v2);

	if (resources_plan(&second, &second, &set, RESOURCES_UPDATE, &change, &err) < 0)
		fail_msg("%s", err.message);
	backup = resource_backup_take(&change, &set);
	if (resources_apply(&change, &set, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *now = read_file(&set, files[i].controller, files[i].v1, files[i].v2);

		changed += strcmp(now, before[i]) != 0;
	}
	assert_true(changed >= 7);
	resource_backup_restore(backup, &first, &set);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *now = read_file(&set, files[i].controller, files[i].v1, files[i].v2);

		/* devices.list may come in another order. */
		if (files[i].controller == CGROUP_DEVICES)
			assert_int_equal(strlen(now), strlen(before[i]));
		else
			assert_string_equal(now, before[i]);
		free(before[i]);
	}
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_missing_files_are_passed_over),
		cmocka_unit_test(test_all_or_none_on_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
