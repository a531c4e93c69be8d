/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before anything is made, and what the plan of a container says; without privilege. */
#include "engine/bundle.h"
#include "engine/bundle_ids.h"
#include "engine/bundle_mounts.h"
#include "engine/bundle_namespaces.h"
#include "engine/bundle_process.h"
#include "engine/bundle_resources.h"
#include "engine/bundle_secrets.h"
#include "engine/bundle_security.h"
#include "engine/bundle_systemd.h"
#include "engine/bundle_user_mounts.h"
#include "engine/volume.h"

#include <sched.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct spec_container *decode(struct arena *arena, const char *text)
{
	struct spec_container *container = NULL;
	struct error err = ERROR_INIT;

	if (spec_container_decode(arena, text, strlen(text), &container, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return container;
}

/* All checks but those of privilege. */
static int check(const struct spec_container *container, struct error *err)
{
	int r = bundle_check_ids(&container->host, err);

	if (r == 0)
		r = bundle_check_namespaces(&container->host, err);
	if (r == 0)
		r = bundle_check_process(container, err);
	if (r == 0)
		r = bundle_check_mounts(container, err);
	if (r == 0)
		r = bundle_check_security(container, err);
	if (r == 0)
		r = bundle_check_systemd(&container->config, err);
	if (r == 0)
		r = bundle_check_secrets(&container->config, err);
	return r < 0 ? r : bundle_check_timezone(&container->config, err);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "\"UsernsMode\":\"keep-id:uid=5\"", "--userns: 'keep-id:uid=5': only for who is not root" },
		{ "\"UsernsMode\":\"nomap\"", "--userns: 'nomap': only for who is not root" },
		{ "\"UsernsMode\":\"auto:size=0\"", "--userns: 'auto:size=0': the size is no number of ids that there are" },
		{ "\"UsernsMode\":\"automatic\"", "--userns: 'automatic': expected auto, host or container:NAME" },
		{ "\"UsernsMode\":\"host\",\"IDMappings\":{\"UidMap\":[\"0:1\"]}",
		  "--userns: 'host': with --uidmap or --gidmap nothing else can be said" },
		{ "\"IDMappings\":{\"UidMap\":[\"0\"]}", "--uidmap: '0': expected INSIDE:OUTSIDE[:SIZE], within what ids there are" },
		{ "\"IDMappings\":{\"UidMap\":[\"0:1:2:3\"]}", "--uidmap: '0:1:2:3': expected INSIDE:OUTSIDE[:SIZE], all of them numbers" },
		{ "\"IDMappings\":{\"GidMap\":[\"0:5:2\",\"1:9\"],\"UidMap\":[\"0:1\"]}", "--gidmap: '0:5:2' and '1:9' overlap" },
		{ "\"PidMode\":\"foo\"", "--pid: 'foo': expected private, host, container:NAME or ns:PATH" },
		{ "\"IpcMode\":\"container:\"", "--ipc: 'container:': expected private, host, container:NAME or ns:PATH" },
		{ "\"NetworkMode\":\"web\"", "--network: there is no network 'web'" },
		{ "\"TimeOffsets\":[\"boottime=x\"]", "--time-offset: 'boottime=x': 'x' is no number of seconds" },
		{ "\"TimeOffsets\":[\"clock=1\"]", "--time-offset: 'clock=1': expected monotonic=SECONDS or boottime=SECONDS" },
		{ "\"CapAdd\":[\"NOTHING\"]", "--cap-add: 'NOTHING' is no capability" },
		{ "\"Ulimits\":[{\"Name\":\"nofiles\",\"Soft\":1,\"Hard\":1}]", "--ulimit: there is no limit 'nofiles'" },
		{ "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":-1,\"Hard\":1}]",
		  "--ulimit: nofile: the soft limit of -1 is above the hard one of 1" },
		{ "\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/\"}]", "cannot mount on '/': it must be an absolute path, and not the root" },
		{ "\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/a\"},{\"Type\":\"tmpfs\",\"Target\":\"/a\"}]", "duplicate mount point: /a" },
		{ "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"x\",\"Target\":\"/a\"}]", "cannot bind 'x' on '/a': it is not an absolute path" },
		{ "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"x\",\"Target\":\"/a\"}]",
		  "'x' is no name of a volume: expected [a-zA-Z0-9][a-zA-Z0-9_.-]+" },
		{ "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"../x\",\"Target\":\"/a\"}]",
		  "'../x' is no name of a volume: expected [a-zA-Z0-9][a-zA-Z0-9_.-]+" },
		{ "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/\",\"Target\":\"/a\",\"BindOptions\":{\"Propagation\":\"odd\"}}]",
		  "'/a': there is no propagation 'odd'" },
		{ "\"SecurityOpt\":[\"secomp=x\"]", "--security-opt: there is no option 'secomp=x'" },
		{ "\"SecurityOpt\":[\"no-new-privileges=1\"]",
		  "--security-opt: 'no-new-privileges=1': no-new-privileges takes true or false" },
		{ "\"SecurityOpt\":[\"systempaths=x\"]", "--security-opt: 'systempaths=x': systempaths takes unconfined" },
		{ "\"SecurityOpt\":[\"seccomp=/missing\"]", "cannot read the filter '/missing': no such file or directory" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct error err = ERROR_INIT;
		char *text = arena_printf(arena, "{\"HostConfig\":{%s}}", cases[i][0]);

		if (check(decode(arena, text), &err) == 0)
			fail_msg("%s was taken", text);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_config_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "\"WorkingDir\":\"x\"", "the working directory 'x' is not an absolute path" },
		{ "\"SystemdMode\":\"maybe\"", "--systemd: 'maybe': expected true, false or always" },
		{ "\"Secrets\":[\"pw\"]", "--secret: there is no secret 'pw'" },
		{ "\"Secrets\":[\"id=../x,src=/dev/null\"]", "--secret: 'id=../x,src=/dev/null': id is no name of a file" },
		{ "\"Secrets\":[\"id=x,src=/dev/null,mode=9\"]",
		  "--secret: 'id=x,src=/dev/null,mode=9': expected id=NAME,src=FILE, and perhaps type=mount|env, target=, uid=, gid= and mode=" },
		{ "\"Secrets\":[\"id=x,src=/missing\"]", "--secret: cannot read '/missing': no such file or directory" },
		{ "\"Timezone\":\"../../etc/passwd\"", "--tz: the host knows no time zone '../../etc/passwd'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct error err = ERROR_INIT;

		assert_true(check(decode(arena, arena_printf(arena, "{\"Config\":{%s}}", cases[i][0])), &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_taken(void **state _unused_)
{
	static const char *const cases[] = {
		"{}",
		"{\"HostConfig\":{\"UsernsMode\":\"keep-id\"}}",
		"{\"HostConfig\":{\"UsernsMode\":\"auto:size=131072\",\"NetworkMode\":\"host\",\"PublishAllPorts\":true,\"PidMode\":\"container:x\"}}",
		"{\"HostConfig\":{\"IDMappings\":{\"UidMap\":[\"0:1000:1\",\"1:100000:65536\"]},\"IpcMode\":\"shareable\",\"UTSMode\":\"host\"}}",
		"{\"HostConfig\":{\"TimeOffsets\":[\"boottime=-1.5\",\"monotonic=3\"],\"CapAdd\":[\"all\"],\"CapDrop\":[\"net_raw\"]}}",
		"{\"HostConfig\":{\"SecurityOpt\":[\"no-new-privileges\",\"seccomp=unconfined\",\"unmask=ALL\",\"mask=/a:/b\",\"label=disable\"]}}",
		"{\"Config\":{\"SystemdMode\":\"always\",\"Secrets\":[\"id=x,src=/dev/null,type=env\"],\"WorkingDir\":\"/\"}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct error err = ERROR_INIT;

		if (check(decode(arena, cases[i]), &err) < 0)
			fail_msg("%s: %s", cases[i], err.message);
	}
}

static struct bundle_plan plan_of(struct arena *arena, const char *text)
{
	static int nowhere = -EBADF;
	const struct spec_container *container = decode(arena, text);
	struct container_record *record = arena_alloc(arena, 1, sizeof *record);

	/* Nothing of the record is there, and nothing can be made or removed. */
	if (nowhere < 0)
		nowhere = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*record = (struct container_record){ .arena = arena, .path = "/r", .run_path = "/v", .fd = nowhere,
		.container = (struct spec_container *)container };
	return (struct bundle_plan){ .arena = arena, .record = record, .container = container, .config = &container->config,
		.host = &container->host, .run_fd = -EBADF, .root_fd = -EBADF, .ids = { .range_fd = -EBADF },
		.spec = arena_alloc(arena, 1, sizeof(struct spec_config)) };
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_namespaces(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bundle_plan plan = plan_of(arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"IpcMode\":\"host\",\"NetworkMode\":\"ns:/n\","
						 "\"TimeOffsets\":[\"boottime=-1.5\"]}}");

	plan.ids.has_namespace = true;
	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	assert_true(bundle_has_own_namespace(&plan, CLONE_NEWUSER));
	assert_true(bundle_has_own_namespace(&plan, CLONE_NEWPID));
	assert_false(bundle_has_own_namespace(&plan, CLONE_NEWIPC));
	assert_null(spec_namespace_find(plan.spec, CLONE_NEWIPC));
	assert_false(bundle_has_own_namespace(&plan, CLONE_NEWNET));
	assert_string_equal(spec_namespace_find(plan.spec, CLONE_NEWNET)->path, "/n");
	assert_string_equal(plan.spec->hostname, "0123456789ab");
	assert_int_equal(plan.spec->linux_.boottime.secs, -2);
	assert_int_equal(plan.spec->linux_.boottime.nanosecs, 500000000);
}

static const char *sysctl_of(const struct bundle_plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->spec->linux_.sysctl_count; i++)
		if (str_equal(plan->spec->linux_.sysctl[i].key, key))
			return plan->spec->linux_.sysctl[i].value;
	return NULL;
}

/* Who has a network of his own pings and listens there as he likes, if its user did not say otherwise. */
static void test_sysctls(void **state _unused_)
{
	static struct spec_id_mapping maps[] = { { 5, 2000, 10 }, { 0, 100000, 65536 } };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bundle_plan plan = plan_of(arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"NetworkMode\":\"none\"}}");

	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	assert_string_equal(sysctl_of(&plan, "net.ipv4.ip_unprivileged_port_start"), "0");
	assert_string_equal(sysctl_of(&plan, "net.ipv4.ping_group_range"), "0 2147483647");
	plan = plan_of(arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"Sysctls\":{\"net.ipv4.ip_unprivileged_port_start\":\"90\"}}}");
	plan.ids = (struct bundle_ids){ .has_namespace = true, .gids = maps, .gid_count = 2, .range_fd = -EBADF };
	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	assert_string_equal(sysctl_of(&plan, "net.ipv4.ip_unprivileged_port_start"), "90");
	assert_string_equal(sysctl_of(&plan, "net.ipv4.ping_group_range"), "0 65535");
	assert_int_equal(plan.spec->linux_.sysctl_count, 2);
	plan = plan_of(arena, "{\"Id\":\"" ID "\"}");
	plan.ids = (struct bundle_ids){ .has_namespace = true, .gids = maps, .gid_count = 1, .range_fd = -EBADF };
	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	assert_null(sysctl_of(&plan, "net.ipv4.ping_group_range"));
	plan = plan_of(arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"NetworkMode\":\"host\"}}");
	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	assert_int_equal(plan.spec->linux_.sysctl_count, 0);
}

static const struct spec_mount *find_mount(const struct bundle_plan *plan, const char *target)
{
	for (size_t i = 0; i < plan->spec->mount_count; i++)
		if (str_equal(plan->spec->mounts[i].destination, target))
			return &plan->spec->mounts[i];
	return NULL;
}

/* What a user mounts takes the place of ours, each after what it lies in. */
static void test_mounts(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bundle_plan plan = plan_of(arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"ReadonlyRootfs\":true,\"ReadOnlyTmpfs\":true,\"ShmSize\":4096,\"Mounts\":["
						 "{\"Type\":\"tmpfs\",\"Target\":\"/a/b\"},{\"Type\":\"tmpfs\",\"Target\":\"/a\"},"
						 "{\"Type\":\"tmpfs\",\"Target\":\"/tmp\",\"TmpfsOptions\":{\"SizeBytes\":5,\"Options\":[[\"exec\"]]}}]}}");
	const struct spec_mount *mount;

	plan.ids.has_namespace = true;
	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	bundle_add_default_mounts(&plan);
	assert_int_equal(bundle_add_user_mounts(&plan, NULL), 0);
	assert_string_equal(find_mount(&plan, "/proc")->type, "proc");
	assert_true(strv_contains(find_mount(&plan, "/sys/fs/cgroup")->options, "ro"));
	assert_true(strv_contains(find_mount(&plan, "/dev/shm")->options, "size=4096"));
	assert_true(strv_contains(find_mount(&plan, "/run")->options, "tmpcopyup"));
	assert_true(find_mount(&plan, "/a") < find_mount(&plan, "/a/b"));
	mount = find_mount(&plan, "/tmp");
	assert_true(strv_contains(mount->options, "size=5") && strv_contains(mount->options, "exec") && !strv_contains(mount->options, "tmpcopyup"));
}

/* What a namespace of the host's would show is bound instead, since it cannot be mounted. */
static void test_shared_mounts(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bundle_plan plan = plan_of(arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"NetworkMode\":\"host\",\"PidMode\":\"host\",\"IpcMode\":\"host\"}}");

	plan.ids.has_namespace = true;
	assert_int_equal(bundle_add_namespaces(&plan, NULL), 0);
	bundle_add_default_mounts(&plan);
	assert_string_equal(find_mount(&plan, "/proc")->type, "bind");
	assert_string_equal(find_mount(&plan, "/sys")->type, "bind");
	assert_true(strv_contains(find_mount(&plan, "/sys")->options, "ro"));
	assert_string_equal(find_mount(&plan, "/dev/shm")->source, "/dev/shm");
}

static void test_systemd(void **state _unused_)
{
	static const struct {
		const char *config;
		bool is;
	} cases[] = {
		{ "{\"Config\":{\"Cmd\":[\"/sbin/init\"]}}", true },
		{ "{\"Config\":{\"Cmd\":[\"/lib/systemd/systemd\"]}}", true },
		{ "{\"Config\":{\"Cmd\":[\"/sbin/init\"],\"SystemdMode\":\"false\"}}", false },
		{ "{\"Config\":{\"Cmd\":[\"sh\"],\"SystemdMode\":\"always\"}}", true },
		{ "{\"Config\":{\"Entrypoint\":[\"sh\"],\"Cmd\":[\"/sbin/init\"]}}", false },
		{ "{\"Config\":{\"Entrypoint\":[\"\"],\"Cmd\":[\"/usr/sbin/init\"]}}", true },
		{ "{}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_int_equal(bundle_is_systemd(&decode(arena, cases[i].config)->config), cases[i].is);
	}
}

static void test_resources(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_container *container = decode(arena, "{\"HostConfig\":{\"Memory\":1000,\"NanoCpus\":1500000000,\"PidsLimit\":0,"
							       "\"CgroupConf\":{\"memory.high\":\"5\"}}}");
	struct spec_resources resources = { .devices = NULL };
	struct error err = ERROR_INIT;

	assert_int_equal(bundle_make_resources(arena, &container->host, &resources, NULL), 0);
	assert_int_equal(resources.memory->limit, 1000);
	assert_int_equal(resources.memory->swap, 2000);
	assert_int_equal(resources.cpu->quota, 150000);
	assert_int_equal(resources.cpu->period, 100000);
	assert_true(resources.has_pids_limit && resources.pids_limit == -1);
	assert_null(resources.block_io);
	assert_string_equal(resources.unified[0].key, "memory.high");
	container = decode(arena, "{\"HostConfig\":{\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/null\",\"Rate\":1}]}}");
	assert_true(bundle_make_resources(arena, &container->host, &resources, &err) < 0);
	assert_string_equal(err.message, "--device-read-bps: '/dev/null' is no block device");
}

static void test_masks(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bundle_plan plan = plan_of(arena, "{\"HostConfig\":{\"SecurityOpt\":[\"unmask=/proc/acpi:/sys/*\",\"mask=/x:/y\",\"seccomp=unconfined\"]}}");
	struct spec_linux *l = &plan.spec->linux_;

	plan.spec->process = arena_alloc(arena, 1, sizeof *plan.spec->process);
	assert_int_equal(bundle_add_security(&plan, NULL), 0);
	assert_false(strv_contains(l->masked_paths, "/proc/acpi") || strv_contains(l->masked_paths, "/sys/firmware"));
	assert_true(strv_contains(l->masked_paths, "/proc/kcore") && strv_contains(l->masked_paths, "/x") && strv_contains(l->masked_paths, "/y"));
	assert_true(strv_contains(l->readonly_paths, "/proc/sys"));
	assert_null(l->seccomp);
	plan = plan_of(arena, "{\"HostConfig\":{\"Privileged\":true}}");
	plan.spec->process = arena_alloc(arena, 1, sizeof *plan.spec->process);
	assert_int_equal(bundle_add_security(&plan, NULL), 0);
	assert_null(plan.spec->linux_.masked_paths[0]);
	assert_null(bundle_security_paths(arena, plan.host).read_only[0]);
	assert_null(plan.spec->linux_.seccomp);
}

static void test_outside_id(void **state _unused_)
{
	static const struct spec_id_mapping maps[] = { { 0, 1000, 1 }, { 5, 2000, 10 } };

	assert_int_equal(bundle_outside_id(maps, 2, 0), 1000);
	assert_int_equal(bundle_outside_id(maps, 2, 14), 2009);
	assert_int_equal(bundle_outside_id(maps, 2, 15), UINT32_MAX);
	assert_int_equal(bundle_outside_id(maps, 2, 1), UINT32_MAX);
	assert_int_equal(bundle_outside_id(NULL, 0, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	      cmocka_unit_test(test_config_refused), cmocka_unit_test(test_taken),
		cmocka_unit_test(test_namespaces),    cmocka_unit_test(test_sysctls),     cmocka_unit_test(test_mounts),	     cmocka_unit_test(test_shared_mounts),
		cmocka_unit_test(test_systemd),	      cmocka_unit_test(test_resources),	     cmocka_unit_test(test_masks),
		cmocka_unit_test(test_outside_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
