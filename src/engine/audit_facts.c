/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/audit_facts.h"
#include "base/file.h"
#include "engine/bundle_security.h"
#include "engine/stats_target.h"
#include "host/beneath.h"
#include "host/cgroup_reading.h"
#include "host/mountinfo.h"
#include "host/procfs.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define FILE_LIMIT (4u << 20)
#define DEVICE_LIMIT 1024

/* ---- files of a process ------------------------------------------------------------------ */

static int read_process(int64_t pid, const char *file, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, file);
	return file_read_at(AT_FDCWD, path, FILE_LIMIT, out);
}

static bool find_number(const char *status, const char *name, int base, uint64_t *ret)
{
	const char *at = procfs_status_field(status, name);

	if (at)
		*ret = strtoull(at, NULL, base);
	return at;
}

bool audit_facts_parse_status(const char *text, struct audit_facts *facts, uint32_t *ret_uid)
{
	uint64_t uid = 0, no_new_privileges = 0, filter = 0;

	if (!find_number(text, "Uid", 10, &uid) || !find_number(text, "CapEff", 16, &facts->effective) ||
		!find_number(text, "CapBnd", 16, &facts->bounding) || !find_number(text, "NoNewPrivs", 10, &no_new_privileges) ||
		!find_number(text, "Seccomp", 10, &filter))
		return false;
	facts->no_new_privileges = no_new_privileges;
	facts->has_filter = filter == 2;
	*ret_uid = (uint32_t)uid;
	return true;
}

uint32_t audit_facts_inside_id(const char *text, uint32_t outside)
{
	uint32_t first, host, size;

	for (const char *line = text; line && sscanf(line, "%u %u %u", &first, &host, &size) == 3; line = strchr(line, '\n'), line += line != NULL)
		if (outside >= host && outside - host < size)
			return first + (outside - host);
	return UINT32_MAX;
}

uint32_t audit_facts_outside_id(const char *text, uint32_t inside)
{
	uint32_t first, host, size;

	for (const char *line = text; line && sscanf(line, "%u %u %u", &first, &host, &size) == 3; line = strchr(line, '\n'), line += line != NULL)
		if (inside >= first && inside - first < size)
			return host + (inside - first);
	return UINT32_MAX;
}

static bool is_initial_map(const char *text)
{
	uint32_t first, host, size;

	return sscanf(text, "%u %u %u", &first, &host, &size) == 3 && first == 0 && host == 0 && size == UINT32_MAX;
}

/* ---- namespaces --------------------------------------------------------------------------- */

static void read_namespaces(int64_t pid, struct audit_facts *facts)
{
	static const char *const names[AUDIT_NAMESPACES] = {
		[AUDIT_MOUNT] = "mnt", [AUDIT_PID] = "pid", [AUDIT_NETWORK] = "net", [AUDIT_IPC] = "ipc", [AUDIT_UTS] = "uts", [AUDIT_CGROUP] = "cgroup",
	};

	for (size_t i = AUDIT_MOUNT; i < AUDIT_NAMESPACES; i++) {
		struct stat ours, theirs;
		char path[64];

		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		if (stat(path, &ours) < 0)
			continue;
		snprintf(path, sizeof path, "/proc/%lld/ns/%s", (long long)pid, names[i]);
		facts->shares[i] = stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
	}
}

/* ---- mounts ------------------------------------------------------------------------------------ */

/* The mount that is seen at PATH: the last of those there. NULL: none. */
static const struct mountinfo_entry *mount_at(const struct mountinfo *table, const char *path)
{
	for (size_t i = table->count; i-- > 0;)
		if (str_equal(table->entries[i].mount_point, path))
			return &table->entries[i];
	return NULL;
}

static bool is_writable(const struct mountinfo_entry *entry)
{
	return entry && (str_equal(entry->options, "rw") || str_starts_with(entry->options, "rw,"));
}

/* What lies under PATH is changed through the nearest mount above. */
static const struct mountinfo_entry *mount_above(const struct mountinfo *table, const char *path)
{
	_cleanup_free_ char *top = str_dup(path);
	const struct mountinfo_entry *entry = mount_at(table, top);

	while (!entry && top[1]) {
		char *slash = strrchr(top, '/');

		slash[slash == top] = '\0';
		entry = mount_at(table, top);
	}
	return entry;
}

bool audit_facts_parse_mounts(struct arena *arena, const char *text, const struct spec_host_config *host, bool (*exists)(const char *path),
	struct audit_facts *facts)
{
	static const char *const kernels[] = { "/proc/sys", "/sys", "/sys/fs/cgroup" };
	const struct spec_host_config usual = { .mounts = NULL };
	const struct spec_container_paths hidden = bundle_security_paths(arena, &usual);
	_cleanup_mountinfo_ struct mountinfo table = { 0 };

	if (mountinfo_parse(text, &table) < 0)
		return false;
	facts->is_root_writable = is_writable(mount_at(&table, "/"));
	facts->unmasked = facts->writable = facts->mounted = NULL;
	for (char **path = hidden.masked; *path; path++)
		if (exists(*path) && !mount_at(&table, *path))
			facts->unmasked = strv_append(arena, facts->unmasked, *path);
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++)
		if (is_writable(mount_above(&table, kernels[i])))
			facts->writable = strv_append(arena, facts->writable, kernels[i]);
	for (size_t i = 0; i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_BIND && is_writable(mount_at(&table, host->mounts[i].target)))
			facts->mounted = strv_append(arena, facts->mounted, host->mounts[i].target);
	return true;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* ---- devices --------------------------------------------------------------------------------------- */

struct devices {
	struct arena *arena;
	int fd;
	struct audit_facts *facts;
};

/* null, zero, full, random, urandom; tty, console, ptmx: every container has them, and nothing of the host is behind them. */
static bool is_usual(const struct stat *status)
{
	unsigned number = minor(status->st_rdev);

	if (!S_ISCHR(status->st_mode))
		return false;
	if (major(status->st_rdev) == 1)
		return number == 3 || number == 5 || number == 7 || number == 8 || number == 9;
	return (major(status->st_rdev) == 5 && number <= 2) || (major(status->st_rdev) >= 136 && major(status->st_rdev) <= 143);
}

static int add_device(void *context, const char *name)
{
	struct devices *devices = context;
	struct audit_facts *facts = devices->facts;
	struct stat status;

	if (fstatat(devices->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) || is_usual(&status))
		return 0;
	if (facts->device_count == DEVICE_LIMIT)
		return 1;
	if (!facts->devices)
		facts->devices = arena_alloc(devices->arena, DEVICE_LIMIT, sizeof *facts->devices);
	facts->devices[facts->device_count++] = (struct audit_device){ arena_printf(devices->arena, "/dev/%.200s", name), S_ISBLK(status.st_mode) };
	return 0;
}

static void read_devices(struct arena *arena, int64_t pid, struct audit_facts *facts)
{
	_cleanup_close_ int root = -EBADF, fd = -EBADF;
	struct devices devices = { .arena = arena, .facts = facts };
	char path[64];

	snprintf(path, sizeof path, "/proc/%lld/root", (long long)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || beneath_open(root, "dev", O_RDONLY | O_DIRECTORY | O_NONBLOCK, BENEATH_NO_SYMLINKS, &fd) < 0)
		return;
	devices.fd = fd;
	ignore_result(file_each_name(fd, add_device, &devices)); /* what cannot be read is not told of */
}

/* ---- the rest ----------------------------------------------------------------------------------------- */

static bool has_quota(const struct cgroup_set *groups)
{
	const struct cgroup_group *group = cgroup_set_find(groups, CGROUP_CPU);
	_cleanup_free_ char *text = cgroup_reading_text(group, group && group->is_v2 ? "cpu.max" : "cpu.cfs_quota_us");

	return text && text[0] >= '0' && text[0] <= '9';
}

static void take_limits(const struct stats_host *host, const struct stats_target *target, struct audit_facts *facts)
{
	struct stats_sample sample = { .running = true };

	stats_target_measure(host, target, &sample);
	facts->has_memory_limit = sample.memory_limit && sample.memory_limit < host->memory;
	facts->has_pids_limit = sample.pids_limit != 0;
	facts->has_cpu_limit = (sample.cpus && sample.cpus < host->cpus) || has_quota(&target->container.groups);
}

static void read_label(int64_t pid, struct audit_facts *facts)
{
	_cleanup_buf_ struct buf enabled = BUF_INIT, label = BUF_INIT;
	bool has_apparmor = file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &enabled) == 0 && enabled.data[0] == 'Y';
	bool has_selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;

	if ((!has_apparmor && !has_selinux) || read_process(pid, "attr/current", &label) < 0)
		return;
	facts->is_unlabelled = label.length == 0 || str_starts_with(label.data, "unconfined") || strstr(label.data, ":unconfined_t:");
}

static int read_files(const struct container_record *record, struct audit_facts *facts)
{
	_cleanup_buf_ struct buf status = BUF_INIT, map = BUF_INIT, own_map = BUF_INIT, mounts = BUF_INIT;
	int64_t pid = record->state->pid;
	uint32_t uid = 0;
	int r = read_process(pid, "status", &status);

	if (r == 0)
		r = read_process(pid, "uid_map", &map);
	if (r == 0)
		r = file_read_at(AT_FDCWD, "/proc/self/uid_map", FILE_LIMIT, &own_map);
	if (r == 0)
		r = read_process(pid, "mountinfo", &mounts);
	if (r < 0)
		return r;
	if (!audit_facts_parse_status(status.data, facts, &uid) ||
		!audit_facts_parse_mounts(record->arena, mounts.data, &record->container->host, is_there, facts))
		return -EBADMSG;
	facts->uid = audit_facts_inside_id(map.data, uid);
	facts->is_asked_by_root = geteuid() == 0 && is_initial_map(own_map.data);
	facts->shares[AUDIT_USER] = audit_facts_outside_id(map.data, 0) == geteuid();
	return 0;
}

static int ended(const struct container_record *record, struct error *err)
{
	return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", record->container->name);
}

int audit_facts_read(const struct container_record *record, struct audit_facts *ret, struct error *err)
{
	struct stats_target target = STATS_TARGET_INIT;
	struct stats_host host;
	int64_t pid = record->state->pid;
	int r;

	if (!stats_target_runs(record))
		return ended(record, err);
	*ret = (struct audit_facts){ .uid = 0 };
	stats_host_look(record->directories, &host);
	r = stats_target_open(&host, record->container->id, pid, &target, err);
	if (r == 0) {
		take_limits(&host, &target, ret);
		r = read_files(record, ret);
		if (r < 0)
			error_errno(err, -r, "cannot read what the kernel says of container '%s'", record->container->name);
	}
	if (r == 0) {
		read_namespaces(pid, ret);
		read_devices(record->arena, pid, ret);
		read_label(pid, ret);
	}
	/* The number still is that process now that all is read. */
	if (target.pid && (target.pidfd < 0 || sys_pidfd_send_signal(target.pidfd, 0) < 0))
		r = ended(record, err);
	stats_target_close(&target);
	stats_host_done(&host);
	return r;
}
