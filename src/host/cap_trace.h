/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which capabilities the processes of a pid namespace use, as the kernel itself
 * decides it: a BPF program behind cap_capable(), the one function that all
 * questions for a capability come to, notes those that were granted. Questions
 * that are asked only to choose between two ways that both work (marked as not
 * to be audited) do not count, where the kernel tells which those are; nor do
 * those of processes without a filter of system calls: what the runtime does to
 * make a container.
 *
 * Needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, in the first user namespace,
 * and a kernel that describes itself (CONFIG_DEBUG_INFO_BTF).
 */
#ifndef BIVY_HOST_CAP_TRACE_H
#define BIVY_HOST_CAP_TRACE_H

#include "base/cleanup.h"

#include <stdint.h>
#include <sys/stat.h>

struct cap_trace {
	int link;             /* closing it ends the tracing; or -EBADF */
	const uint64_t *seen; /* memory that is the program's, too */
};

#define CAP_TRACE_NONE ((struct cap_trace){ .link = -EBADF })

/*
 * Begins for the pid namespace whose file (/proc/PID/ns/pid) has NAMESPACE_STATUS.
 * Those below it are others. -ENOENT, -EPERM, -EOPNOTSUPP and others if it cannot be had. End with cap_trace_done().
 */
int cap_trace_start(const struct stat *namespace_status, struct cap_trace *ret) _must_check_;

/* Bit N: capability N was granted since the start. */
uint64_t cap_trace_seen(const struct cap_trace *trace);

void cap_trace_done(struct cap_trace *trace);

#endif
