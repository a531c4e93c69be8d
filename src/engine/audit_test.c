/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/audit.h"
#include "engine/audit_facts.h"
#include "engine/capabilities.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SYS_ADMIN (UINT64_C(1) << 21)
#define SYSLOG (UINT64_C(1) << 34)

static const struct audit_finding *find(const struct audit_report *report, const char *rule)
{
	for (size_t i = 0; i < report->count; i++)
		if (str_equal(report->findings[i].rule->name, rule))
			return &report->findings[i];
	return NULL;
}

/* One that nothing is to be said of. */
static struct audit_facts tight(void)
{
	return (struct audit_facts){
		.is_asked_by_root = true, .uid = 1000, .no_new_privileges = true, .has_filter = true, .has_memory_limit = true, .has_pids_limit = true, .has_cpu_limit = true,
	};
}

static void test_rules(void **state _unused_)
{
	size_t count = 0;

	for (; audit_rules[count].name; count++) {
		assert_true(audit_rules[count].points > 0 && audit_rules[count].points <= audit_rules[count].most && audit_rules[count].most <= 30);
		assert_non_null(audit_rules[count].what);
		assert_non_null(audit_rules[count].remedy);
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(audit_rules[i].name, audit_rules[count].name);
	}
	assert_true(count > 20);
}

static void test_tight(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_profile profile = { .has_calls = true };
	const struct spec_container container = { .name = (char *)"c", .host = { .profile = &profile } };
	const struct audit_facts facts = tight();
	struct audit_report report;

	audit_judge(arena, &facts, &container, &report);
	assert_int_equal(report.score, 100);
	assert_int_equal(report.count, 0);
}

/* Each fact alone costs what its rule says, and tells where it comes from. */
static void test_facts(void **state _unused_)
{
	char *sys[] = { (char *)"/sys", NULL }, *mounted[] = { (char *)"/m", NULL };
	char *unconfined[] = { (char *)"no-new-privileges=false", (char *)"seccomp=unconfined", NULL }, *unmask[] = { (char *)"unmask=ALL", NULL };
	struct audit_device disk = { (char *)"/dev/sda", true }, tun = { (char *)"/dev/net", false };
	struct spec_container_mount etc = { .kind = SPEC_MOUNT_BIND, .source = (char *)"/etc/ssl", .target = (char *)"/m", .is_short = true };
	struct spec_container_mount own = { .kind = SPEC_MOUNT_BIND, .source = (char *)"/srv/data", .target = (char *)"/m" };
	struct spec_container_mount socket = { .kind = SPEC_MOUNT_BIND, .source = (char *)"/var/run/docker.sock", .target = (char *)"/m", .is_short = true };
	struct spec_container_mount volume = { .kind = SPEC_MOUNT_VOLUME, .source = (char *)"v", .target = (char *)"/m" };
	struct spec_container_port all = { .port = (char *)"80", .protocol = (char *)"tcp" }, local = { .port = (char *)"80", .host_ip = (char *)"127.0.0.1" };
	const struct {
		struct audit_facts facts;
		struct spec_host_config host;
		const char *rule, *object, *cause;
	} cases[] = {
		{ { .uid = 0 }, { 0 }, "root-user", NULL, "no --user" },
		{ { .shares[AUDIT_USER] = true }, { .user_namespace = (char *)"host" }, "user-namespace", NULL, "--userns=host" },
		{ { .shares[AUDIT_USER] = true }, { .privileged = true }, "user-namespace", NULL, "--privileged" },
		{ { .shares[AUDIT_PID] = true }, { .pid_mode = (char *)"host" }, "pid-namespace", NULL, "--pid=host" },
		{ { .shares[AUDIT_NETWORK] = true }, { .network_mode = (char *)"host", .ports = &all, .port_count = 1 }, "network", NULL, "--network=host" },
		{ { .shares[AUDIT_IPC] = true }, { .ipc_mode = (char *)"host" }, "ipc-namespace", NULL, "--ipc=host" },
		{ { .shares[AUDIT_UTS] = true }, { .uts_mode = (char *)"host" }, "uts-namespace", NULL, "--uts=host" },
		{ { .shares[AUDIT_CGROUP] = true }, { .cgroup_namespace = (char *)"host" }, "cgroup-namespace", NULL, "--cgroupns=host" },
		{ { .shares[AUDIT_MOUNT] = true }, { 0 }, "mount-namespace", NULL, "--rootfs /" },
		{ { .bounding = SYS_ADMIN }, { 0 }, "great-capability", "CAP_SYS_ADMIN", "--cap-add" },
		{ { .bounding = SYSLOG }, { .privileged = true }, "capability", "CAP_SYSLOG", "--privileged" },
		{ { .has_filter = false }, { .security_options = unconfined }, "filter", NULL, "--security-opt seccomp=unconfined" },
		{ { .no_new_privileges = false }, { 0 }, "new-privileges", NULL, "default" },
		{ { .writable = sys }, { .security_options = unmask }, "kernel-writable", "/sys", "--security-opt unmask=ALL" },
		{ { .unmasked = sys }, { .privileged = true }, "unmasked", "/sys", "--privileged" },
		{ { .is_unlabelled = true }, { 0 }, "label", NULL, "default" },
		{ { .devices = &disk, .device_count = 1 }, { 0 }, "block-device", "/dev/sda", "--device" },
		{ { .devices = &tun, .device_count = 1 }, { 0 }, "device", "/dev/net", "--device" },
		{ { .mounted = mounted }, { .mounts = &etc, .mount_count = 1 }, "sensitive-bind", "/etc/ssl", "--volume" },
		{ { .mounted = NULL }, { .mounts = &etc, .mount_count = 1 }, "sensitive-read", "/etc/ssl", "--volume" },
		{ { .mounted = mounted }, { .mounts = &own, .mount_count = 1 }, "bind", "/srv/data", "--mount" },
		{ { .mounted = NULL }, { .mounts = &own, .mount_count = 1 }, "bind-read", "/srv/data", "--mount" },
		{ { .mounted = NULL }, { .mounts = &socket, .mount_count = 1 }, "runtime-socket", "/var/run/docker.sock", "--volume" },
		{ { .mounted = mounted }, { .mounts = &volume, .mount_count = 1 }, NULL, NULL, NULL },
		{ { .is_root_writable = true }, { 0 }, "writable-root", NULL, "no --read-only" },
		{ { .mounted = NULL }, { .ports = &all, .port_count = 1 }, "published", "80/tcp", "--publish" },
		{ { .mounted = NULL }, { .ports = &local, .port_count = 1 }, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_profile profile = { .has_calls = true };
		struct spec_container container = { .name = (char *)"c", .host = cases[i].host };
		struct audit_facts facts = tight();
		struct audit_report report;

		facts.uid = str_equal(cases[i].rule, "root-user") ? 0 : facts.uid;
		facts.has_filter = !str_equal(cases[i].rule, "filter");
		facts.no_new_privileges = !str_equal(cases[i].rule, "new-privileges");
		memcpy(facts.shares, cases[i].facts.shares, sizeof facts.shares);
		facts.bounding = cases[i].facts.bounding | capabilities_default();
		facts.writable = cases[i].facts.writable;
		facts.unmasked = cases[i].facts.unmasked;
		facts.mounted = cases[i].facts.mounted;
		facts.is_unlabelled = cases[i].facts.is_unlabelled;
		facts.is_root_writable = cases[i].facts.is_root_writable;
		facts.devices = cases[i].facts.devices;
		facts.device_count = cases[i].facts.device_count;
		container.host.profile = &profile;
		audit_judge(arena, &facts, &container, &report);
		if (report.count != (cases[i].rule != NULL))
			fail_msg("%zu: %zu findings", i, report.count);
		if (!cases[i].rule)
			continue;
		assert_non_null(find(&report, cases[i].rule));
		assert_int_equal(report.score, 100 - report.findings[0].rule->points);
		assert_string_equal(report.findings[0].cause, cases[i].cause);
		if (cases[i].object)
			assert_string_equal(report.findings[0].object, cases[i].object);
		else
			assert_null(report.findings[0].object);
	}
}

/* All capabilities cost no more than their rules say, and nothing is below 0. */
static void test_sums(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_container container = { .name = (char *)"c", .host = { .privileged = true } };
	struct audit_facts facts = tight();
	struct audit_report report;

	facts.bounding = UINT64_MAX;
	audit_judge(arena, &facts, &container, &report);
	assert_int_equal(report.score, 100 - 30 - 15 - 2);
	assert_true(report.count > 25);
	for (size_t i = 1; i < report.count; i++)
		assert_true(report.findings[i - 1].rule->points >= report.findings[i].rule->points);
	memset(facts.shares, 1, sizeof facts.shares);
	facts.has_filter = false;
	audit_judge(arena, &facts, &container, &report);
	assert_int_equal(report.score, 0);
}

static void test_status(void **state _unused_)
{
	struct audit_facts facts = { .uid = 0 };
	uint32_t uid = 0;

	assert_true(audit_facts_parse_status("Name:\tUid:\nUid:\t1065\t1\t1\t1\nCapEff:\t00000000800405fb\nCapBnd:\t00000000800405ff\nNoNewPrivs:\t1\nSeccomp:\t2\n", &facts, &uid));
	assert_int_equal(uid, 1065);
	assert_true(facts.effective == 0x800405fb && facts.bounding == 0x800405ff && facts.no_new_privileges && facts.has_filter);
	assert_false(audit_facts_parse_status("Name:\tx\n", &facts, &uid));
	assert_int_equal(audit_facts_inside_id("         0     100000      65536\n     70000      5      1\n", 100007), 7);
	assert_int_equal(audit_facts_inside_id("         0     100000      65536\n     70000      5      1\n", 5), 70000);
	assert_int_equal(audit_facts_inside_id("         0     100000      65536\n", 99999), UINT32_MAX);
	assert_int_equal(audit_facts_inside_id("", 0), UINT32_MAX);
	assert_int_equal(audit_facts_outside_id("         0       1000          1\n         1     100000      65536\n", 0), 1000);
	assert_int_equal(audit_facts_outside_id("         0       1000          1\n         1     100000      65536\n", 3), 100002);
	assert_int_equal(audit_facts_outside_id("         0       1000          1\n", 1), UINT32_MAX);
}

static bool exists(const char *path)
{
	return str_equal(path, "/proc/kcore") || str_equal(path, "/proc/keys");
}

static void test_mounts(void **state _unused_)
{
	static const char text[] =
		"1 0 0:1 / / rw,relatime - overlay overlay rw\n"
		"2 1 0:2 / /proc rw,nosuid - proc proc rw\n"
		"3 2 0:2 /sys /proc/sys ro,nosuid - proc proc rw\n"
		"4 2 0:3 /null /proc/kcore rw - tmpfs tmpfs rw\n"
		"5 1 0:4 / /sys rw - sysfs sysfs rw\n"
		"6 1 0:5 /a /a ro - ext4 /dev/sda rw\n"
		"7 1 0:5 /b /b rw - ext4 /dev/sda rw\n"
		"8 7 0:6 / /b ro - tmpfs tmpfs rw\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_mount mounts[] = {
		{ .kind = SPEC_MOUNT_BIND, .target = (char *)"/a" }, { .kind = SPEC_MOUNT_BIND, .target = (char *)"/b" }, { .kind = SPEC_MOUNT_BIND, .target = (char *)"/" },
	};
	const struct spec_host_config host = { .mounts = mounts, .mount_count = ARRAY_SIZE(mounts) };
	struct audit_facts facts = { .uid = 0 };

	assert_true(audit_facts_parse_mounts(arena, text, &host, exists, &facts));
	assert_true(facts.is_root_writable);
	assert_int_equal(strv_length(facts.unmasked), 1);
	assert_string_equal(facts.unmasked[0], "/proc/keys");
	/* The one that has no mount of its own is as the one above it. */
	assert_int_equal(strv_length(facts.writable), 2);
	assert_string_equal(facts.writable[0], "/sys");
	assert_string_equal(facts.writable[1], "/sys/fs/cgroup");
	/* What is on top counts. */
	assert_int_equal(strv_length(facts.mounted), 1);
	assert_string_equal(facts.mounted[0], "/");
	assert_false(audit_facts_parse_mounts(arena, "1 2 3\n", &host, exists, &facts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules), cmocka_unit_test(test_tight),  cmocka_unit_test(test_facts),
		cmocka_unit_test(test_sums),  cmocka_unit_test(test_status), cmocka_unit_test(test_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
