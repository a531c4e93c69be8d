/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/audit.h"
#include "engine/audit_facts.h"
#include "engine/capabilities.h"
#include "spec/names.h"

#include <stdlib.h>
#include <sys/stat.h>

#define WHOLE 100
#define FINDING_LIMIT 2048

/* ---- the rules ----------------------------------------------------------------------- */

enum rule {
	MOUNT_NAMESPACE,
	RUNTIME_SOCKET,
	BLOCK_DEVICE,
	GREAT_CAPABILITY,
	USER_NAMESPACE,
	FILTER,
	SENSITIVE_WRITABLE,
	PID_NAMESPACE,
	NETWORK,
	CAPABILITY,
	KERNEL_WRITABLE,
	OWN_USER_NAMESPACE,
	IPC_NAMESPACE,
	UNMASKED,
	SENSITIVE_READABLE,
	LABEL,
	DEVICE,
	CGROUP_NAMESPACE,
	BIND_WRITABLE,
	NAME,
	ROOT_USER,
	MEMORY,
	PROCESSES,
	NEW_PRIVILEGES,
	PUBLISHED,
	WRITABLE_ROOT,
	PROFILE,
	PROCESSORS,
	BIND_READABLE,
};

/*
 * What somebody in the container gains by each: the host outright, 20 and more;
 * a part of it, or a great deal of the kernel to attack, 5 to 15; a step on the
 * way, less.
 */
const struct audit_rule audit_rules[] = {
	[MOUNT_NAMESPACE] =    { "mount-namespace", 30, 30, "all mounts of the host are its own", "give it a root of its own" },
	[RUNTIME_SOCKET] =     { "runtime-socket", 30, 30, "whoever reaches this socket of a container engine is root of the host", "leave it out" },
	[BLOCK_DEVICE] =       { "block-device", 20, 20, "a disk of the host can be read, whatever is mounted of it", "leave the device out" },
	[GREAT_CAPABILITY] =   { "great-capability", 10, 30, "a capability that has more than one way to the host", "--cap-drop it, or give what it is needed for in another way" },
	[USER_NAMESPACE] =     { "user-namespace", 20, 20, "its root is the host's root", "leave out --userns=host, so that it has ids of its own" },
	[FILTER] =             { "filter", 15, 15, "every system call of the kernel is open to it", "leave the default filter in place, or give one by --profile" },
	[SENSITIVE_WRITABLE] = { "sensitive-bind", 15, 30, "a directory that the host is made of can be written", "mount a narrower one, and read-only" },
	[PID_NAMESPACE] =      { "pid-namespace", 10, 10, "it sees the host's processes, and may signal those of its ids", "leave out --pid=host" },
	[NETWORK] =            { "network", 10, 10, "it has the host's network: its ports, its loopback, its abstract sockets", "give it a network of its own" },
	[CAPABILITY] =         { "capability", 3, 15, "a capability that a container has not by default", "--cap-drop it" },
	[KERNEL_WRITABLE] =    { "kernel-writable", 5, 10, "settings of the kernel can be written", "leave it read-only" },
	[OWN_USER_NAMESPACE] = { "own-user", 5, 5, "its root is the user who has started it", "leave out --userns=host, so that it has ids of its own" },
	[IPC_NAMESPACE] =      { "ipc-namespace", 5, 5, "it shares memory and queues with the host", "leave out --ipc=host" },
	[UNMASKED] =           { "unmasked", 2, 8, "a path that tells of the host, or changes it, is not hidden", "leave it hidden" },
	[SENSITIVE_READABLE] = { "sensitive-read", 5, 10, "a directory that the host is made of can be read", "mount a narrower one" },
	[LABEL] =              { "label", 4, 4, "AppArmor or SELinux, which the host has, does not hold it", "--security-opt apparmor=PROFILE, or label=TYPE" },
	[DEVICE] =             { "device", 3, 12, "a device of the host", "leave it out" },
	[CGROUP_NAMESPACE] =   { "cgroup-namespace", 3, 3, "it sees the control groups of the host", "leave out --cgroupns=host" },
	[BIND_WRITABLE] =      { "bind", 3, 9, "a directory of the host can be written", "mount it read-only (:ro), or take a volume" },
	[NAME] =               { "uts-namespace", 2, 2, "it has the host's name, and may see it change", "leave out --uts=host" },
	[ROOT_USER] =          { "root-user", 4, 4, "its processes are root inside, with all of its capabilities", "--user, or USER in its Dockerfile" },
	[MEMORY] =             { "memory", 4, 4, "it may take all memory of the host", "--memory" },
	[PROCESSES] =          { "processes", 4, 4, "it may start as many processes as the host can have", "--pids-limit" },
	[NEW_PRIVILEGES] =     { "new-privileges", 3, 3, "its setuid programs and files with capabilities work", "--security-opt no-new-privileges" },
	[PUBLISHED] =          { "published", 2, 6, "a port is reached at all addresses of the host", "publish it at one, such as 127.0.0.1:PORT:PORT" },
	[WRITABLE_ROOT] =      { "writable-root", 2, 2, "its own programs can be replaced", "--read-only" },
	[PROFILE] =            { "profile", 2, 2, "it may use more than it was seen to use", "--learn, then --profile" },
	[PROCESSORS] =         { "processors", 1, 1, "it may keep all processors of the host busy", "--cpus" },
	[BIND_READABLE] =      { "bind-read", 1, 3, "a directory of the host can be read", "take a volume" },
	{ .name = NULL },
};

struct audit {
	struct arena *arena;
	const struct audit_facts *facts;
	const struct spec_container *container;
	const struct spec_host_config *host;
	struct audit_report *report;
	unsigned costs[ARRAY_SIZE(audit_rules)];
};

static void add(struct audit *audit, enum rule rule, const char *object, const char *cause)
{
	struct audit_report *report = audit->report;
	unsigned left = audit_rules[rule].most - audit->costs[rule];
	unsigned points = audit_rules[rule].points < left ? audit_rules[rule].points : left;

	if (report->count == FINDING_LIMIT)
		return;
	audit->costs[rule] += points;
	report->findings[report->count++] = (struct audit_finding){ &audit_rules[rule], points, object, cause };
}

/* ---- reasons --------------------------------------------------------------------------- */

static const char *option_text(struct audit *audit, const char *option, const char *value)
{
	return arena_printf(audit->arena, "%s=%.200s", option, value);
}

/* "--OPTION=MODE" if that was said, else --privileged, which implies it, or what else there is to say. */
static const char *mode_cause(struct audit *audit, const char *option, const char *mode)
{
	if (mode && !str_equal(mode, "private"))
		return option_text(audit, option, mode);
	return audit->host->privileged ? "--privileged" : "default";
}

/* The security option that begins with NAME, "seccomp=unconfined", else as above. */
static const char *security_cause(struct audit *audit, const char *name)
{
	for (char **option = audit->host->security_options; option && *option; option++)
		if (str_starts_with(*option, name))
			return arena_printf(audit->arena, "--security-opt %.200s", *option);
	return audit->host->privileged ? "--privileged" : "default";
}

static const char *mask_cause(struct audit *audit)
{
	const char *cause = security_cause(audit, "unmask");

	return str_starts_with(cause, "--security-opt") ? cause : security_cause(audit, "systempaths");
}

/* ---- what is looked at ---------------------------------------------------------------------- */

static void judge_namespaces(struct audit *audit)
{
	const struct spec_host_config *host = audit->host;
	const bool *shares = audit->facts->shares;

	if (shares[AUDIT_MOUNT])
		add(audit, MOUNT_NAMESPACE, NULL, "--rootfs /");
	if (shares[AUDIT_USER])
		add(audit, audit->facts->is_asked_by_root ? USER_NAMESPACE : OWN_USER_NAMESPACE, NULL, mode_cause(audit, "--userns", host->user_namespace));
	if (shares[AUDIT_PID])
		add(audit, PID_NAMESPACE, NULL, mode_cause(audit, "--pid", host->pid_mode));
	if (shares[AUDIT_NETWORK])
		add(audit, NETWORK, NULL, mode_cause(audit, "--network", host->network_mode));
	if (shares[AUDIT_IPC])
		add(audit, IPC_NAMESPACE, NULL, mode_cause(audit, "--ipc", host->ipc_mode));
	if (shares[AUDIT_CGROUP])
		add(audit, CGROUP_NAMESPACE, NULL, mode_cause(audit, "--cgroupns", host->cgroup_namespace));
	if (shares[AUDIT_UTS])
		add(audit, NAME, NULL, mode_cause(audit, "--uts", host->uts_mode));
}

/* Those from which root of the host is a known step away, if the container's ids are the host's or not. */
static bool is_great(const char *name)
{
	static const char *const names[] = { "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_DAC_READ_SEARCH", "CAP_BPF",
		"CAP_SYS_BOOT", "CAP_MAC_ADMIN", "CAP_PERFMON" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(names[i], name))
			return true;
	return false;
}

static void judge_capabilities(struct audit *audit)
{
	uint64_t more = audit->facts->bounding & ~capabilities_default();

	for (uint32_t number = 0; number < 64; number++) {
		const char *name = more >> number & 1 ? spec_name_of(SPEC_CAPABILITIES, number) : NULL;

		if (name)
			add(audit, is_great(name) ? GREAT_CAPABILITY : CAPABILITY, name, audit->host->privileged ? "--privileged" : "--cap-add");
	}
}

static bool has_unlimited_profile(const struct spec_profile *profile)
{
	return !profile || !profile->has_calls;
}

static void judge_kernel(struct audit *audit)
{
	const struct audit_facts *facts = audit->facts;

	if (!facts->has_filter)
		add(audit, FILTER, NULL, security_cause(audit, "seccomp"));
	for (char **path = facts->writable; path && *path; path++)
		add(audit, KERNEL_WRITABLE, *path, mask_cause(audit));
	for (char **path = facts->unmasked; path && *path; path++)
		add(audit, UNMASKED, *path, mask_cause(audit));
	if (facts->is_unlabelled)
		add(audit, LABEL, NULL, security_cause(audit, "apparmor"));
	if (!facts->no_new_privileges)
		add(audit, NEW_PRIVILEGES, NULL, "default");
	if (has_unlimited_profile(audit->host->profile))
		add(audit, PROFILE, NULL, "no --profile");
}

/* ---- what is mounted ---- */

static bool is_beneath(const char *path, const char *top)
{
	return spec_profile_is_beneath(path, top);
}

/* Sockets that their engines listen on, and the directories that have them. */
static bool is_runtime_socket(const char *path)
{
	static const char *const names[] = { "docker.sock", "podman.sock", "containerd.sock", "crio.sock", "bivy.sock", "buildkitd.sock", "dockershim.sock" };
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && i < ARRAY_SIZE(names); i++)
		if (str_equal(slash + 1, names[i]))
			return true;
	return str_equal(path, "/run") || str_equal(path, "/var/run");
}

static bool is_sensitive(const char *path)
{
	static const char *const tops[] = { "/etc", "/boot", "/root", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/dev", "/proc", "/sys", "/run", "/var/run", "/var/lib", "/var/log", "/var/spool" };

	if (str_equal(path, "/") || str_equal(path, "/home") || str_equal(path, "/var") || str_equal(path, "/opt"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
		if (is_beneath(path, tops[i]))
			return true;
	return false;
}

static void judge_mounts(struct audit *audit)
{
	for (size_t i = 0; i < audit->host->mount_count; i++) {
		const struct spec_container_mount *mount = &audit->host->mounts[i];
		bool writes = strv_contains(audit->facts->mounted, mount->target), sensitive;

		if (mount->kind != SPEC_MOUNT_BIND || !mount->source)
			continue;
		sensitive = is_sensitive(mount->source);
		/* Connecting to a socket takes no right to write to the mount. */
		if (is_runtime_socket(mount->source))
			add(audit, RUNTIME_SOCKET, mount->source, mount->is_short ? "--volume" : "--mount");
		else
			add(audit, sensitive ? (writes ? SENSITIVE_WRITABLE : SENSITIVE_READABLE) : (writes ? BIND_WRITABLE : BIND_READABLE), mount->source,
				mount->is_short ? "--volume" : "--mount");
	}
	if (audit->facts->is_root_writable)
		add(audit, WRITABLE_ROOT, NULL, "no --read-only");
}

static void judge_devices(struct audit *audit)
{
	for (size_t i = 0; i < audit->facts->device_count; i++)
		add(audit, audit->facts->devices[i].is_block ? BLOCK_DEVICE : DEVICE, audit->facts->devices[i].path,
			audit->host->privileged ? "--privileged" : "--device");
}

static void judge_limits(struct audit *audit)
{
	if (audit->facts->uid == 0)
		add(audit, ROOT_USER, NULL, str_is_empty(audit->container->config.user) ? "no --user" : option_text(audit, "--user", audit->container->config.user));
	if (!audit->facts->has_memory_limit)
		add(audit, MEMORY, NULL, "no --memory");
	if (!audit->facts->has_pids_limit)
		add(audit, PROCESSES, NULL, audit->host->has_pids_limit ? "--pids-limit=-1" : "no --pids-limit");
	if (!audit->facts->has_cpu_limit)
		add(audit, PROCESSORS, NULL, "no --cpus");
}

static bool is_any_address(const char *address)
{
	return str_is_empty(address) || str_equal(address, "0.0.0.0") || str_equal(address, "::");
}

static void judge_ports(struct audit *audit)
{
	for (size_t i = 0; i < audit->host->port_count && !audit->facts->shares[AUDIT_NETWORK]; i++) {
		const struct spec_container_port *port = &audit->host->ports[i];

		if (is_any_address(port->host_ip))
			add(audit, PUBLISHED, arena_printf(audit->arena, "%.20s/%.10s", port->port, port->protocol ? port->protocol : "tcp"), "--publish");
	}
}

/* ---- the report ---------------------------------------------------------------------------------- */

/* What costs most comes first; as the rules are in that order, and all of one stay together. */
static int compare(const void *left, const void *right)
{
	const struct audit_finding *a = left, *b = right;

	if (a->rule != b->rule) {
		if (a->rule->points != b->rule->points)
			return a->rule->points > b->rule->points ? -1 : 1;
		return a->rule < b->rule ? -1 : 1;
	}
	if (a->points != b->points)
		return a->points > b->points ? -1 : 1;
	return a->object && b->object ? strcmp(a->object, b->object) : 0;
}

void audit_judge(struct arena *arena, const struct audit_facts *facts, const struct spec_container *container, struct audit_report *ret)
{
	struct audit audit = { .arena = arena, .facts = facts, .container = container, .host = &container->host, .report = ret };
	unsigned cost = 0;

	*ret = (struct audit_report){ .id = container->id, .name = container->name, .findings = arena_alloc(arena, FINDING_LIMIT, sizeof *ret->findings) };
	judge_namespaces(&audit);
	judge_capabilities(&audit);
	judge_kernel(&audit);
	judge_mounts(&audit);
	judge_devices(&audit);
	judge_limits(&audit);
	judge_ports(&audit);
	for (size_t i = 0; i < ARRAY_SIZE(audit.costs); i++)
		cost += audit.costs[i];
	ret->score = cost < WHOLE ? WHOLE - cost : 0;
	qsort(ret->findings, ret->count, sizeof *ret->findings, compare);
}

static int audit_record(struct arena *arena, const struct container_record *record, struct audit_report *ret, struct error *err)
{
	struct audit_facts facts;
	int r = audit_facts_read(record, &facts, err);

	if (r == 0)
		audit_judge(arena, &facts, record->container, ret);
	return r;
}

int audit_container(struct arena *arena, const struct directories *directories, const char *container, struct audit_report *ret, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(arena, directories, container, &record, err);

	return r == 0 ? audit_record(arena, &record, ret, err) : r;
}

struct all {
	struct arena *arena;
	struct audit_report *list;
	size_t count;
};

static int audit_next(void *context, struct container_record *record, struct error *err)
{
	struct all *all = context;
	struct audit_report report, *longer;
	int r = audit_record(all->arena, record, &report, err);

	/* One that does not run, or has ended meanwhile, is none of them. */
	if (r < 0)
		return err->kind == ERROR_CONFLICT ? (*err = ERROR_INIT, 0) : r;
	longer = arena_alloc(all->arena, all->count + 1, sizeof *longer);
	if (all->count)
		memcpy(longer, all->list, all->count * sizeof *longer);
	longer[all->count++] = report;
	all->list = longer;
	return 0;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct audit_report *)left)->name, ((const struct audit_report *)right)->name);
}

int audit_all(struct arena *arena, const struct directories *directories, struct audit_report **ret, size_t *ret_count, struct error *err)
{
	struct all all = { .arena = arena };
	int r = container_record_visit(arena, directories, audit_next, &all, err);

	if (r < 0)
		return r;
	if (all.count)
		qsort(all.list, all.count, sizeof *all.list, compare_names);
	*ret = all.list;
	*ret_count = all.count;
	return 0;
}
