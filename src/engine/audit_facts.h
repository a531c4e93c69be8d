/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a running container's isolation. */
#ifndef BIVY_ENGINE_AUDIT_FACTS_H
#define BIVY_ENGINE_AUDIT_FACTS_H

#include "engine/container.h"

enum audit_namespace { AUDIT_USER, AUDIT_MOUNT, AUDIT_PID, AUDIT_NETWORK, AUDIT_IPC, AUDIT_UTS, AUDIT_CGROUP, AUDIT_NAMESPACES };

struct audit_device {
	char *path; /* "/dev/sda" */
	bool is_block;
};

struct audit_facts {
	bool shares[AUDIT_NAMESPACES]; /* with whoever asks, which is the host; .shares[AUDIT_USER]: its root is whoever asks */
	bool is_asked_by_root; /* of the host; else the host is who asks, in namespaces of their own */
	uint32_t uid;          /* of its first process, as it calls it */
	uint64_t bounding, effective;
	bool no_new_privileges, has_filter;
	bool is_root_writable;
	char **unmasked; /* paths that are hidden by default, and can be seen; NULL-terminated */
	char **writable; /* those of the kernel's that can be written, and cannot by default: "/proc/sys", "/sys", "/sys/fs/cgroup" */
	char **mounted;  /* targets of the record's binds that can be written */
	struct audit_device *devices; /* other than those that all have */
	size_t device_count;
	bool has_memory_limit, has_pids_limit, has_cpu_limit;
	bool is_unlabelled; /* the host has AppArmor or SELinux, and it is not held by that */
};

/* RECORD must run. ERROR_CONFLICT if it has ended meanwhile. */
int audit_facts_read(const struct container_record *record, struct audit_facts *ret, struct error *err) _must_check_;

/* Of texts of procfs, pure: fills what /proc/PID/status tells but .uid, which comes back as the host calls it. False if something is missing. */
bool audit_facts_parse_status(const char *text, struct audit_facts *facts, uint32_t *ret_uid);
/* The id of ours that those whose /proc/PID/uid_map TEXT is call INSIDE; UINT32_MAX: none. */
uint32_t audit_facts_outside_id(const char *text, uint32_t inside);
/* What OUTSIDE is called by those whose /proc/PID/uid_map TEXT is; UINT32_MAX: nothing. */
uint32_t audit_facts_inside_id(const char *text, uint32_t outside);
/* What /proc/PID/mountinfo tells of HOST's container: .is_root_writable, .unmasked, .writable, .mounted. EXISTS says which paths of the kernel's there are. */
bool audit_facts_parse_mounts(struct arena *arena, const char *text, const struct spec_host_config *host, bool (*exists)(const char *path),
	struct audit_facts *facts);

/* The report of them: pure, too. */
struct audit_report;
void audit_judge(struct arena *arena, const struct audit_facts *facts, const struct spec_container *container, struct audit_report *ret);

#endif
