/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config_encode.h"
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct spec_config *decode(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;

	if (spec_config_decode(arena, text, strlen(text), &config, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return config;
}

/* All that there is, in the order that we write: it must come back byte by byte. */
static void test_everything(void **state _unused_)
{
	static const char text[] =
		"{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,"
		"\"additionalGids\":[3,4],\"username\":\"u\"},\"args\":[\"sh\",\"-c\"],\"env\":[\"A=1\"],\"cwd\":\"/w\",\"capabilities\":{\"bounding\":"
		"[\"CAP_CHOWN\",\"CAP_KILL\"],\"effective\":[],\"permitted\":[\"CAP_CHECKPOINT_RESTORE\"],\"inheritable\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},"
		"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":5}],\"noNewPrivileges\":true,\"apparmorProfile\":\"p\","
		"\"oomScoreAdj\":-5,\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"flags\":[\"SCHED_FLAG_RECLAIM\"],\"runtime\":1,\"deadline\":2,\"period\":3},"
		"\"selinuxLabel\":\"l\",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":4},\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"0-1\"}},"
		"\"root\":{\"path\":\"r\",\"readonly\":true},\"hostname\":\"h\",\"domainname\":\"d\",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\","
		"\"source\":\"proc\"},{\"destination\":\"/b\",\"type\":\"bind\",\"source\":\"/s\",\"options\":[\"rbind\",\"rro\",\"idmap\"],\"uidMappings\":"
		"[{\"containerID\":0,\"hostID\":5,\"size\":6}],\"gidMappings\":[{\"containerID\":0,\"hostID\":7,\"size\":8}]}],\"hooks\":{\"prestart\":"
		"[{\"path\":\"/h\",\"args\":[\"h\"],\"env\":[\"B=2\"],\"timeout\":9}],\"poststop\":[{\"path\":\"/i\"}]},\"annotations\":{\"k\":\"v\"},\"linux\":"
		"{\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}],\"gidMappings\":[{\"containerID\":0,\"hostID\":3,\"size\":4}],\"sysctl\":"
		"{\"net.ipv4.ip_forward\":\"1\"},\"resources\":{\"devices\":[{\"allow\":false,\"type\":\"a\",\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\","
		"\"major\":1,\"minor\":0,\"access\":\"rm\"}],\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":-1,\"kernel\":3,\"kernelTCP\":4,\"swappiness\":0,"
		"\"disableOOMKiller\":false,\"useHierarchy\":true,\"checkBeforeUpdate\":true},\"cpu\":{\"shares\":2,\"quota\":-1,\"burst\":5,\"period\":6,"
		"\"realtimeRuntime\":7,\"realtimePeriod\":8,\"idle\":1,\"cpus\":\"0-1\",\"mems\":\"0\"},\"pids\":{\"limit\":-1},\"blockIO\":{\"weight\":10,"
		"\"leafWeight\":11,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":12,\"leafWeight\":13}],\"throttleReadBpsDevice\":[{\"major\":8,"
		"\"minor\":0,\"rate\":14}],\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":1,\"rate\":15}]},\"hugepageLimits\":[{\"pageSize\":\"2MB\","
		"\"limit\":16}],\"network\":{\"classID\":17,\"priorities\":[{\"name\":\"lo\",\"priority\":18}]},\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,"
		"\"hcaObjects\":4}},\"unified\":{\"memory.high\":\"5\"}},\"cgroupsPath\":\"/c\",\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"},"
		"{\"type\":\"uts\"},{\"type\":\"network\",\"path\":\"/n\"},{\"type\":\"time\"}],\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,"
		"\"minor\":2,\"fileMode\":420,\"uid\":0,\"gid\":5},{\"path\":\"/dev/p\",\"type\":\"p\"}],\"netDevices\":{\"eth0\":{\"name\":\"e\"}},\"seccomp\":"
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X32\"],\"flags\":"
		"[\"SECCOMP_FILTER_FLAG_LOG\"],\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\",\"syscalls\":[{\"names\":[\"a\",\"b\"],\"action\":"
		"\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"args\":[{\"index\":1,\"value\":2,\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},{\"names\":[\"read\"],"
		"\"action\":\"SCMP_ACT_ALLOW\"}]},\"rootfsPropagation\":\"rslave\",\"maskedPaths\":[\"/m\"],\"readonlyPaths\":[],\"mountLabel\":\"l\","
		"\"intelRdt\":{\"closID\":\"c\",\"schemata\":[\"L3:0=f\"],\"l3CacheSchema\":\"L3:0=1\",\"memBwSchema\":\"MB:0=1\",\"enableMonitoring\":true},"
		"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\"]},\"personality\":{\"domain\":\"LINUX32\"},"
		"\"timeOffsets\":{\"monotonic\":{\"secs\":-1,\"nanosecs\":2},\"boottime\":{\"secs\":3}}}}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;

	spec_config_encode(decode(arena, text), &out);
	assert_string_equal(out.data, text);
}

/* Samples that others wrote: what we write of them is read and written as the same. */
static void test_samples(void **state _unused_)
{
	static const char *const names[] = { "linux-netdevice", "linux-rdma", "minimal-for-start", "minimal", "spec-example" };
	const char *root = getenv("SOURCE_ROOT");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf text = BUF_INIT, first = BUF_INIT, second = BUF_INIT;
		char *path = arena_printf(arena, "%s/tests/data/oci-runtime/config/good/%s.json", root ? root : ".", names[i]);

		assert_int_equal(file_read_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, &text), 0);
		spec_config_encode(decode(arena, text.data), &first);
		spec_config_encode(decode(arena, first.data), &second);
		assert_string_equal(first.data, second.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_everything), cmocka_unit_test(test_samples) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
