/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_security.h"
#include "base/file.h"
#include "engine/seccomp_default.h"
#include "engine/seccomp_file.h"
#include "host/user_namespace.h"

#include <fcntl.h>
#include <stdio.h>

/* What tells of the host, or of its other users. */
static const char *const masked[] = {
	"/proc/acpi",          /* lids, batteries, buttons */
	"/proc/asound",        /* who uses the sound devices */
	"/proc/interrupts",    /* timing of keys and packets: a side channel */
	"/proc/kcore",         /* memory of the kernel */
	"/proc/keys",          /* keys of other containers of the same ids */
	"/proc/latency_stats", /* what the kernel waits for, of all processes */
	"/proc/sched_debug",   /* all processes of the host */
	"/proc/scsi",          /* devices can be removed through it */
	"/proc/timer_list",    /* timers of all processes */
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap", /* energy: a side channel */
	"/sys/firmware",       /* serial numbers, tables of the firmware */
};

/* What changes the host. */
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

/* ---- options -------------------------------------------------------------------------- */

/* The value of OPTION if it is NAME=VALUE, or NAME:VALUE, as docker once wrote it; else NULL. */
static const char *value_of(const char *option, const char *name)
{
	size_t length = strlen(name);

	return strncmp(option, name, length) == 0 && (option[length] == '=' || option[length] == ':') ? option + length + 1 : NULL;
}

/* The value of the last option NAME, or NULL. */
static const char *find_value(char *const *options, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; options && options[i]; i++) {
		const char *value = value_of(options[i], name);

		found = value ? value : found;
	}
	return found;
}

static int check_option(const char *option, struct error *err)
{
	static const struct {
		const char *name;
		const char *values[2]; /* that there are; none: any */
	} known[] = {
		{ "seccomp", { NULL } },
		{ "apparmor", { NULL } },
		{ "label", { NULL } },
		{ "no-new-privileges", { "true", "false" } },
		{ "systempaths", { "unconfined" } },
		{ "mask", { NULL } },
		{ "unmask", { NULL } },
	};

	if (str_equal(option, "no-new-privileges"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *value = value_of(option, known[i].name), *const *values = known[i].values;

		if (!value)
			continue;
		if (!values[0] || str_equal(value, values[0]) || str_equal(value, values[1]))
			return 0;
		return error_set(err, ERROR_INVALID, 0, "--security-opt: '%.100s': %s takes %s%s%s", option, known[i].name, values[0],
				 values[1] ? " or " : "", values[1] ? values[1] : "");
	}
	error_set(err, ERROR_INVALID, 0, "--security-opt: there is no option '%.100s'", option);
	error_hint(err, "there are seccomp=, apparmor=, label=, no-new-privileges, systempaths=unconfined, mask= and unmask=");
	return -EINVAL;
}

/* ---- the filter ------------------------------------------------------------------------- */

static int make_filter(struct bundle_plan *plan, struct spec_seccomp **ret, struct error *err)
{
	const char *path = find_value(plan->host->security_options, "seccomp");

	if (str_equal(path, "unconfined") || (!path && plan->host->privileged))
		return 0;
	if (path && !str_equal(path, "builtin") && !str_equal(path, "default"))
		return seccomp_file_read(plan->arena, path, plan->capabilities, ret, err);
	*ret = seccomp_default(plan->arena, plan->capabilities);
	if (user_namespace_size() == 1)
		seccomp_pretend_owners(plan->arena, *ret);
	return 0;
}

/* ---- paths -------------------------------------------------------------------------------- */

/* Whether one of the lists "unmask=A:B" has PATH, a pattern with '*' at its end, or "ALL". */
static bool is_unmasked(char *const *options, const char *path)
{
	for (size_t i = 0; options && options[i]; i++) {
		const char *list = value_of(options[i], "unmask");
		size_t length;

		for (; list && *list; list += length + (list[length] == ':')) {
			length = strcspn(list, ":");
			if ((length == 3 && strncmp(list, "ALL", 3) == 0) || (length == strlen(path) && strncmp(list, path, length) == 0))
				return true;
			if (length && list[length - 1] == '*' && strncmp(list, path, length - 1) == 0)
				return true;
		}
	}
	return false;
}

static void add_masks(struct arena *arena, char *const *options, char **list, size_t *count)
{
	for (size_t i = 0; options && options[i]; i++) {
		const char *value = value_of(options[i], "mask");

		for (char **path = value ? bundle_split(arena, value, ':') : NULL; path && *path; path++)
			list[(*count)++] = *path;
	}
}

static size_t count_masks(char *const *options)
{
	size_t count = 0;

	for (size_t i = 0; options && options[i]; i++)
		for (const char *c = value_of(options[i], "mask") ? options[i] : ""; *c; c++)
			count += *c == ':' || *c == '=';
	return count;
}

struct spec_container_paths bundle_security_paths(struct arena *arena, const struct spec_host_config *host)
{
	char *const *options = host->security_options;
	bool confined = !host->privileged && !str_equal(find_value(options, "systempaths"), "unconfined");
	struct spec_container_paths paths = {
		.masked = arena_alloc(arena, ARRAY_SIZE(masked) + count_masks(options) + 1, sizeof(char *)),
		.read_only = arena_alloc(arena, ARRAY_SIZE(readonly) + 1, sizeof(char *)),
	};
	size_t masks = 0, readonlys = 0;

	for (size_t i = 0; confined && i < ARRAY_SIZE(masked); i++)
		if (!is_unmasked(options, masked[i]))
			paths.masked[masks++] = (char *)masked[i];
	for (size_t i = 0; confined && i < ARRAY_SIZE(readonly); i++)
		if (!is_unmasked(options, readonly[i]))
			paths.read_only[readonlys++] = (char *)readonly[i];
	add_masks(arena, options, paths.masked, &masks);
	return paths;
}

/* ---- the whole ------------------------------------------------------------------------------ */

int bundle_check_security(const struct spec_container *container, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *const *options = container->host.security_options;
	const char *path = find_value(options, "seccomp");
	struct spec_seccomp *seccomp = NULL;

	for (size_t i = 0; options && options[i]; i++) {
		int r = check_option(options[i], err);

		if (r < 0)
			return r;
	}
	if (!path || str_equal(path, "unconfined") || str_equal(path, "builtin") || str_equal(path, "default"))
		return 0;
	return seccomp_file_read(arena, path, 0, &seccomp, err);
}

static int add_labels(struct bundle_plan *plan, struct error *err)
{
	const char *profile = find_value(plan->host->security_options, "apparmor");
	const char *label = find_value(plan->host->security_options, "label");

	if (profile && !str_equal(profile, "unconfined"))
		plan->spec->process->apparmor_profile = (char *)profile;
	if (label && !str_equal(label, "disable") && access("/sys/fs/selinux/enforce", F_OK) < 0)
		return error_set(err, ERROR_UNSUPPORTED, 0, "--security-opt: label=%.100s: SELinux is not enabled on this host", label);
	return 0;
}

int bundle_add_security(struct bundle_plan *plan, struct error *err)
{
	const struct spec_container_paths paths = bundle_security_paths(plan->arena, plan->host);
	int r = make_filter(plan, &plan->spec->linux_.seccomp, err);

	if (r < 0)
		return r;
	plan->spec->linux_.masked_paths = paths.masked;
	plan->spec->linux_.readonly_paths = paths.read_only;
	return add_labels(plan, err);
}
