/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: linux.resources -> a flat list of writes to files of the container's
 * groups, v1 or v2 as each controller is mounted, with the conversions between
 * the units of both. The plan is made without touching the kernel, can be
 * printed, and is applied in order. Planning: resource_plan.c.
 */
#ifndef BIVY_RUNTIME_RESOURCES_H
#define BIVY_RUNTIME_RESOURCES_H

#include "base/error.h"
#include "base/memory.h"
#include "host/cgroup.h"
#include "host/device_filter.h"
#include "spec/config.h"

enum resource_step_kind {
	RESOURCE_WRITE,       /* VALUE to FILE */
	RESOURCE_CHECK_USAGE, /* the number in FILE must not be above VALUE */
	RESOURCE_DEVICES,     /* the plan's device rules to this group */
};

enum resource_step_flag {
	RESOURCE_OPTIONAL = 1 << 0, /* no such file: nothing to limit, go on */
	RESOURCE_DEFER = 1 << 1,    /* refused with EINVAL: again after the next step without this flag */
	RESOURCE_VERIFY = 1 << 2,   /* read back: the kernel may take it and not mean it */
	RESOURCE_ONE_OF_MANY = 1 << 3, /* FILE is a table, VALUE one line of it */
	RESOURCE_DELTA = 1 << 4,    /* devices: write only what differs from what is there */
};

struct resource_step {
	enum resource_step_kind kind;
	unsigned flags;        /* enum resource_step_flag */
	size_t group;          /* index in the set */
	const char *field;     /* where it comes from: "linux.resources.memory.limit" */
	const char *file;
	const char *value;
	const char *other_file, *other_value; /* when FILE does not exist, or NULL */
};

struct resource_plan {
	struct arena *arena;
	struct resource_step *steps;
	size_t count;
	struct device_rule *device_rules; /* what RESOURCE_DEVICES sets; the usual devices included */
	size_t device_rule_count;
};
#define RESOURCE_PLAN_INIT ((struct resource_plan){ 0 })

void resource_plan_done(struct resource_plan *plan);
#define _cleanup_resource_plan_ _cleanup_(resource_plan_done)

enum resources_flag {
	RESOURCES_UPDATE = 1 << 0,     /* of a live container: only what is given, device rules only if given */
	RESOURCES_NO_DEVICES = 1 << 1, /* no device rules (rootless, or inside a user namespace) */
};

/*
 * The steps for RESOURCES. CURRENT is, for an update, everything that
 * holds after it (some limits are computed from two members), else NULL. SET may be a drawn one (cgroup_set_draw). Fails
 * with the member's path when a value is out of range, or when a limit has no
 * controller on this host; a value that means "no limit" needs none.
 */
int resources_plan(const struct spec_resources *resources, const struct spec_resources *current, const struct cgroup_set *set, unsigned flags, struct resource_plan *ret, struct error *err) _must_check_;

/*
 * Carries it out, the first failure ends it: "cannot set
 * linux.resources.memory.limit: cannot write '64' to
 * '/sys/fs/cgroup/memory/x/memory.limit_in_bytes': …".
 * Call before the container's process runs; entering comes after (v1 cpuset must be filled before).
 */
int resources_apply(const struct resource_plan *plan, const struct cgroup_set *set, struct error *err) _must_check_;

/*
 * One step. With IS_AGAIN false a step that can be deferred returns -EINVAL and
 * leaves *ERR alone when the kernel says so.
 */
int resource_step_apply(const struct resource_plan *plan, const struct resource_step *step, const struct cgroup_set *set, bool is_again, struct error *err) _must_check_;

/* One line per step: "/sys/fs/cgroup/pids/x/pids.max = 20  (linux.resources.pids.limit)". */
void resources_print(const struct resource_plan *plan, const struct cgroup_set *set, struct buf *out);

/* cpu.shares 2..262144 -> cpu.weight 1..10000, 1024 -> 100. */
uint64_t resources_cpu_weight(uint64_t shares);

/* OCI's block I/O weight 10..1000 -> io.weight 1..10000. */
uint64_t resources_io_weight(uint64_t weight);

#endif
