/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups given to somebody to divide further: cgroups(7), "Cgroups delegation". */
#ifndef BIVY_HOST_CGROUP_DELEGATE_H
#define BIVY_HOST_CGROUP_DELEGATE_H

#include "host/cgroup.h"

/*
 * The directory of the set's cgroup2 group, and of those named hierarchies of
 * version 1 that carry no controller, belong to UID and GID from now on, as do
 * the files in them that arrange processes; limits stay whose they were.
 * Controllers of version 1 cannot be delegated safely, and are left out.
 * *RET_FAILED is the group that refused.
 */
int cgroup_delegate(const struct cgroup_set *set, uid_t uid, gid_t gid, const struct cgroup_group **ret_failed) _must_check_;

#endif
