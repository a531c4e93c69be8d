/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of one sample (stats.h), out of the kernel's files. */
#ifndef BIVY_ENGINE_STATS_READ_H
#define BIVY_ENGINE_STATS_READ_H

#include "engine/stats.h"
#include "host/cgroup.h"

/*
 * Fills what control groups tell, of either version. A file that is missing, or
 * a controller that is nowhere, leaves its numbers 0: it is a reading, not a
 * promise. HOST_MEMORY bytes and HOST_CPUS stand in where there is no limit.
 */
void stats_read_groups(const struct cgroup_set *set, uint64_t host_memory, uint32_t host_cpus, struct stats_sample *sample);

/* Adds up the links of TEXT, which is /proc/PID/net/dev, all but the loopback. */
void stats_read_links(const char *text, struct stats_sample *sample);

/* Of TEXT, which is /proc/stat: nanoseconds of all CPUs since the host's start; 0 for what is no such file. */
uint64_t stats_read_host_cpu(const char *text);

/* What of one CPU was used while WINDOW_NS nanoseconds went by and the use from BEFORE_NS to AFTER_NS; 0 if these cannot be. */
double stats_cpu_percent(uint64_t before_ns, uint64_t after_ns, int64_t window_ns);

#endif
