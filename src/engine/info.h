/* SPDX-License-Identifier: Apache-2.0 */
/* What this host offers to containers, found by looking and trying; nothing is changed. Needs no privilege. */
#ifndef BIVY_ENGINE_INFO_H
#define BIVY_ENGINE_INFO_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum info_cgroup_mode {
	INFO_CGROUPS_NONE,
	INFO_CGROUPS_V1,
	INFO_CGROUPS_V2,
	INFO_CGROUPS_HYBRID, /* some controllers in v1 mounts, and a cgroup2 mount */
};

struct info_controller {
	const char *name;  /* "memory" */
	int version;       /* of the hierarchy that carries it: 1 or 2 */
	const char *mount; /* where that is mounted */
};

/* Everything lives in the arena that was given. */
struct info_report {
	const char *kernel;  /* release: "6.1.0-18-amd64" */
	const char *machine; /* "x86_64" */
	const char *distribution, *distribution_version; /* as os-release(5) has them: "Debian GNU/Linux 12 (bookworm)", "12"; or NULL */

	enum info_cgroup_mode cgroup_mode;
	struct info_controller *controllers; /* in the order of enum cgroup_controller */
	size_t controller_count;

	const char **namespaces; /* the spec's names of those that the kernel has, NULL-terminated */
	const char *user_namespace_limit; /* the sysctl that keeps ordinary users from making one, or NULL */

	bool has_seccomp;
	const char *seccomp_actions; /* the kernel's words, parted by blanks; or NULL */
	const char *security_modules; /* names parted by commas, or NULL if they cannot be read */
	bool has_apparmor, has_selinux;

	bool has_idmapped_mounts; /* mount_setattr(2), 5.12; whether a file system can do it is another question */
	bool has_overlay;
	bool has_pressure; /* /proc/pressure */

	uint64_t capabilities; /* effective ones of this process; bit N is number N of capabilities(7) */
	bool has_all_capabilities; /* all that the kernel knows */
	const char **capability_names; /* NULL-terminated */
};

/* Looks around; *RET gets the report. Fails only if the host has no /proc. */
int info_gather(struct arena *arena, struct info_report *ret, struct error *err) _must_check_;

#endif
