/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/resources.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct spec_resources *decode(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT;
	struct spec_resources *resources = NULL;

	if (spec_resources_decode(arena, text, strlen(text), &resources, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return resources;
}

static void assert_refused(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_resources *resources = NULL;

	assert_int_equal(spec_resources_decode(arena, text, strlen(text), &resources, &err), -EINVAL);
	assert_null(resources);
	assert_string_equal(err.message, message);
}

static void test_nothing(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_resources *resources = decode(arena, "{\"memory\":null,\"oomScoreAdj\":100}");

	(void)state;
	assert_null(resources->memory);
	assert_null(resources->cpu);
	assert_false(resources->has_pids_limit);
	assert_int_equal(resources->device_count, 0);
	assert_null(resources->devices);
}

static void test_device_rules(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_device_rule *rules =
		decode(arena, "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":4294967295,"
			      "\"access\":\"mr\"},{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":-1},{\"allow\":true,\"type\":\"a\"}]}")->devices;

	(void)state;
	assert_false(rules[0].allow);
	assert_int_equal(rules[0].type, 'a');
	assert_int_equal(rules[0].major, SPEC_WILDCARD);
	assert_int_equal(rules[0].access, 7);
	assert_true(rules[1].allow);
	assert_int_equal(rules[1].type, 'c');
	assert_int_equal(rules[1].minor, 4294967295);
	assert_int_equal(rules[1].access, 5);
	assert_int_equal(rules[2].type, 'b');
	assert_int_equal(rules[2].minor, SPEC_WILDCARD);
	assert_int_equal(rules[2].access, 0);
	assert_int_equal(rules[3].type, 'a');
	assert_refused("{\"devices\":{}}", "resources.devices: expected array, found object");
	assert_refused("{\"devices\":[{}]}", "resources.devices[0].allow: missing");
	assert_refused("{\"devices\":[{\"allow\":1}]}", "resources.devices[0].allow: expected boolean, found integer");
	assert_refused("{\"devices\":[{\"allow\":true,\"type\":\"z\"}]}", "resources.devices[0].type: 'z' is none of a, b and c");
	assert_refused("{\"devices\":[{\"allow\":true,\"type\":\"cc\"}]}", "resources.devices[0].type: 'cc' is none of a, b and c");
	assert_refused("{\"devices\":[{\"allow\":true},{\"allow\":true,\"access\":\"rq\"}]}",
		       "resources.devices[1].access: 'rq' has other letters than r, w and m");
	assert_refused("{\"devices\":[{\"allow\":true,\"major\":-2}]}", "resources.devices[0].major: -2 is out of range (-1 to 4294967295)");
}

static void test_memory(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_memory *memory =
		decode(arena, "{\"memory\":{\"limit\":9223372036854775807,\"reservation\":0,\"swap\":-1,\"kernel\":5,\"kernelTCP\":6,\"swappiness\":100,"
			      "\"disableOOMKiller\":false,\"useHierarchy\":true,\"checkBeforeUpdate\":true}}")->memory;

	(void)state;
	assert_true(memory->limit == INT64_MAX);
	assert_true(memory->has_reservation);
	assert_int_equal(memory->reservation, 0);
	assert_int_equal(memory->swap, -1);
	assert_int_equal(memory->kernel, 5);
	assert_int_equal(memory->kernel_tcp, 6);
	assert_int_equal(memory->swappiness, 100);
	assert_true(memory->has_disable_oom_killer);
	assert_false(memory->disable_oom_killer);
	assert_true(memory->use_hierarchy);
	assert_true(memory->check_before_update);
	memory = decode(arena, "{\"memory\":{}}")->memory;
	assert_false(memory->has_limit || memory->has_swap || memory->has_swappiness || memory->has_use_hierarchy);
	assert_refused("{\"memory\":5}", "resources.memory: expected object, found integer");
	assert_refused("{\"memory\":{\"limit\":\"1g\"}}", "resources.memory.limit: expected integer, found string");
	assert_refused("{\"memory\":{\"limit\":-2}}", "resources.memory.limit: -2 is out of range (-1 to 9223372036854775807)");
	assert_refused("{\"memory\":{\"limit\":9223372036854775808}}",
		       "resources.memory.limit: 9223372036854775808 is out of range (-1 to 9223372036854775807)");
	assert_refused("{\"memory\":{\"limit\":99999999999999999999}}", "resources.memory.limit: 1e+20 is out of range (-1 to 9223372036854775807)");
	assert_refused("{\"memory\":{\"swappiness\":101}}", "resources.memory.swappiness: 101 is out of range (0 to 100)");
	assert_refused("{\"memory\":{\"disableOOMKiller\":0}}", "resources.memory.disableOOMKiller: expected boolean, found integer");
}

static void test_cpu_and_pids(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_resources *resources =
		decode(arena, "{\"cpu\":{\"shares\":18446744073709551615,\"quota\":-9223372036854775808,\"burst\":1,\"period\":2,\"realtimeRuntime\":3,"
			      "\"realtimePeriod\":4,\"cpus\":\"0-1\",\"mems\":\"\",\"idle\":1},\"pids\":{\"limit\":-1}}");
	const struct spec_cpu *cpu = resources->cpu;

	(void)state;
	assert_true(cpu->shares == UINT64_MAX);
	assert_true(cpu->quota == INT64_MIN);
	assert_int_equal(cpu->burst, 1);
	assert_int_equal(cpu->period, 2);
	assert_int_equal(cpu->realtime_runtime, 3);
	assert_int_equal(cpu->realtime_period, 4);
	assert_string_equal(cpu->cpus, "0-1");
	assert_null(cpu->mems);
	assert_true(cpu->has_idle);
	assert_int_equal(cpu->idle, 1);
	assert_true(resources->has_pids_limit);
	assert_int_equal(resources->pids_limit, -1);
	assert_refused("{\"cpu\":{\"shares\":1.5}}", "resources.cpu.shares: expected integer, found number");
	assert_refused("{\"cpu\":{\"shares\":-5}}", "resources.cpu.shares: -5 is out of range (0 to 18446744073709551615)");
	assert_refused("{\"cpu\":{\"quota\":\"x\"}}", "resources.cpu.quota: expected integer, found string");
	assert_refused("{\"cpu\":{\"idle\":true}}", "resources.cpu.idle: expected integer, found boolean");
	assert_refused("{\"cpu\":{\"idle\":2}}", "resources.cpu.idle: 2 is out of range (0 to 1)");
	assert_refused("{\"pids\":{\"limit\":1.5}}", "resources.pids.limit: expected integer, found number");
}

static void test_block_io(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_block_io *block_io =
		decode(arena, "{\"blockIO\":{\"weight\":10,\"leafWeight\":65535,\"weightDevice\":[{\"major\":8,\"minor\":16,\"weight\":500}],"
			      "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":18446744073709551615}],"
			      "\"throttleWriteIOPSDevice\":[{\"major\":1,\"minor\":2,\"rate\":3},{\"major\":4,\"minor\":5,\"rate\":6}]}}")->block_io;

	(void)state;
	assert_int_equal(block_io->weight, 10);
	assert_int_equal(block_io->leaf_weight, 65535);
	assert_int_equal(block_io->weight_device_count, 1);
	assert_int_equal(block_io->weight_devices[0].minor, 16);
	assert_true(block_io->weight_devices[0].has_weight);
	assert_false(block_io->weight_devices[0].has_leaf_weight);
	assert_true(block_io->throttle[THROTTLE_READ_BPS][0].rate == UINT64_MAX);
	assert_int_equal(block_io->throttle_count[THROTTLE_WRITE_BPS], 0);
	assert_int_equal(block_io->throttle_count[THROTTLE_WRITE_IOPS], 2);
	assert_int_equal(block_io->throttle[THROTTLE_WRITE_IOPS][1].major, 4);
	assert_refused("{\"blockIO\":{\"weight\":70000}}", "resources.blockIO.weight: 70000 is out of range (0 to 65535)");
	assert_refused("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":1}]}}", "resources.blockIO.throttleReadBpsDevice[0].minor: missing");
	assert_refused("{\"blockIO\":{\"weightDevice\":[{\"major\":-1,\"minor\":0}]}}",
		       "resources.blockIO.weightDevice[0].major: -1 is out of range (0 to 4294967295)");
}

static void test_others(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_resources *resources =
		decode(arena, "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9223372036854772000}],"
			      "\"network\":{\"classID\":4294967295,\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]},"
			      "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3},\"rxe3\":{}},\"unified\":{\"memory.high\":\"1\",\"io.max\":\"\"}}");

	(void)state;
	assert_string_equal(resources->hugepage_limits[0].page_size, "2MB");
	assert_true(resources->hugepage_limits[0].limit == 9223372036854772000);
	assert_true(resources->has_class_id);
	assert_int_equal(resources->class_id, 4294967295u);
	assert_string_equal(resources->priorities[0].name, "eth0");
	assert_int_equal(resources->rdma_count, 2);
	assert_string_equal(resources->rdma[0].device, "mlx5_1");
	assert_true(resources->rdma[0].has_handles);
	assert_false(resources->rdma[0].has_objects);
	assert_int_equal(resources->unified_count, 2);
	assert_string_equal(resources->unified[0].key, "memory.high");
	assert_string_equal(resources->unified[1].value, "");
}

static void test_bad_others(void **state)
{
	static const char *const sizes[] = { "", "MB", "0MB", "02MB", "2mb", "64kB", "2M", "2MBs", "2TB", "-2MB", "../2MB" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_refused(arena_printf(arena, "{\"hugepageLimits\":[{\"pageSize\":\"%s\",\"limit\":1}]}", sizes[i]),
			       arena_printf(arena, "resources.hugepageLimits[0].pageSize: '%s' is no page size such as 2MB", sizes[i]));
	}
	assert_refused("{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}", "resources.hugepageLimits[0].limit: missing");
	assert_refused("{\"network\":{\"classID\":-1}}", "resources.network.classID: -1 is out of range (0 to 4294967295)");
	assert_refused("{\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}}",
		       "resources.network.priorities[0].name: 'a b' is no name of a network device");
	assert_refused("{\"network\":{\"priorities\":[{\"name\":\"\",\"priority\":1}]}}",
		       "resources.network.priorities[0].name: '' is no name of a network device");
	assert_refused("{\"network\":{\"priorities\":[{\"name\":\"a\"}]}}", "resources.network.priorities[0].priority: missing");
	assert_refused("{\"rdma\":{\"mlx\":1}}", "resources.rdma.mlx: expected object, found integer");
	assert_refused("{\"rdma\":{\"mlx 1\":{}}}", "resources.rdma[\"mlx 1\"]: no name of a device");
	assert_refused("{\"rdma\":{\"m\":{\"hcaObjects\":4294967296}}}", "resources.rdma.m.hcaObjects: 4294967296 is out of range (0 to 4294967295)");
	assert_refused("{\"unified\":{\"../cgroup.procs\":\"0\"}}", "resources.unified[\"../cgroup.procs\"]: '../cgroup.procs' is no file name");
	assert_refused("{\"unified\":{\"..\":\"0\"}}", "resources.unified[\"..\"]: '..' is no file name");
	assert_refused("{\"unified\":{\"\":\"0\"}}", "resources.unified[\"\"]: the name is empty");
	assert_refused("{\"unified\":{\"memory.max\":5}}", "resources.unified[\"memory.max\"]: expected string, found integer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_device_rules),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu_and_pids),
		cmocka_unit_test(test_block_io),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_bad_others),
	};

	return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
