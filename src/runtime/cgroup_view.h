/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of type "cgroup": what a container sees of its control groups. On a
 * host of cgroup2 alone that is one file system; with v1 hierarchies, a tmpfs
 * with a directory for each, named as on the host, cgroup2 among them.
 */
#ifndef BIVY_RUNTIME_CGROUP_VIEW_H
#define BIVY_RUNTIME_CGROUP_VIEW_H

#include "runtime/mount_plan.h"
#include "runtime/rootfs.h"

/*
 * In init, before pivot, and after it entered its groups and its cgroup
 * namespace. With a namespace of its own the container gets new mounts, whose
 * roots the kernel puts at its groups; without one its groups are bound, so
 * that it sees no others (and read-only is honoured: CVE-2023-25809).
 */
int cgroup_view_run(struct rootfs *rootfs, struct mount_step *step, struct error *err) _must_check_;

/* Adds the same in commands, for a script (script.h) whose "$target" is the destination. */
void cgroup_view_script(const struct cgroup_set *groups, bool readonly, struct buf *out);

#endif
