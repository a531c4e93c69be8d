/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/info.h"
#include "base/file.h"
#include "host/cgroup_world.h"
#include "host/syscalls.h"
#include "spec/names.h"

#include <fcntl.h>
#include <sys/utsname.h>

#define SMALL_FILE_LIMIT (64u << 10)

/* The text of a small file without its last line break, or NULL. */
static const char *read_text(struct arena *arena, const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_at(AT_FDCWD, path, SMALL_FILE_LIMIT, &text) < 0)
		return NULL;
	return arena_strdup(arena, str_trim_end(text.data));
}

static bool file_says(struct arena *arena, const char *path, const char *expected)
{
	return str_equal(read_text(arena, path), expected);
}

/* ---- cgroups ------------------------------------------------------------------- */

static enum info_cgroup_mode mode_of(const struct cgroup_world *world)
{
	bool has_v2 = cgroup_world_v2(world);

	if (cgroup_world_has_v1(world))
		return has_v2 ? INFO_CGROUPS_HYBRID : INFO_CGROUPS_V1;
	return has_v2 ? INFO_CGROUPS_V2 : INFO_CGROUPS_NONE;
}

static void gather_cgroups(struct arena *arena, struct info_report *report)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };

	if (cgroup_world_load(&world) < 0)
		return; /* a host without any: INFO_CGROUPS_NONE */
	report->cgroup_mode = mode_of(&world);
	report->controllers = arena_alloc(arena, CGROUP_CONTROLLER_COUNT, sizeof *report->controllers);
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		const struct cgroup_hierarchy *hierarchy = cgroup_world_find(&world, (enum cgroup_controller)i);

		if (!hierarchy)
			continue;
		report->controllers[report->controller_count++] = (struct info_controller){
			.name = cgroup_controller_name((enum cgroup_controller)i, hierarchy->is_v2),
			.version = hierarchy->is_v2 ? 2 : 1,
			.mount = arena_strdup(arena, hierarchy->mount),
		};
	}
}

/* ---- namespaces ------------------------------------------------------------------ */

/* Names in /proc/PID/ns where they differ from the spec's. */
static const char *proc_name_of(const char *name)
{
	if (str_equal(name, "mount"))
		return "mnt";
	return str_equal(name, "network") ? "net" : name;
}

static void gather_namespaces(struct arena *arena, struct info_report *report)
{
	/* sysctl, and the value with which ordinary users cannot make user namespaces; see user_namespaces(7). */
	static const char *const limits[][2] = {
		{ "user.max_user_namespaces", "0" },
		{ "kernel.unprivileged_userns_clone", "0" },               /* Debian's kernels */
		{ "kernel.apparmor_restrict_unprivileged_userns", "1" }, /* Ubuntu's */
	};
	const char *name;
	size_t count = 0;

	while (spec_name_at(SPEC_NAMESPACES, count, NULL))
		count++;
	report->namespaces = arena_alloc(arena, count + 1, sizeof *report->namespaces);
	count = 0;
	for (size_t i = 0; (name = spec_name_at(SPEC_NAMESPACES, i, NULL)); i++)
		if (access(arena_printf(arena, "/proc/self/ns/%s", proc_name_of(name)), F_OK) == 0)
			report->namespaces[count++] = name;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		char *path = arena_printf(arena, "/proc/sys/%s", limits[i][0]);

		*strchr(path + strlen("/proc/sys/"), '.') = '/';
		if (!report->user_namespace_limit && file_says(arena, path, limits[i][1]))
			report->user_namespace_limit = limits[i][0];
	}
}

/* ---- security ---------------------------------------------------------------------- */

static void gather_security(struct arena *arena, struct info_report *report)
{
	report->seccomp_actions = read_text(arena, "/proc/sys/kernel/seccomp/actions_avail");
	report->has_seccomp = report->seccomp_actions || access("/proc/sys/kernel/seccomp", F_OK) == 0;
	report->security_modules = read_text(arena, "/sys/kernel/security/lsm");
	report->has_apparmor = file_says(arena, "/sys/module/apparmor/parameters/enabled", "Y");
	report->has_selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
}

/* The effective set of /proc/self/status, in hexadecimal; proc(5). */
static int read_effective(uint64_t *ret)
{
	_cleanup_buf_ struct buf status = BUF_INIT;
	const char *line;
	char digits[17];
	int r = file_read_at(AT_FDCWD, "/proc/self/status", SMALL_FILE_LIMIT, &status);

	if (r < 0)
		return r;
	line = strstr(status.data, "\nCapEff:\t");
	if (!line)
		return -ENODATA;
	snprintf(digits, sizeof digits, "%s", line + strlen("\nCapEff:\t"));
	digits[strcspn(digits, "\n")] = '\0';
	return str_to_u64(digits, 16, ret);
}

static int gather_capabilities(struct arena *arena, struct info_report *report, struct error *err)
{
	const char *last = read_text(arena, "/proc/sys/kernel/cap_last_cap");
	uint64_t known = 0;
	size_t count = 0;
	int r = read_effective(&report->capabilities);

	if (r < 0)
		return error_errno(err, -r, "cannot read the capabilities in '/proc/self/status'");
	if (last && str_to_u64(last, 10, &known) == 0 && known < 64)
		report->has_all_capabilities = report->capabilities == UINT64_MAX >> (63 - known);
	report->capability_names = arena_alloc(arena, 64 + 1, sizeof *report->capability_names);
	for (uint32_t number = 0; number < 64; number++) {
		const char *name = spec_name_of(SPEC_CAPABILITIES, number);

		if (report->capabilities & UINT64_C(1) << number)
			report->capability_names[count++] = name ? name : arena_printf(arena, "CAP_%u", number);
	}
	return 0;
}

/* ---- file systems -------------------------------------------------------------------- */

/* MOUNT_ATTR_IDMAP came together with the call; a bad descriptor keeps it from having an effect. */
static bool has_idmapped_mounts(void)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = INT32_MAX };

	return sys_mount_setattr(AT_FDCWD, "/", 0, &attr) < 0 && errno != ENOSYS;
}

static bool has_file_system(struct arena *arena, const char *name)
{
	const char *list = read_text(arena, "/proc/filesystems");
	const char *line = arena_printf(arena, "\t%s\n", name);

	return list && strstr(arena_printf(arena, "%s\n", list), line);
}

/* The value of KEY in the text of os-release(5), without its quotes; or NULL. */
static const char *release_value(struct arena *arena, const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value;

		line += *line == '\n';
		if (strncmp(line, key, length) != 0 || line[length] != '=')
			continue;
		value = line + length + 1;
		return *value == '"' || *value == '\'' ? arena_strndup(arena, value + 1, strcspn(value + 1, "\"'\n"))
						      : arena_strndup(arena, value, strcspn(value, "\n"));
	}
	return NULL;
}

static void gather_distribution(struct arena *arena, struct info_report *report)
{
	static const char *const files[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < ARRAY_SIZE(files) && !report->distribution; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (file_read_at(AT_FDCWD, files[i], 64u << 10, &text) < 0 || !text.data)
			continue;
		report->distribution = release_value(arena, text.data, "PRETTY_NAME");
		report->distribution_version = release_value(arena, text.data, "VERSION_ID");
	}
}

int info_gather(struct arena *arena, struct info_report *ret, struct error *err)
{
	struct info_report report = { 0 };
	struct utsname names;
	int r;

	if (uname(&names) < 0)
		return error_errno(err, errno, "cannot ask for the kernel's name");
	report.kernel = arena_strdup(arena, names.release);
	report.machine = arena_strdup(arena, names.machine);
	gather_distribution(arena, &report);
	r = gather_capabilities(arena, &report, err);
	if (r < 0)
		return r;
	gather_cgroups(arena, &report);
	gather_namespaces(arena, &report);
	gather_security(arena, &report);
	report.has_idmapped_mounts = has_idmapped_mounts();
	report.has_overlay = has_file_system(arena, "overlay");
	report.has_pressure = access("/proc/pressure", F_OK) == 0;
	*ret = report;
	return 0;
}
