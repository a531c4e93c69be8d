/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container uses, read from its control groups of either version and
 * written in the shape of runc's `events`: v1's names, with the members that
 * v1 has no word for ("psi", "events", "rdma", "misc") beside them.
 */
#ifndef BIVY_RUNTIME_STATS_H
#define BIVY_RUNTIME_STATS_H

#include "base/json.h"
#include "host/cgroup.h"

/*
 * Writes the members of "data". A file that is missing, or a controller that is
 * nowhere, is left out or 0: it is a reading, not a promise.
 */
void stats_write(const struct cgroup_set *set, struct json_writer *w);

/* How often the OOM killer has struck in the container; 0 if nobody counts. */
uint64_t stats_oom_kills(const struct cgroup_set *set);

#endif
