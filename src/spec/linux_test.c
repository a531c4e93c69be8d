/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/linux.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mount.h>

#include <cmocka.h>

static int decode_text(struct arena *arena, const char *members, struct spec_config **ret, struct error *err)
{
	char *text = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"linux\":{%s}}", members);

	return spec_config_decode(arena, text, strlen(text), ret, err);
}

static struct spec_config *decode(struct arena *arena, const char *members)
{
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;

	if (decode_text(arena, members, &config, &err) < 0)
		fail_msg("%s: %s", members, err.message);
	return config;
}

/* MESSAGE without the "linux." that all start with. */
static void assert_refused(const char *members, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;

	assert_int_equal(decode_text(arena, members, &config, &err), -EINVAL);
	assert_null(config);
	assert_string_equal(err.message, arena_printf(arena, "linux.%s", message));
}

static void test_namespaces(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_config *config =
		decode(arena, "\"namespaces\":[{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"},{\"type\":\"network\",\"path\":\"\"},{\"type\":\"mount\"},"
			      "{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"},{\"type\":\"time\"}]");

	(void)state;
	assert_int_equal(config->linux_.namespace_count, 7);
	assert_string_equal(spec_namespace_find(config, CLONE_NEWPID)->path, "/proc/1/ns/pid");
	assert_string_equal(spec_namespace_find(config, CLONE_NEWPID)->name, "pid");
	assert_null(spec_namespace_find(config, CLONE_NEWNET)->path);
	assert_null(spec_namespace_find(config, CLONE_NEWUSER));
	assert_refused("\"namespaces\":{}", "namespaces: expected array, found object");
	assert_refused("\"namespaces\":[\"pid\"]", "namespaces[0]: expected object, found string");
	assert_refused("\"namespaces\":[{}]", "namespaces[0].type: missing");
	assert_refused("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"foo\"}]", "namespaces[2].type: unknown namespace \"foo\"");
	assert_refused("\"namespaces\":[{\"type\":\"net\"}]", "namespaces[0].type: unknown namespace \"net\" (did you mean \"network\"?)");
	assert_refused("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]", "namespaces[0].path: 'x' is not an absolute path");
	assert_refused("\"namespaces\":[{\"type\":\"pid\",\"path\":1}]", "namespaces[0].path: expected string, found integer");
	assert_refused("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]", "namespaces[1].type: the pid namespace is given twice");
}

#define USER "\"namespaces\":[{\"type\":\"user\"}],"
#define MAP(name, ranges) "\"" name "\":[" ranges "]"
#define RANGE(inside, outside, size) "{\"containerID\":" #inside ",\"hostID\":" #outside ",\"size\":" #size "}"

static void test_mappings(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_linux *l =
		&decode(arena, USER MAP("uidMappings", RANGE(0, 1000, 1) "," RANGE(1, 100000, 65535)) "," MAP("gidMappings", RANGE(0, 0, 4294967295)))->linux_;

	(void)state;
	assert_int_equal(l->uid_mapping_count, 2);
	assert_int_equal(l->uid_mappings[1].container_id, 1);
	assert_int_equal(l->uid_mappings[1].host_id, 100000);
	assert_int_equal(l->uid_mappings[1].size, 65535);
	assert_int_equal(l->gid_mappings[0].size, 4294967295u);
	assert_refused("\"uidMappings\":[{\"containerID\":0}]", "uidMappings[0].hostID: missing");
	assert_refused(MAP("uidMappings", "{\"containerID\":0,\"hostID\":0,\"size\":\"many\"}"), "uidMappings[0].size: expected integer, found string");
	assert_refused(MAP("uidMappings", RANGE(0, 0, 0)), "uidMappings[0].size: must not be 0");
	assert_refused(MAP("gidMappings", RANGE(1, 0, 4294967295)),
		       "gidMappings[0].size: 4294967295 ids from 1 and 0 on reach beyond the last id");
	assert_refused(MAP("uidMappings", RANGE(0, 1000, 10) "," RANGE(5, 3000, 10)), "uidMappings[1]: overlaps range 0");
	assert_refused(MAP("uidMappings", RANGE(0, 1000, 10) "," RANGE(10, 1009, 1)), "uidMappings[1]: overlaps range 0");
}

static void test_mappings_and_user_namespace(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_linux *l = &decode(arena, MAP("uidMappings", RANGE(0, 1000, 1)))->linux_;

	(void)state;
	/* Without a user namespace there are none. */
	assert_int_equal(l->uid_mapping_count, 0);
	assert_null(l->uid_mappings);
	decode(arena, "\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]");
	assert_refused("\"namespaces\":[{\"type\":\"user\"}]", "uidMappings: missing, a new user namespace needs them");
	assert_refused(USER MAP("uidMappings", RANGE(0, 1000, 1)), "gidMappings: missing, a new user namespace needs them");
	assert_refused(USER MAP("uidMappings", RANGE(0, 1000, 1)) ",\"gidMappings\":[]", "gidMappings: missing, a new user namespace needs them");
}

static void test_time_offsets(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_linux *l = &decode(arena, "\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"boottime\":{\"secs\":-5,\"nanosecs\":999999999}}")->linux_;

	(void)state;
	assert_true(l->boottime.given);
	assert_false(l->monotonic.given);
	assert_int_equal(l->boottime.secs, -5);
	assert_int_equal(l->boottime.nanosecs, 999999999);
	decode(arena, "\"timeOffsets\":{}");
	assert_refused("\"timeOffsets\":{\"boottime\":{\"secs\":1}}", "timeOffsets: need a new time namespace in linux.namespaces");
	assert_refused("\"namespaces\":[{\"type\":\"time\",\"path\":\"/x\"}],\"timeOffsets\":{\"monotonic\":{\"secs\":1}}",
		       "timeOffsets: need a new time namespace in linux.namespaces");
	assert_refused("\"timeOffsets\":{\"realtime\":{\"secs\":1}}", "timeOffsets.realtime: no such clock in a time namespace");
	assert_refused("\"timeOffsets\":{\"boottime\":5}", "timeOffsets.boottime: expected object, found integer");
	assert_refused("\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}", "timeOffsets.boottime.nanosecs: 1000000000 is out of range (0 to 999999999)");
}

static void test_devices(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_device *devices =
		decode(arena, "\"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,\"fileMode\":8630,\"uid\":0,\"gid\":5},"
			      "{\"path\":\"/dev/x\",\"type\":\"u\",\"major\":4095,\"minor\":1048575},{\"path\":\"/dev/pipe\",\"type\":\"p\"}]")->linux_.devices;

	(void)state;
	assert_string_equal(devices[0].path, "/dev/fuse");
	assert_int_equal(devices[0].major, 10);
	assert_int_equal(devices[0].mode, 0666); /* 8630 is 020666: the type bits are dropped */
	assert_true(devices[0].has_mode && devices[0].has_uid && devices[0].has_gid);
	assert_int_equal(devices[0].gid, 5);
	assert_int_equal(devices[1].type, 'c');
	assert_int_equal(devices[1].minor, 1048575);
	assert_int_equal(devices[1].mode, 0666);
	assert_false(devices[1].has_mode || devices[1].has_uid);
	assert_int_equal(devices[2].type, 'p');
	assert_refused("\"devices\":[{\"type\":\"c\",\"major\":1,\"minor\":3}]", "devices[0].path: missing");
	assert_refused("\"devices\":[{\"path\":\"dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3}]", "devices[0].path: 'dev/x' is not an absolute path");
	assert_refused("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"x\",\"major\":1,\"minor\":3}]", "devices[0].type: 'x' is none of b, c, u and p");
	assert_refused("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\"}]", "devices[0].major: missing");
	assert_refused("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":1}]", "devices[0].minor: missing");
	assert_refused("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":4096,\"minor\":0}]", "devices[0].major: 4096 is out of range (0 to 4095)");
	assert_refused("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"p\",\"fileMode\":-1}]", "devices[0].fileMode: -1 is out of range (0 to 65535)");
}

static void test_net_devices(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_net_device *devices = decode(arena, "\"netDevices\":{\"eth0\":{\"name\":\"container_eth0\"},\"ens4\":{}}")->linux_.net_devices;
	static const char *const bad[] = { "a/b", ".", "..", "a b", "a:b", "abcdefghijklmnop" };

	(void)state;
	assert_string_equal(devices[0].name, "eth0");
	assert_string_equal(devices[0].new_name, "container_eth0");
	assert_null(devices[1].new_name);
	assert_refused("\"netDevices\":[]", "netDevices: expected object, found array");
	assert_refused("\"netDevices\":{\"eth0\":{\"name\":23}}", "netDevices.eth0.name: expected string, found integer");
	assert_refused("\"netDevices\":{\"a/b\":{}}", "netDevices[\"a/b\"]: no name of a network device");
	assert_refused("\"netDevices\":{\"\":{}}", "netDevices[\"\"]: no name of a network device");
	assert_refused("\"netDevices\":{\"a\":{\"name\":\"x\"},\"x\":{}}", "netDevices.x: a second device would be called 'x'");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(arena_printf(arena, "\"netDevices\":{\"out0\":{\"name\":\"%s\"}}", bad[i]),
			       arena_printf(arena, "netDevices.out0.name: '%s' is no name of a network device", bad[i]));
}

static void test_paths_and_propagation(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_linux *l =
		&decode(arena, "\"namespaces\":[{\"type\":\"mount\"}],\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":null,\"rootfsPropagation\":\"rslave\","
			       "\"cgroupsPath\":\"system.slice:x:y\",\"mountLabel\":\"a:b\",\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}")->linux_;

	(void)state;
	assert_string_equal(l->masked_paths[0], "/proc/kcore");
	assert_null(l->readonly_paths[0]);
	assert_int_equal(l->rootfs_propagation, MS_SLAVE | MS_REC);
	assert_string_equal(l->cgroups_path, "system.slice:x:y");
	assert_string_equal(l->mount_label, "a:b");
	assert_string_equal(l->sysctl[0].key, "net.ipv4.ip_forward");
	assert_int_equal(decode(arena, "\"rootfsPropagation\":\"\"")->linux_.rootfs_propagation, 0);
	assert_refused("\"maskedPaths\":[\"/proc/kcore\"]", "maskedPaths: need a mount namespace in linux.namespaces");
	assert_refused("\"readonlyPaths\":[\"/proc/sys\"]", "readonlyPaths: need a mount namespace in linux.namespaces");
	assert_refused("\"maskedPaths\":\"x\"", "maskedPaths: expected array, found string");
	assert_refused("\"rootfsPropagation\":5", "rootfsPropagation: expected string, found integer");
	assert_refused("\"rootfsPropagation\":\"shard\"", "rootfsPropagation: unknown propagation \"shard\" (did you mean \"shared\"?)");
	assert_refused("\"cgroupsPath\":5", "cgroupsPath: expected string, found integer");
	assert_refused("\"sysctl\":{\"a.b\":1}", "sysctl[\"a.b\"]: expected string, found integer");
}

static void test_personality(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_false(decode(arena, "")->linux_.has_personality);
	assert_int_equal(decode(arena, "\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}")->linux_.personality, 8);
	assert_refused("\"personality\":{}", "personality.domain: missing");
	assert_refused("\"personality\":{\"domain\":\"PLAN9\"}", "personality.domain: unknown personality \"PLAN9\"");
	assert_refused("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"ADDR_NO_RANDOMIZE\"]}", "personality.flags: no flag is supported");
}

static void test_memory_policy(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_memory_policy *policy =
		decode(arena, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_NUMA_BALANCING\"]}")
			->linux_.memory_policy;

	(void)state;
	assert_int_equal(policy->mode, SPEC_MPOL_BIND);
	assert_string_equal(policy->nodes, "0-1");
	assert_int_equal(policy->flags, 1 << 15 | 1 << 13);
	decode(arena, "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\"}");
	decode(arena, "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"\"}");
	assert_refused("\"memoryPolicy\":{}", "memoryPolicy.mode: missing");
	assert_refused("\"memoryPolicy\":{\"mode\":\"MPOL_MAGIC\"}", "memoryPolicy.mode: unknown memory policy \"MPOL_MAGIC\"");
	assert_refused("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"zero\"}", "memoryPolicy.nodes: 'zero' is not a list such as \"0-3,7\"");
	assert_refused("\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\"}", "memoryPolicy.nodes: missing, MPOL_INTERLEAVE needs them");
	assert_refused("\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", "memoryPolicy.nodes: MPOL_LOCAL has no nodes");
	assert_refused("\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}", "memoryPolicy.flags: MPOL_DEFAULT has no flags");
	assert_refused("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_RELATIVE_NODES\"]}",
		       "memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
}

static void test_intel_rdt(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_intel_rdt *rdt =
		decode(arena, "\"intelRdt\":{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=f\"],"
			      "\"enableMonitoring\":true}")->linux_.intel_rdt;

	(void)state;
	assert_string_equal(rdt->clos_id, "gold");
	assert_string_equal(rdt->l3_cache_schema, "L3:0=f");
	assert_string_equal(rdt->mem_bw_schema, "MB:0=20");
	assert_string_equal(rdt->schemata[0], "L2:0=f");
	assert_true(rdt->enable_monitoring);
	assert_refused("\"intelRdt\":{\"closID\":5}", "intelRdt.closID: expected string, found integer");
	assert_refused("\"intelRdt\":{\"closID\":\"../x\"}", "intelRdt.closID: '../x' is no file name");
	assert_string_equal(decode(arena, "\"intelRdt\":{\"closID\":\"/\"}")->linux_.intel_rdt->clos_id, "/");
	assert_refused("\"intelRdt\":{\"schemata\":[\"L3:0=f\",\"L2:0=f\\nL3:0=1\"]}", "intelRdt.schemata: 'L2:0=f?L3:0=1' is not one line");
	assert_refused("\"intelRdt\":{\"closID\":\"..\"}", "intelRdt.closID: '..' is no file name");
	assert_refused("\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}", "intelRdt.memBwSchema: 'L3:0=f' is not one line that starts with MB:");
	assert_refused("\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nL3:0=1\"}", "intelRdt.memBwSchema: 'MB:0=1?L3:0=1' is not one line that starts with MB:");
}

/* The resources of a configuration have their own path; the rest is in the tests of resources. */
static void test_resources(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_non_null(decode(arena, "")->linux_.resources);
	assert_non_null(decode(arena, "\"resources\":null")->linux_.resources);
	assert_int_equal(decode(arena, "\"resources\":{\"pids\":{\"limit\":7}}")->linux_.resources->pids_limit, 7);
	assert_refused("\"resources\":[]", "resources: expected object, found array");
	assert_refused("\"resources\":{\"devices\":[{\"allow\":true},{\"allow\":5}]}", "resources.devices[1].allow: expected boolean, found integer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_mappings_and_user_namespace),
		cmocka_unit_test(test_time_offsets),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_net_devices),
		cmocka_unit_test(test_paths_and_propagation),
		cmocka_unit_test(test_personality),
		cmocka_unit_test(test_memory_policy),
		cmocka_unit_test(test_intel_rdt),
		cmocka_unit_test(test_resources),
	};

	return cmocka_run_group_tests_name("linux", tests, NULL, NULL);
}
