/* SPDX-License-Identifier: Apache-2.0 */
/* One container that runs, open to be measured once or again and again (stats.h). */
#ifndef BIVY_ENGINE_STATS_TARGET_H
#define BIVY_ENGINE_STATS_TARGET_H

#include "engine/container.h"
#include "engine/stats.h"
#include "runtime/container.h"

/* What stands in where a container has no limit, and where records of the runtime are. */
struct stats_host {
	struct runtime runtime;
	uint64_t memory; /* bytes */
	uint32_t cpus;
};

/* .memory and .cpus alone. */
void stats_host_measure(struct stats_host *ret);
void stats_host_look(const struct directories *directories, struct stats_host *ret);
void stats_host_done(struct stats_host *host);

struct stats_target {
	struct container container; /* open while .pid is not 0 */
	int64_t pid;
	int pidfd; /* of that process */
};

#define STATS_TARGET_INIT ((struct stats_target){ .container = CONTAINER_INIT, .pidfd = -EBADF })

/* Whether there is something to measure. */
bool stats_target_runs(const struct container_record *record);

/* What belongs to the process PID, which is the first of the container ID. On failure *TARGET is as it was: it may have ended. */
int stats_target_open(const struct stats_host *host, const char *id, int64_t pid, struct stats_target *target, struct error *err) _must_check_;
void stats_target_close(struct stats_target *target);

/* Fills what control groups and links tell, and .time_ns; what cannot be read stays 0. */
void stats_target_measure(const struct stats_host *host, const struct stats_target *target, struct stats_sample *sample);

#endif
