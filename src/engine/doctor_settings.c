/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: settings of the kernel, and limits of who asks, that containers run into. */
#include "engine/doctor_subject.h"

#include <inttypes.h>
#include <sys/resource.h>

/* Settings that are numbers, and too small below some value. */
struct least {
	const char *name;
	int64_t least, better;
	enum doctor_verdict verdict; /* if it is less */
	const char *effect;
};

static void check_least(const struct doctor_subject *subject, const struct least *list, size_t count, struct doctor_outcome *out)
{
	bool is_low = false;

	for (size_t i = 0; i < count; i++) {
		char *path = arena_printf(subject->arena, "/proc/sys/%s", list[i].name);
		int64_t value;

		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			*c = *c == '.' ? '/' : *c;
		value = doctor_read_number(subject, path);
		if (value < 0 || value >= list[i].least)
			continue;
		is_low = true;
		doctor_say(out, list[i].verdict, doctor_set_sysctl(subject, list[i].name, arena_printf(subject->arena, "%" PRId64, list[i].better)), "%s is %" PRId64 ": %s",
			list[i].name, value, list[i].effect);
	}
	if (!is_low)
		doctor_say(out, DOCTOR_OK, NULL, "as high as many containers need");
}

static void check_numbers(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct least of_root[] = {
		{ "fs.inotify.max_user_instances", 256, 1024, DOCTOR_NOTE, "too few watch files in many containers (\"too many open files\")" },
		{ "fs.inotify.max_user_watches", 65536, 524288, DOCTOR_NOTE, "too few files can be watched (\"no space left on device\")" },
		{ "kernel.keys.root_maxkeys", 1000, 1000000, DOCTOR_WARNING, "each container takes a keyring, so no more than that can run" },
		{ "kernel.pid_max", 32768, 4194304, DOCTOR_NOTE, "so many processes and threads can be at once" },
		{ "vm.max_map_count", 65530, 262144, DOCTOR_NOTE, "databases and Java programs want more" },
	};
	static const struct least of_users[] = {
		{ "fs.inotify.max_user_instances", 256, 1024, DOCTOR_NOTE, "too few watch files in many containers (\"too many open files\")" },
		{ "fs.inotify.max_user_watches", 65536, 524288, DOCTOR_NOTE, "too few files can be watched (\"no space left on device\")" },
		{ "kernel.keys.maxkeys", 200, 2000, DOCTOR_WARNING, "each container takes a keyring, so no more than that can run" },
	};

	if (subject->uid == 0)
		check_least(subject, of_root, ARRAY_SIZE(of_root), out);
	else
		check_least(subject, of_users, ARRAY_SIZE(of_users), out);
}

/* ---- networks -------------------------------------------------------------------------- */

static void check_ports(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	int64_t first = doctor_read_number(subject, "/proc/sys/net/ipv4/ip_unprivileged_port_start");

	if (first > 80)
		doctor_say(out, DOCTOR_NOTE, doctor_set_sysctl(subject, "net.ipv4.ip_unprivileged_port_start", "80"),
			"ports below %" PRId64 " cannot be published by users (net.ipv4.ip_unprivileged_port_start)", first);
	else if (first >= 0)
		doctor_say(out, DOCTOR_OK, NULL, "from %" PRId64 " on", first);
}

/* icmp(7): sockets of kind IPPROTO_ICMP are for members of these groups. */
static void check_ping(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const char *text = doctor_read(subject, "/proc/sys/net/ipv4/ping_group_range");
	uint64_t first, last;

	if (!text || sscanf(text, "%" SCNu64 " %" SCNu64, &first, &last) != 2)
		return;
	if (first <= subject->gid && subject->gid <= last)
		doctor_say(out, DOCTOR_OK, NULL, "group %u may", subject->gid);
	else
		doctor_say(out, DOCTOR_NOTE, doctor_set_sysctl(subject, "net.ipv4.ping_group_range", "0 2147483647"),
			"group %u may not (net.ipv4.ping_group_range): containers cannot ping what is outside", subject->gid);
}

static void check_forwarding(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	int64_t value = doctor_read_number(subject, "/proc/sys/net/ipv4/ip_forward");

	if (value > 0)
		doctor_say(out, DOCTOR_OK, NULL, "the host forwards");
	else if (value == 0 && subject->is_live && faccessat(subject->host_fd, "proc/sys/net/ipv4/ip_forward", W_OK, 0) < 0)
		doctor_say(out, DOCTOR_WARNING, NULL, "net.ipv4.ip_forward is 0, and /proc/sys cannot be written to: no network leads out");
	else if (value == 0)
		doctor_say(out, DOCTOR_OK, NULL, "net.ipv4.ip_forward is 0 until the first network needs it");
}

/* ---- memory --------------------------------------------------------------------------------- */

static void check_memory(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	/* proc_sys_vm(5): 2 counts what is reserved, not what is used. */
	if (doctor_read_number(subject, "/proc/sys/vm/overcommit_memory") == 2)
		doctor_say(out, DOCTOR_NOTE, doctor_set_sysctl(subject, "vm.overcommit_memory", "0"),
			"vm.overcommit_memory is 2: programs that reserve much fail in containers (Go, Java, databases), whatever --memory says");
	else
		doctor_say(out, DOCTOR_OK, NULL, "what is reserved is not counted");
}

/* ---- limits ------------------------------------------------------------------------------------ */

#define FEW_FILES 1024u
#define FEW_FILES_HARD 4096u
#define FEW_PROCESSES 4096u

/* pam_limits(8) reads it at the next login. */
static const char *raise_limit(const struct doctor_subject *subject, const char *item, const char *value)
{
	return doctor_as_root(subject, arena_printf(subject->arena, "mkdir -p /etc/security/limits.d && echo \"%s - %s %s\" >/etc/security/limits.d/60-bivy-%s-%s.conf",
		doctor_user(subject), item, value, doctor_user(subject), item));
}

static void check_limits(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	bool is_low = false;

	if (subject->open_files_hard < FEW_FILES_HARD) {
		is_low = true;
		doctor_say(out, DOCTOR_WARNING, raise_limit(subject, "nofile", "524288"), "%lu files can be open at most, for containers, too; after this, log in again",
			subject->open_files_hard);
	} else if (subject->open_files < FEW_FILES) {
		is_low = true;
		doctor_say_by_hand(out, DOCTOR_WARNING, "ulimit -n 1024", "%lu files can be open", subject->open_files);
	}
	if (subject->uid != 0 && subject->processes < FEW_PROCESSES) {
		is_low = true;
		doctor_say(out, DOCTOR_WARNING, raise_limit(subject, "nproc", "65536"), "%lu processes can be ours at most, those in containers among them; after this, log in again",
			subject->processes);
	}
	if (!is_low)
		doctor_say(out, DOCTOR_OK, NULL, "%lu open files", subject->open_files);
}

static const struct doctor_check checks[] = {
	{ "numbers",    "settings that many containers run into",     DOCTOR_ALL,  check_numbers },
	{ "ports",      "published ports of users",                   DOCTOR_USER, check_ports },
	{ "ping",       "ping from networks of users",                DOCTOR_USER, check_ping },
	{ "forwarding", "networks lead out",                          DOCTOR_ROOT, check_forwarding },
	{ "memory",     "programs reserve more than they use",        DOCTOR_ALL,  check_memory },
	{ "limits",     "what this shell's processes may have",       DOCTOR_ALL,  check_limits },
};

const struct doctor_group doctor_settings = { "settings", checks, ARRAY_SIZE(checks) };
