/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of a control group in units that people use -> writes to its files, of
 * version 1 or 2 as each controller is mounted. There are two models: a hard
 * maximum, which holds on an idle host, too, and a weight, which counts only
 * among those that want the same at the same time.
 */
#ifndef BIVY_PRIMITIVE_GROUP_LIMITS_H
#define BIVY_PRIMITIVE_GROUP_LIMITS_H

#include "runtime/resources.h"
#include "spec/container.h"

#define GROUP_NO_LIMIT UINT64_MAX

#define GROUP_WEIGHT_MIN 1
#define GROUP_WEIGHT_USUAL 100
#define GROUP_WEIGHT_MAX 10000

struct group_limit {
	bool is_given;
	uint64_t value; /* or GROUP_NO_LIMIT */
};

/* One of the kernel's files, as it is: "memory.high" and "32m". */
struct group_file {
	const char *name, *value;
};

struct group_limits {
	struct group_limit nano_cpus;          /* billionths of a CPU's time */
	struct group_limit cpu_weight;         /* GROUP_WEIGHT_MIN … GROUP_WEIGHT_MAX */
	struct group_limit memory;             /* bytes */
	struct group_limit memory_reservation; /* bytes that are taken back last */
	struct group_limit memory_swap;        /* bytes of memory and swap together; needs .memory */
	struct group_limit pids;
	struct group_limit io_weight;          /* as .cpu_weight */
	const char *cpuset_cpus, *cpuset_mems; /* or NULL */
	struct spec_container_rate *rates[THROTTLE_KIND_COUNT]; /* devices by path */
	size_t rate_count[THROTTLE_KIND_COUNT];
	const struct group_file *files;        /* after all others, in this order */
	size_t file_count;
};

/*
 * The steps for LIMITS in the groups of SET, which are open or drawn; .field is the option that
 * each comes from. ERROR_UNSUPPORTED if no group of SET has a controller that a
 * limit takes, ERROR_INVALID for what contradicts itself or is no file of a
 * limit. Looks at devices of .rates, changes nothing.
 */
int group_limits_plan(const struct group_limits *limits, const struct cgroup_set *set, struct resource_plan *ret, struct error *err) _must_check_;

/* Whether there is nothing to set. */
bool group_limits_are_none(const struct group_limits *limits);

/* A weight as version 1 counts CPU shares, 2 … 262144, where 1024 is usual; and what such shares are as a weight. */
uint64_t group_limits_shares(uint64_t weight);
uint64_t group_limits_weight(uint64_t shares);

/* A weight as the scheduler BFQ counts, 1 … 1000, where 100 is usual. */
uint64_t group_limits_bfq_weight(uint64_t weight);

#endif
