/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: what the kernel is, and what it lets us do. */
#include "engine/doctor_subject.h"

#include <inttypes.h>

#define FLOOR_MAJOR 6u /* HACKING.md, "What is asked of the kernel" */
#define FLOOR_MINOR 1u

static void check_version(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	unsigned major = 0, minor = 0;

	if (sscanf(subject->kernel, "%u.%u", &major, &minor) == 2 && (major < FLOOR_MAJOR || (major == FLOOR_MAJOR && minor < FLOOR_MINOR)))
		doctor_say(out, DOCTOR_WARNING, NULL, "Linux %s is older than %u.%u, the oldest that is tested: boot a later one", subject->kernel, FLOOR_MAJOR,
			FLOOR_MINOR);
	else
		doctor_say(out, DOCTOR_OK, NULL, "Linux %s", subject->kernel);
}

static void check_calls(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct {
		enum feature feature;
		const char *name, *since;
	} calls[] = {
		{ FEATURE_OPENAT2,              "openat2",       "5.6" },
		{ FEATURE_CLONE3,               "clone3",        "5.3" },
		{ FEATURE_PIDFD,                "pidfd_open",    "5.3" },
		{ FEATURE_CLOSE_RANGE,          "close_range",   "5.9" },
		{ FEATURE_MOUNTS_BY_DESCRIPTOR, "open_tree",     "5.2" },
		{ FEATURE_MOUNT_SETATTR,        "mount_setattr", "5.12" },
	};
	bool is_missing = false;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int result = subject->features.result[calls[i].feature];

		if (result == 0)
			continue;
		is_missing = true;
		doctor_say(out, DOCTOR_ERROR, NULL, "the system call %s is refused (%s): the kernel is older than %s, or a filter of system calls around us forbids it",
			calls[i].name, error_words(-result), calls[i].since);
	}
	if (!is_missing)
		doctor_say(out, DOCTOR_OK, NULL, "all that is needed is there");
}

/* ---- user namespaces ------------------------------------------------------------------ */

/* A profile that lets our programs have what AppArmor keeps from others: apparmor.d(5), "userns". */
static const char *allow_by_apparmor(const struct doctor_subject *subject)
{
	char *directory = arena_strdup(subject->arena, subject->program), *slash = strrchr(directory, '/');
	const char *text;

	if (slash)
		*slash = '\0';
	text = arena_printf(subject->arena,
		"printf \"%%s\\n\" \"abi <abi/4.0>,\" \"include <tunables/global>\" "
		"\"profile bivy %s/{,../libexec/bivy/}bivy{,-*} flags=(unconfined) {\" \"  userns,\" \"}\" >/etc/apparmor.d/bivy && apparmor_parser -r /etc/apparmor.d/bivy",
		directory);
	return doctor_as_root(subject, text);
}

static void check_user_namespaces(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const int result = subject->features.result[FEATURE_USER_NAMESPACE];

	if (result == 0) {
		doctor_say(out, DOCTOR_OK, NULL, "they can be made");
		return;
	}
	if (doctor_read_number(subject, "/proc/sys/user/max_user_namespaces") == 0)
		doctor_say(out, DOCTOR_ERROR, doctor_set_sysctl(subject, "user.max_user_namespaces", "65536"),
			"nobody may make one: user.max_user_namespaces is 0");
	else if (subject->uid != 0 && doctor_read_number(subject, "/proc/sys/kernel/unprivileged_userns_clone") == 0)
		doctor_say(out, DOCTOR_ERROR, doctor_set_sysctl(subject, "kernel.unprivileged_userns_clone", "1"),
			"ordinary users may make none: kernel.unprivileged_userns_clone is 0");
	else if (subject->uid != 0 && doctor_read_number(subject, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
		doctor_say(out, DOCTOR_ERROR, allow_by_apparmor(subject),
			"AppArmor keeps them from programs without a profile that allows it: kernel.apparmor_restrict_unprivileged_userns is 1");
	else if (result == -ENOSPC)
		doctor_say(out, DOCTOR_ERROR, doctor_set_sysctl(subject, "user.max_user_namespaces", "65536"), "there are too many of them already, or they are nested too deep");
	else
		doctor_say(out, DOCTOR_ERROR, NULL, "none can be made (%s): in a container, its engine has to allow it; in a chroot, nothing can",
			error_words(-result));
}

/* ---- parts that may be modules --------------------------------------------------------- */

struct part {
	enum feature feature;
	const char *what, *module;
	enum doctor_verdict verdict; /* without it */
};

static bool is_unknown(const struct doctor_subject *subject, enum feature feature)
{
	const int result = subject->features.result[feature];

	return result == -ENODEV || result == -EOPNOTSUPP || result == -EPROTONOSUPPORT || result == -ENOENT;
}

static void check_part(const struct doctor_subject *subject, const struct part *part, struct doctor_outcome *out)
{
	const int result = subject->features.result[part->feature];

	if (result == 0)
		doctor_say(out, DOCTOR_OK, NULL, "%s works", part->what);
	else if (result == FEATURE_NOT_TRIED)
		doctor_say(out, DOCTOR_NOTE, NULL, "%s was not tried: what it needs is missing", part->what);
	else if (is_unknown(subject, part->feature))
		doctor_say(out, part->verdict, doctor_load_module(subject, part->module), "the kernel does not know %s: its module %s is not loaded, or not there",
			part->what, part->module);
	else
		doctor_say(out, part->verdict, NULL, "%s does not work: %s", part->what, error_words(-result));
}

static void check_overlay(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct part part = { FEATURE_OVERLAY, "overlay", "overlay", DOCTOR_ERROR };

	if (subject->features.result[FEATURE_OVERLAY] == -EPERM)
		doctor_say(out, DOCTOR_ERROR, NULL, "overlay cannot be mounted in a user namespace: that takes Linux 5.11");
	else
		check_part(subject, &part, out);
}

static void check_bridge(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct part parts[] = {
		{ FEATURE_BRIDGE, "a bridge", "bridge", DOCTOR_WARNING },
		{ FEATURE_VETH,   "a veth",   "veth",   DOCTOR_WARNING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		check_part(subject, &parts[i], out);
}

static void check_nf_tables(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct part part = { FEATURE_NF_TABLES, "nf_tables with NAT", "nft_chain_nat", DOCTOR_WARNING };
	static const struct part rules[] = {
		{ FEATURE_NFT_CT,   "what rules ask of connections (ct)", "nft_ct",       DOCTOR_WARNING },
		{ FEATURE_NFT_FIB,  "what rules ask of routes (fib)",     "nft_fib_inet", DOCTOR_WARNING },
		{ FEATURE_NFT_NAT,  "translation to an address (nat)",    "nft_nat",      DOCTOR_WARNING },
		{ FEATURE_NFT_MASQ, "translation to our own (masq)",      "nft_masq",     DOCTOR_WARNING },
	};

	check_part(subject, &part, out);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (subject->features.result[rules[i].feature] != 0 && subject->features.result[FEATURE_NF_TABLES] == 0)
			check_part(subject, &rules[i], out);
}

/* net/forwarder_route.h */
static void check_nft_socket(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const int *result = subject->features.result;
	const char *fix = is_unknown(subject, FEATURE_NFT_SOCKET) ? doctor_load_module(subject, "nft_socket") : NULL;

	if (result[FEATURE_NFT_SOCKET] == 0)
		doctor_say(out, DOCTOR_OK, NULL, "containers see who asks at published ports");
	else if (result[FEATURE_NFT_SOCKET] == FEATURE_NOT_TRIED)
		doctor_say(out, DOCTOR_NOTE, NULL, "what rules ask of sockets was not tried: what it needs is missing");
	else if (result[FEATURE_NFT_CT] == 0 && result[FEATURE_NFT_FIB] == 0)
		doctor_say(out, DOCTOR_NOTE, fix, "rules cannot ask for sockets (module nft_socket: %s): what a published port answers after more than a minute's silence may be lost",
			error_words(-result[FEATURE_NFT_SOCKET]));
	else
		doctor_say(out, DOCTOR_WARNING, fix, "rules cannot ask for sockets (module nft_socket: %s): to containers all clients of published ports look like the gateway",
			error_words(-result[FEATURE_NFT_SOCKET]));
}

static void check_tun(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct part part = { FEATURE_TUN, "tun", "tun", DOCTOR_WARNING };
	struct stat status;

	if (!doctor_stat(subject, "/dev/net/tun", &status))
		doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, "modprobe tun; mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200"),
			"there is no /dev/net/tun, by which networks of users reach the host's");
	else if (subject->features.result[FEATURE_TUN] == -EACCES || (status.st_mode & 0666) != 0666)
		doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, "chmod 666 /dev/net/tun"), "/dev/net/tun is not for users (mode %03o)",
			(unsigned)status.st_mode & 0777);
	else
		check_part(subject, &part, out);
}

static void check_loop(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	if (doctor_exists(subject, "/dev/loop-control"))
		doctor_say(out, DOCTOR_OK, NULL, "loop devices can be made");
	else
		doctor_say(out, DOCTOR_NOTE, doctor_load_module(subject, "loop"), "there is no /dev/loop-control: no volume has a size but where the file system keeps project quotas");
}

/* Modules are loaded when somebody asks for what is in them, users as well: modprobe(8) is called by the kernel. */
static void check_modules(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const enum feature of_all[] = { FEATURE_OVERLAY, FEATURE_BRIDGE, FEATURE_VETH, FEATURE_NF_TABLES, FEATURE_NFT_CT, FEATURE_NFT_FIB,
					       FEATURE_NFT_NAT, FEATURE_NFT_MASQ },
				  of_users[] = { FEATURE_NFT_SOCKET, FEATURE_TUN };
	const char *directory = arena_printf(subject->arena, "/lib/modules/%s", subject->kernel);
	bool is_missing = false;

	if (!doctor_exists(subject, "/proc/sys/kernel/modprobe"))
		return; /* CONFIG_MODULES */
	for (size_t i = 0; i < ARRAY_SIZE(of_all); i++)
		is_missing |= is_unknown(subject, of_all[i]);
	for (size_t i = 0; i < ARRAY_SIZE(of_users); i++)
		is_missing |= subject->uid != 0 && is_unknown(subject, of_users[i]);
	if (!is_missing)
		doctor_say(out, DOCTOR_OK, NULL, "what is needed is there");
	else if (doctor_read_number(subject, "/proc/sys/kernel/modules_disabled") > 0)
		doctor_say(out, DOCTOR_WARNING, NULL, "none can be loaded until the next boot: kernel.modules_disabled is 1");
	else if (doctor_exists(subject, directory))
		doctor_say(out, DOCTOR_OK, NULL, "those of this kernel can be loaded");
	else if (doctor_exists(subject, "/lib/modules"))
		doctor_say_by_hand(out, DOCTOR_WARNING, doctor_as_root(subject, "reboot"), "none can be loaded: there is no %s, as when a kernel was upgraded and does not run yet",
			directory);
	else
		doctor_say(out, DOCTOR_WARNING, NULL, "none can be loaded from here: there is no %s; in a container, the host can", directory);
}

/* ---- what isolates ------------------------------------------------------------------------- */

static void check_namespaces(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct {
		enum feature feature;
		const char *name, *limit;
		enum doctor_verdict verdict;
	} kinds[] = {
		{ FEATURE_NETWORK_NAMESPACE, "network", "net",    DOCTOR_ERROR },
		{ FEATURE_CGROUP_NAMESPACE,  "cgroup",  "cgroup", DOCTOR_ERROR },
		{ FEATURE_TIME_NAMESPACE,    "time",    "time",   DOCTOR_NOTE },
	};
	bool is_missing = false;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const int result = subject->features.result[kinds[i].feature];
		const char *limit = arena_printf(subject->arena, "user.max_%s_namespaces", kinds[i].limit);

		if (result == 0 || result == FEATURE_NOT_TRIED)
			continue;
		is_missing = true;
		if (result == -ENOSPC)
			doctor_say(out, DOCTOR_ERROR, doctor_set_sysctl(subject, limit, "65536"), "no %s namespace can be made: %s is too low", kinds[i].name, limit);
		else
			doctor_say(out, kinds[i].verdict, NULL, "no %s namespace can be made: %s", kinds[i].name, error_words(-result));
	}
	if (!is_missing)
		doctor_say(out, DOCTOR_OK, NULL, "the kernel has all kinds");
}

static void check_procfs(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const int result = subject->features.result[FEATURE_PROCFS];

	if (result == 0)
		doctor_say(out, DOCTOR_OK, NULL, "containers can have one of their own");
	else if (result == -EPERM)
		doctor_say(out, DOCTOR_ERROR, NULL,
			"none can be mounted: something covers parts of /proc here, as engines do in their containers; with docker, --security-opt systempaths=unconfined");
	else if (result != FEATURE_NOT_TRIED)
		doctor_say(out, DOCTOR_ERROR, NULL, "none can be mounted: %s", error_words(-result));
}

static void check_seccomp(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	if (subject->features.result[FEATURE_SECCOMP] != 0)
		doctor_say(out, DOCTOR_ERROR, NULL, "the kernel has no filters of system calls (CONFIG_SECCOMP_FILTER): containers run with --security-opt seccomp=unconfined alone");
	else if (subject->features.result[FEATURE_SECCOMP_NOTIFY] != 0)
		doctor_say(out, DOCTOR_NOTE, NULL, "filters work, but tell no other process of calls (5.0): SCMP_ACT_NOTIFY is refused");
	else
		doctor_say(out, DOCTOR_OK, NULL, "filters work, with notification");
}

static void check_landlock(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const int result = subject->features.result[FEATURE_LANDLOCK];

	if (result == 0)
		doctor_say(out, DOCTOR_OK, NULL, "what reads strangers' bytes is confined by it");
	else if (result == -EOPNOTSUPP)
		doctor_say(out, DOCTOR_NOTE, NULL, "the kernel has it, but it is off: add landlock to lsm= of the kernel's command line (in use: %s)",
			subject->info.security_modules ? subject->info.security_modules : "unknown");
	else
		doctor_say(out, DOCTOR_NOTE, NULL, "the kernel has none (5.13): what reads strangers' bytes is confined by less");
}

static void check_security_modules(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	int64_t enforcing = doctor_read_number(subject, "/sys/fs/selinux/enforce");

	if (enforcing > 0)
		doctor_say(out, DOCTOR_NOTE, NULL, "SELinux enforces: directories of the host are for containers with ':z' or ':Z' behind a -v alone");
	else if (enforcing == 0)
		doctor_say(out, DOCTOR_OK, NULL, "SELinux is permissive");
	else if (str_equal(doctor_read(subject, "/sys/module/apparmor/parameters/enabled"), "Y"))
		doctor_say(out, DOCTOR_OK, NULL, "AppArmor");
	else
		doctor_say(out, DOCTOR_OK, NULL, "neither SELinux nor AppArmor");
}

static const struct doctor_check checks[] = {
	{ "version",          "the floor is Linux 6.1",                                      DOCTOR_ALL,  check_version },
	{ "modules",          "parts of the kernel that are loaded when they are needed",    DOCTOR_ALL,  check_modules },
	{ "calls",            "every container takes them",                                 DOCTOR_ALL,  check_calls },
	{ "user-namespaces",  "a container's root is nobody on the host",                   DOCTOR_ALL,  check_user_namespaces },
	{ "namespaces",       "what else isolates containers",                              DOCTOR_ALL,  check_namespaces },
	{ "overlay",          "images are layers over each other",                          DOCTOR_ALL,  check_overlay },
	{ "procfs",           "/proc of containers",                                        DOCTOR_ALL,  check_procfs },
	{ "seccomp",          "containers make no dangerous system calls",                  DOCTOR_ALL,  check_seccomp },
	{ "landlock",         "programs that read strangers' bytes write nowhere else",     DOCTOR_ALL,  check_landlock },
	{ "security-modules", "rules of the host's that containers are under, too",         DOCTOR_ALL,  check_security_modules },
	{ "bridge",           "networks",                                                   DOCTOR_ALL,  check_bridge },
	{ "nf_tables",        "published ports, and ways out of networks",                  DOCTOR_ALL,  check_nf_tables },
	{ "loop",             "volumes with a size are files that are mounted",              DOCTOR_ROOT, check_loop },
	{ "nft_socket",       "published ports of users: answers come back by it",           DOCTOR_USER, check_nft_socket },
	{ "tun",              "networks of users reach the host's by it",                   DOCTOR_USER, check_tun },
};

const struct doctor_group doctor_kernel = { "kernel", checks, ARRAY_SIZE(checks) };
