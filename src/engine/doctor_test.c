/* SPDX-License-Identifier: Apache-2.0 */
/* Every finding, on hosts that are directories with files: nothing is asked of this one. */
#include "engine/container_scratch_test.h"

#include "engine/doctor_subject.h"

#include <sys/sysmacros.h>

#define HOST "/host" /* below the scratch directory */

/* ---- hosts ------------------------------------------------------------------------------ */

static const char *place(struct arena *arena, const char *path)
{
	return arena_printf(arena, "%s" HOST "%s", shell_scratch, path);
}

static void put_mode(const char *path, const char *text, mode_t mode)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *file = arena_strdup(arena, place(arena, path)), *directory = arena_strdup(arena, file);

	*strrchr(directory, '/') = '\0';
	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, file, text, strlen(text), 0600), 0);
	assert_int_equal(chmod(file, mode), 0);
}

static void put(const char *path, const char *text)
{
	put_mode(path, text, 0644);
}

static void put_program(const char *path)
{
	put_mode(path, "#!/bin/sh\n", 0755);
}

static void make(const char *path, mode_t mode)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *directory = place(arena, path);

	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(chmod(directory, mode), 0);
}

/* The directories are below the host's, as paths there. */
static const struct directories there = { .root = "/data/bivy", .run_root = "/run/bivy", .images = "/data/bivy/images" };

/* A host on which nothing is wrong, as far as no file says so; UID is this process's own where it is not 0. */
static struct doctor_subject healthy(struct arena *arena, unsigned uid)
{
	struct doctor_subject subject = {
		.arena = arena,
		.directories = &there,
		.uid = uid,
		.gid = uid,
		.user = uid ? "anna" : "root",
		.program = "/usr/bin/bivy",
		.open_files = 1024,
		.open_files_hard = 524288,
		.processes = 60000,
		.kernel = "6.12.1",
		.idmapped = uid ? FEATURE_NOT_TRIED : 0,
		.now = 1800000000,
	};

	make("", 0755);
	subject.host_fd = open(place(arena, ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(subject.host_fd >= 0);
	return subject;
}

/* ---- findings ------------------------------------------------------------------------------ */

static struct doctor_report examine(const struct doctor_subject *subject, const char *check)
{
	struct doctor_report report;

	assert_int_equal(doctor_run(subject, check, &report), 1);
	return report;
}

/* The check has a finding with that verdict, whose text has TEXT in it and whose line is FIX (NULL: none). */
static void expect(const struct doctor_subject *subject, const char *check, enum doctor_verdict verdict, const char *text, const char *fix)
{
	struct doctor_report report = examine(subject, check);

	for (size_t i = 0; i < report.count; i++)
		if (report.findings[i].verdict == verdict && strstr(report.findings[i].text, text)) {
			if (!str_equal(report.findings[i].fix, fix))
				fail_msg("%s: '%s'\n  has the line     %s\n  and should have  %s", check, report.findings[i].text, report.findings[i].fix, fix);
			return;
		}
	fail_msg("%s: no finding '%s' among %zu: %s '%s'", check, text, report.count, report.count ? doctor_verdict_word(report.findings[0].verdict) : "",
		report.count ? report.findings[0].text : "");
}

static void expect_fine(const struct doctor_subject *subject, const char *check)
{
	struct doctor_report report = examine(subject, check);

	for (size_t i = 0; i < report.count; i++)
		if (report.findings[i].verdict != DOCTOR_OK)
			fail_msg("%s: %s", check, report.findings[i].text);
}

/* ---- the table --------------------------------------------------------------------------------- */

static void test_table(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char **names = doctor_names(arena);
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);
	struct doctor_report report;

	assert_non_null(names[0]);
	for (size_t i = 0; names[i]; i++) {
		/* No check stands for another as well, whichever way it is called. */
		assert_int_equal(doctor_run(&subject, names[i], &report), 1);
		assert_int_equal(doctor_run(&subject, strchr(names[i], '/') + 1, &report), 1);
	}
	assert_int_equal(doctor_run(&subject, "nothing", &report), 0);
	assert_true(doctor_run(&subject, "kernel", &report) > 5);
	assert_true(doctor_run(&subject, NULL, &report) > 30);
	for (size_t i = 0; i < report.count; i++) {
		assert_false(str_is_empty(report.findings[i].purpose) || str_is_empty(report.findings[i].text));
		assert_null(strchr(report.findings[i].text, '\n'));
		assert_true(!report.findings[i].fix || report.findings[i].fix[0]);
	}
}

static void test_refused(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = scratch_directories();
	struct error err = ERROR_INIT;
	struct doctor_report report;

	assert_true(doctor_examine(arena, &directories, "ids/subordinat", &report, &err) < 0);
	assert_string_equal(err.message, "there is no check 'ids/subordinat'");
	assert_string_equal(err.hint, "did you mean 'ids/subordinate'?");
}

/* ---- who is asked for root ---------------------------------------------------------------------- */

static void test_lines(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000), root = healthy(arena, 0);

	assert_string_equal(doctor_as_root(&root, "chmod 666 /x"), "chmod 666 /x");
	assert_string_equal(doctor_as_root(&subject, "chmod 666 /x"), "su -c 'chmod 666 /x'");
	put_program("/usr/bin/doas");
	assert_string_equal(doctor_as_root(&subject, "chmod 666 /x"), "doas chmod 666 /x");
	put_program("/usr/bin/sudo");
	assert_string_equal(doctor_as_root(&subject, "chmod 666 /x"), "sudo chmod 666 /x");
	assert_string_equal(doctor_as_root(&subject, "a && b >c"), "sudo sh -c 'a && b >c'");
	assert_string_equal(doctor_quote(&subject, "it's"), "'it'\\''s'");
	assert_string_equal(doctor_quote(&subject, ""), "''");
	assert_string_equal(doctor_set_sysctl(&root, "a.b.c", "5"),
		"mkdir -p /etc/sysctl.d && echo \"a.b.c = 5\" >/etc/sysctl.d/60-bivy-c.conf && sysctl -q -p /etc/sysctl.d/60-bivy-c.conf");
}

/* ---- the kernel ----------------------------------------------------------------------------------- */

static void test_kernel(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);
	int *result = subject.features.result;
	struct doctor_report report;

	assert_true(doctor_run(&subject, "kernel", &report) > 0);
	assert_int_equal(report.verdicts[DOCTOR_WARNING] + report.verdicts[DOCTOR_ERROR], 0);
	subject.kernel = "5.10.0-8-amd64";
	expect(&subject, "version", DOCTOR_WARNING, "Linux 5.10.0-8-amd64 is older than 6.1", NULL);
	result[FEATURE_OPENAT2] = -ENOSYS;
	expect(&subject, "calls", DOCTOR_ERROR, "openat2 is refused (function not implemented)", NULL);
	result[FEATURE_OVERLAY] = -ENODEV;
	expect(&subject, "overlay", DOCTOR_ERROR, "the kernel does not know overlay",
		"modprobe overlay && mkdir -p /etc/modules-load.d && echo overlay >/etc/modules-load.d/bivy-overlay.conf");
	result[FEATURE_OVERLAY] = -EPERM;
	expect(&subject, "overlay", DOCTOR_ERROR, "Linux 5.11", NULL);
	result[FEATURE_VETH] = -EOPNOTSUPP;
	expect(&subject, "bridge", DOCTOR_WARNING, "the kernel does not know a veth",
		"modprobe veth && mkdir -p /etc/modules-load.d && echo veth >/etc/modules-load.d/bivy-veth.conf");
	result[FEATURE_BRIDGE] = -EPERM;
	expect(&subject, "bridge", DOCTOR_WARNING, "a bridge does not work: operation not permitted", NULL);
	result[FEATURE_NFT_FIB] = -ENOENT;
	expect(&subject, "nf_tables", DOCTOR_WARNING, "the kernel does not know what rules ask of routes (fib)",
		"modprobe nft_fib_inet && mkdir -p /etc/modules-load.d && echo nft_fib_inet >/etc/modules-load.d/bivy-nft_fib_inet.conf");
	result[FEATURE_NF_TABLES] = FEATURE_NOT_TRIED;
	expect(&subject, "nf_tables", DOCTOR_NOTE, "was not tried", NULL);
	result[FEATURE_PROCFS] = -EPERM;
	expect(&subject, "procfs", DOCTOR_ERROR, "systempaths=unconfined", NULL);
	result[FEATURE_LANDLOCK] = -EOPNOTSUPP;
	expect(&subject, "landlock", DOCTOR_NOTE, "add landlock to lsm=", NULL);
	result[FEATURE_LANDLOCK] = -ENOSYS;
	expect(&subject, "landlock", DOCTOR_NOTE, "the kernel has none", NULL);
	result[FEATURE_SECCOMP_NOTIFY] = -EOPNOTSUPP;
	expect(&subject, "seccomp", DOCTOR_NOTE, "tell no other process", NULL);
	result[FEATURE_SECCOMP] = -EINVAL;
	expect(&subject, "seccomp", DOCTOR_ERROR, "CONFIG_SECCOMP_FILTER", NULL);
	result[FEATURE_TIME_NAMESPACE] = -EINVAL;
	expect(&subject, "namespaces", DOCTOR_NOTE, "no time namespace", NULL);
	result[FEATURE_NETWORK_NAMESPACE] = -ENOSPC;
	expect(&subject, "namespaces", DOCTOR_ERROR, "user.max_net_namespaces is too low", doctor_set_sysctl(&subject, "user.max_net_namespaces", "65536"));
	put("/sys/fs/selinux/enforce", "1");
	expect(&subject, "security-modules", DOCTOR_NOTE, "SELinux enforces", NULL);
	expect(&subject, "loop", DOCTOR_NOTE, "there is no /dev/loop-control",
		"modprobe loop && mkdir -p /etc/modules-load.d && echo loop >/etc/modules-load.d/bivy-loop.conf");
	put("/dev/loop-control", "");
	expect_fine(&subject, "loop");
}

static void test_user_namespaces(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	expect_fine(&subject, "user-namespaces");
	subject.features.result[FEATURE_USER_NAMESPACE] = -EACCES;
	expect(&subject, "user-namespaces", DOCTOR_ERROR, "none can be made (permission denied)", NULL);
	put("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
	put_program("/usr/bin/sudo");
	expect(&subject, "user-namespaces", DOCTOR_ERROR, "AppArmor",
		"sudo sh -c 'printf \"%s\\n\" \"abi <abi/4.0>,\" \"include <tunables/global>\" \"profile bivy /usr/bin/{,../libexec/bivy/}bivy{,-*} "
		"flags=(unconfined) {\" \"  userns,\" \"}\" >/etc/apparmor.d/bivy && apparmor_parser -r /etc/apparmor.d/bivy'");
	put("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
	expect(&subject, "user-namespaces", DOCTOR_ERROR, "kernel.unprivileged_userns_clone is 0", doctor_set_sysctl(&subject, "kernel.unprivileged_userns_clone", "1"));
	put("/proc/sys/user/max_user_namespaces", "0\n");
	expect(&subject, "user-namespaces", DOCTOR_ERROR, "user.max_user_namespaces is 0",
		"sudo sh -c 'mkdir -p /etc/sysctl.d && echo \"user.max_user_namespaces = 65536\" >/etc/sysctl.d/60-bivy-max_user_namespaces.conf && "
		"sysctl -q -p /etc/sysctl.d/60-bivy-max_user_namespaces.conf'");
}

static void test_modules(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000), root = healthy(arena, 0);

	put_program("/usr/bin/sudo");
	assert_int_equal(examine(&subject, "modules").count, 0);
	put("/proc/sys/kernel/modprobe", "/sbin/modprobe\n");
	expect(&subject, "modules", DOCTOR_OK, "what is needed is there", NULL);
	subject.features.result[FEATURE_NFT_SOCKET] = root.features.result[FEATURE_NFT_SOCKET] = -ENOENT;
	expect(&root, "modules", DOCTOR_OK, "what is needed is there", NULL);
	expect(&subject, "modules", DOCTOR_WARNING, "none can be loaded from here: there is no /lib/modules/6.12.1;", NULL);
	make("/lib/modules/6.13.0", 0755);
	expect(&subject, "modules", DOCTOR_WARNING, "none can be loaded: there is no /lib/modules/6.12.1", "sudo reboot");
	assert_true(examine(&subject, "modules").findings[0].is_by_hand);
	make("/lib/modules/6.12.1", 0755);
	expect(&subject, "modules", DOCTOR_OK, "can be loaded", NULL);
	put("/proc/sys/kernel/modules_disabled", "1\n");
	expect(&subject, "modules", DOCTOR_WARNING, "kernel.modules_disabled is 1", NULL);
}

static void test_nft_socket(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);
	static const char line[] =
		"sudo sh -c 'modprobe nft_socket && mkdir -p /etc/modules-load.d && echo nft_socket >/etc/modules-load.d/bivy-nft_socket.conf'";

	put_program("/usr/bin/sudo");
	expect_fine(&subject, "nft_socket");
	subject.features.result[FEATURE_NFT_SOCKET] = -ENOENT;
	expect(&subject, "nft_socket", DOCTOR_NOTE, "after more than a minute's silence", line);
	subject.features.result[FEATURE_NFT_FIB] = -ENOENT;
	expect(&subject, "nft_socket", DOCTOR_WARNING, "look like the gateway", line);
	subject.features.result[FEATURE_NFT_SOCKET] = -EPERM;
	expect(&subject, "nft_socket", DOCTOR_WARNING, "operation not permitted", NULL);
	subject.features.result[FEATURE_NFT_SOCKET] = FEATURE_NOT_TRIED;
	expect(&subject, "nft_socket", DOCTOR_NOTE, "was not tried", NULL);
}

static void test_tun(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	put_program("/usr/bin/sudo");
	expect(&subject, "tun", DOCTOR_WARNING, "there is no /dev/net/tun", "sudo sh -c 'modprobe tun; mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200'");
	put_mode("/dev/net/tun", "", 0600);
	expect(&subject, "tun", DOCTOR_WARNING, "mode 600", "sudo chmod 666 /dev/net/tun");
	put_mode("/dev/net/tun", "", 0666);
	expect_fine(&subject, "tun");
}

/* ---- cgroups ----------------------------------------------------------------------------------------- */

static void set_cgroups(struct doctor_subject *subject, const char *mountinfo, const char *membership)
{
	cgroup_world_done(&subject->cgroups);
	subject->cgroups = (struct cgroup_world){ .count = 0 };
	assert_int_equal(cgroup_world_parse(mountinfo, membership, "", &subject->cgroups), 0);
}

static void test_cgroups_missing(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);

	expect(&subject, "hierarchy", DOCTOR_ERROR, "no cgroup hierarchy", "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	set_cgroups(&subject, "30 20 0:26 / /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n", "5:pids:/\n");
	expect(&subject, "hierarchy", DOCTOR_WARNING, "is read-only", "mount -o remount,rw /sys/fs/cgroup/pids");
	expect(&subject, "controllers", DOCTOR_WARNING, "cgroup_enable=memory", NULL);
	expect(&subject, "controllers", DOCTOR_NOTE, "no controller cpuset", NULL);
}

static const char two[] = "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
static const char session[] = "0::/user.slice/user-1.slice/session-2.scope\n";

static void test_delegation_by_systemd(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1);
	static const char line[] = "sudo sh -c 'mkdir -p /etc/systemd/system/user@.service.d && printf \"[Service]\\nDelegate=cpu cpuset io memory pids\\n\" "
				   ">/etc/systemd/system/user@.service.d/bivy.conf && systemctl daemon-reload'";

	put_program("/usr/bin/sudo");
	make("/run/systemd/system", 0755);
	make("/sys/fs/cgroup/user.slice/user-1.slice/session-2.scope", 0555);
	set_cgroups(&subject, two, session);
	expect(&subject, "delegation", DOCTOR_WARNING, "no group is ours", line);
	/* The files are this process's. */
	subject.uid = geteuid();
	make("/sys/fs/cgroup/user.slice/user-1.slice/session-2.scope", 0755);
	put("/sys/fs/cgroup/user.slice/user-1.slice/session-2.scope/cgroup.controllers", "memory pids\n");
	if (subject.uid == 0)
		return; /* of root nobody asks it */
	expect(&subject, "delegation", DOCTOR_WARNING, "without cpu cpuset io", line);
	put("/sys/fs/cgroup/user.slice/user-1.slice/session-2.scope/cgroup.controllers", "cpuset cpu io memory pids misc\n");
	expect_fine(&subject, "delegation");
}

static void test_delegation_by_hand(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1);

	set_cgroups(&subject, "30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 20 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n",
		"5:memory:/\n4:cpuset:/\n");
	expect(&subject, "delegation", DOCTOR_WARNING, "no group is ours",
		"su -c \"sh -c 'mkdir -p /sys/fs/cgroup/memory/anna && chown -R anna /sys/fs/cgroup/memory/anna && echo \\$0 >/sys/fs/cgroup/memory/anna/cgroup.procs' $$\"");
	assert_true(examine(&subject, "delegation").findings[0].is_by_hand);
	put_program("/usr/bin/sudo");
	expect(&subject, "delegation", DOCTOR_WARNING, "no group is ours",
		"sudo sh -c 'mkdir -p /sys/fs/cgroup/memory/anna && chown -R anna /sys/fs/cgroup/memory/anna && echo $0 >/sys/fs/cgroup/memory/anna/cgroup.procs' $$");
	make("/run/systemd/system", 0755);
	assert_non_null(strstr(examine(&subject, "delegation").findings[0].text, "systemd.unified_cgroup_hierarchy=1"));
}

/* ---- ids ------------------------------------------------------------------------------------------------ */

static void test_subordinate(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	put_program("/usr/bin/sudo");
	expect(&subject, "subordinate", DOCTOR_WARNING, "anna has no ids in /etc/subuid and /etc/subgid",
		"sudo sh -c 'echo anna:100000:65536 >>/etc/subuid && echo anna:100000:65536 >>/etc/subgid'");
	put_program("/usr/sbin/usermod");
	put("/etc/subuid", "ben:100000:65536\n");
	put("/etc/subgid", "ben:165536:65536\n");
	expect(&subject, "subordinate", DOCTOR_WARNING, "anna has no ids", "sudo usermod --add-subuids 231072-296607 --add-subgids 231072-296607 anna");
	put("/etc/subgid", "anna:200000:65536\n");
	expect(&subject, "subordinate", DOCTOR_WARNING, "in /etc/subuid:", "sudo usermod --add-subuids 296608-362143 anna");
	put("/etc/subuid", "1000:200000:1000\n");
	expect(&subject, "subordinate", DOCTOR_WARNING, "1000 users and 65536 groups", "sudo usermod --add-subuids 100000-165535 anna");
	put("/etc/subuid", "1000:200000:65536\n");
	expect_fine(&subject, "subordinate");
	put("/etc/nsswitch.conf", "passwd: files\nsubid:\tsss # of the house\n");
	expect(&subject, "subordinate", DOCTOR_NOTE, "ranges come from 'sss'", NULL);
}

static void test_overlaps(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	expect_fine(&subject, "overlaps");
	put("/etc/subuid", "anna:100000:65536\nben:165535:10\n");
	put("/etc/subgid", "nonsense\nben:536870912:65536\n");
	expect(&subject, "overlaps", DOCTOR_ERROR, "ids of ours from 100000 on are ben's, too", "su -c 'usermod --del-subuids 100000-165535 anna'");
	expect(&subject, "overlaps", DOCTOR_WARNING, "/etc/subgid: ben has ids from 536870912 on", "su -c 'usermod --del-subgids 536870912-536936447 ben'");
	expect(&subject, "overlaps", DOCTOR_NOTE, "/etc/subgid: line 1 is no OWNER:FIRST:COUNT", "su -c 'sed -i 1d /etc/subgid'");
}

static void test_helpers(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	put_program("/usr/bin/newuidmap");
	put_program("/usr/bin/newgidmap");
	expect(&subject, "helpers", DOCTOR_WARNING, "/usr/bin/newuidmap is neither setuid root", "su -c 'chmod u+s /usr/bin/newuidmap'");
	put_mode("/usr/bin/newuidmap", "", 04755);
	expect(&subject, "helpers", DOCTOR_WARNING, "/usr/bin/newgidmap is neither setuid root", "su -c 'chmod u+s /usr/bin/newgidmap'");
	put_mode("/usr/bin/newgidmap", "", 04755);
	expect_fine(&subject, "helpers");
	subject.has_no_new_privileges = true;
	expect(&subject, "helpers", DOCTOR_WARNING, "no_new_privs", NULL);
}

/* ---- packages ------------------------------------------------------------------------------------------------ */

static void test_packages(void **state _unused_)
{
	static const struct {
		const char *release, *dnsmasq, *newuidmap;
	} cases[] = {
		{ "ID=debian\n", "apt-get install -y dnsmasq-base", "apt-get install -y uidmap" },
		{ "NAME=x\nID=\"mine\"\nID_LIKE=\"strange ubuntu\"\n", "apt-get install -y dnsmasq-base", "apt-get install -y uidmap" },
		{ "ID=fedora\n", "dnf install -y dnsmasq", "dnf install -y shadow-utils" },
		{ "ID=\"opensuse-leap\"\n", "zypper -n install dnsmasq", "zypper -n install shadow" },
		{ "ID=alpine\n", "apk add dnsmasq", "apk add shadow-subids" },
		{ "ID=arch\n", "pacman -S --noconfirm --needed dnsmasq", "pacman -S --noconfirm --needed shadow" },
		{ "ID=another\n", NULL, NULL },
	};

	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put("/etc/os-release", cases[i].release);
		expect(&subject, "programs", DOCTOR_WARNING, "no dnsmasq", cases[i].dnsmasq ? doctor_as_root(&subject, cases[i].dnsmasq) : NULL);
		expect(&subject, "programs", DOCTOR_WARNING, "no newuidmap", cases[i].newuidmap ? doctor_as_root(&subject, cases[i].newuidmap) : NULL);
	}
	expect(&subject, "programs", DOCTOR_WARNING, "no pasta and no slirp4netns", NULL);
	expect(&subject, "programs", DOCTOR_WARNING, "list of certificate authorities", NULL);
	expect(&subject, "programs", DOCTOR_NOTE, "no git", NULL);
	put_program("/usr/sbin/dnsmasq");
	put_program("/usr/bin/newuidmap");
	put_program("/usr/bin/slirp4netns");
	put_program("/usr/bin/git");
	put("/etc/ssl/certs/ca-certificates.crt", "");
	expect_fine(&subject, "programs");
	expect(&subject, "own", DOCTOR_ERROR, "no bivy-runtime, bivy-init, bivy-transfer, bivy-builder", NULL);
}

/* ---- places ----------------------------------------------------------------------------------------------------- */

static void test_runtime_directory(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	expect(&subject, "runtime-directory", DOCTOR_NOTE, "kept in /tmp/bivy-1000", NULL);
	make("/run/systemd/system", 0755);
	expect(&subject, "runtime-directory", DOCTOR_WARNING, "/run/user/1000 is not there", "su -c 'loginctl enable-linger anna'");
	subject.runtime_directory = "/run/user/1000";
	expect(&subject, "runtime-directory", DOCTOR_ERROR, "which is no directory", "su -c 'install -d -m 700 -o anna /run/user/1000'");
	make("/run/user/1000", 0755);
	subject.uid = geteuid() + 1;
	expect(&subject, "runtime-directory", DOCTOR_ERROR, "as after su", arena_printf(arena, "export XDG_RUNTIME_DIR=/run/user/%u", geteuid() + 1));
	if (geteuid() == 0)
		return; /* of root nobody asks it */
	subject.uid = geteuid();
	expect(&subject, "runtime-directory", DOCTOR_WARNING, "mode 755", "chmod 700 /run/user/1000");
	make("/run/user/1000", 0700);
	expect_fine(&subject, "runtime-directory");
}

static void test_ownership(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, geteuid());

	expect_fine(&subject, "ownership");
	make("/data/bivy", 0777);
	expect(&subject, "ownership", DOCTOR_ERROR, "others can write to /data/bivy (mode 777)", "chmod go-w /data/bivy");
	make("/data/bivy", 0700);
	expect_fine(&subject, "ownership");
	subject.uid = geteuid() + 1;
	expect(&subject, "ownership", DOCTOR_ERROR, "not ours", doctor_as_root(&subject, arena_printf(arena, "chown -h %s /data/bivy", subject.user)));
}

static void test_file_system(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);

	subject.idmapped = -EINVAL;
	expect(&subject, "file-system", DOCTOR_WARNING, "cannot be mounted with its owners mapped (invalid argument)", NULL);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static void test_settings(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);
	struct doctor_report report;

	assert_true(doctor_run(&subject, "settings", &report) > 0);
	assert_int_equal(report.verdicts[DOCTOR_WARNING] + report.verdicts[DOCTOR_NOTE], 0);
	put("/proc/sys/kernel/keys/maxkeys", "20\n");
	expect(&subject, "numbers", DOCTOR_WARNING, "kernel.keys.maxkeys is 20", doctor_set_sysctl(&subject, "kernel.keys.maxkeys", "2000"));
	put("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024\n");
	expect(&subject, "ports", DOCTOR_NOTE, "ports below 1024", doctor_set_sysctl(&subject, "net.ipv4.ip_unprivileged_port_start", "80"));
	put("/proc/sys/net/ipv4/ping_group_range", "1\t0\n");
	expect(&subject, "ping", DOCTOR_NOTE, "group 1000 may not", doctor_set_sysctl(&subject, "net.ipv4.ping_group_range", "0 2147483647"));
	put("/proc/sys/net/ipv4/ping_group_range", "0\t2147483647\n");
	expect_fine(&subject, "ping");
	put("/proc/sys/vm/overcommit_memory", "2\n");
	expect(&subject, "memory", DOCTOR_NOTE, "vm.overcommit_memory is 2", doctor_set_sysctl(&subject, "vm.overcommit_memory", "0"));
	subject.processes = 100;
	expect(&subject, "limits", DOCTOR_WARNING, "100 processes", doctor_as_root(&subject,
		"mkdir -p /etc/security/limits.d && echo \"anna - nproc 65536\" >/etc/security/limits.d/60-bivy-anna-nproc.conf"));
	subject.open_files = 256;
	expect(&subject, "limits", DOCTOR_WARNING, "256 files can be open", "ulimit -n 1024");
	subject.open_files_hard = 1024;
	expect(&subject, "limits", DOCTOR_WARNING, "1024 files can be open at most", doctor_as_root(&subject,
		"mkdir -p /etc/security/limits.d && echo \"anna - nofile 524288\" >/etc/security/limits.d/60-bivy-anna-nofile.conf"));
}

/* ---- networks ------------------------------------------------------------------------------------------------------ */

static void test_network(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);
	static const char head[] = "  sl  local_address rem_address   st\n";

	put("/proc/net/udp", arena_printf(arena, "%s  12: 0100007F:0035 00000000:0000 07\n  13: 00000000:0044 00000000:0000 07\n", head));
	expect_fine(&subject, "name-servers");
	put("/proc/net/udp6", arena_printf(arena, "%s  12: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07\n", head));
	expect(&subject, "name-servers", DOCTOR_WARNING, "port 53 of all addresses", "ss -lunp sport = :53");
	make("/etc/dnsmasq.d", 0755);
	expect(&subject, "name-servers", DOCTOR_WARNING, "dnsmasq perhaps", "echo bind-dynamic >/etc/dnsmasq.d/bivy.conf && systemctl restart dnsmasq");
	put("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
	expect(&subject, "bridge-filter", DOCTOR_NOTE, "bridge-nf-call-iptables", doctor_set_sysctl(&subject, "net.bridge.bridge-nf-call-iptables", "0"));
	make("/sys/class/net/docker0", 0755);
	expect(&subject, "other-engines", DOCTOR_NOTE, "docker0 is left of Docker", "ip link delete docker0");
	put_program("/usr/bin/dockerd");
	expect_fine(&subject, "other-engines");
}

/* ---- state ------------------------------------------------------------------------------------------------------------ */

static void test_clock(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);

	expect_fine(&subject, "clock");
	subject.now = 5;
	expect(&subject, "clock", DOCTOR_WARNING, "it is 1970-01-01T00:00:05Z", NULL);
	make("/run/systemd/system", 0755);
	expect(&subject, "clock", DOCTOR_WARNING, "it is 1970", "timedatectl set-ntp true");
}

static void test_linger(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 1000);

	assert_int_equal(examine(&subject, "linger").count, 0);
	make("/run/systemd/system", 0755);
	expect(&subject, "linger", DOCTOR_NOTE, "at the last logout containers end", "loginctl enable-linger");
	put("/var/lib/systemd/linger/anna", "");
	expect_fine(&subject, "linger");
}

/* Records are read where they really are. */
static void test_boot(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);
	const struct directories directories = scratch_directories();
	const struct spec_container always = { .host.restart_policy = (char *)"always" };

	subject.directories = &directories;
	expect_fine(&subject, "boot");
	scratch_put_id("web", scratch_id(arena, 'a'), &always);
	expect(&subject, "boot", DOCTOR_WARNING, "containers have restart policies (1, such as web), but nothing starts them at boot: have it call", NULL);
	make("/run/openrc", 0755);
	expect(&subject, "boot", DOCTOR_WARNING, "OpenRC can",
		arena_printf(arena, "/usr/bin/bivy --root %s --run-root %s system start --install", directories.root, directories.run_root));
	make("/run/systemd/system", 0755);
	assert_non_null(strstr(examine(&subject, "boot").findings[0].text, "systemd can"));
}

/* Of the kernel's table what is about our objects, with who they are. */
static void test_waits(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_doctor_subject_ struct doctor_subject subject = healthy(arena, 0);
	const char *object = "/data/bivy/containers/abc";
	struct stat status;
	char id[64];

	make(object, 0700);
	assert_int_equal(stat(place(arena, object), &status), 0);
	snprintf(id, sizeof id, "%02x:%02x:%llu", major(status.st_dev), minor(status.st_dev), (unsigned long long)status.st_ino);
	put("/proc/locks", arena_printf(arena, "1: FLOCK  ADVISORY  WRITE 12 %s 0 EOF\n", id));
	assert_string_equal(examine(&subject, "waits").findings[0].text, "nobody waits for a lock (1 are held)");
	put("/proc/12/cmdline", "bivy");
	put("/proc/locks", arena_printf(arena, "1: FLOCK  ADVISORY  WRITE 12 %s 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 13 %s 0 EOF\n"
		"2: FLOCK  ADVISORY  WRITE 14 00:00:1 0 EOF\n", id, id));
	expect(&subject, "waits", DOCTOR_NOTE, "container abc: locked by process 12 (bivy) for 0 s at most; 1 waits for it without a limit: process 13 ()", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_table),
		SCRATCH_TEST(test_refused),
		SCRATCH_TEST(test_lines),
		SCRATCH_TEST(test_kernel),
		SCRATCH_TEST(test_user_namespaces),
		SCRATCH_TEST(test_modules),
		SCRATCH_TEST(test_nft_socket),
		SCRATCH_TEST(test_tun),
		SCRATCH_TEST(test_cgroups_missing),
		SCRATCH_TEST(test_delegation_by_systemd),
		SCRATCH_TEST(test_delegation_by_hand),
		SCRATCH_TEST(test_subordinate),
		SCRATCH_TEST(test_overlaps),
		SCRATCH_TEST(test_helpers),
		SCRATCH_TEST(test_packages),
		SCRATCH_TEST(test_runtime_directory),
		SCRATCH_TEST(test_ownership),
		SCRATCH_TEST(test_file_system),
		SCRATCH_TEST(test_settings),
		SCRATCH_TEST(test_network),
		SCRATCH_TEST(test_clock),
		SCRATCH_TEST(test_linger),
		SCRATCH_TEST(test_boot),
		SCRATCH_TEST(test_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
