/* SPDX-License-Identifier: Apache-2.0 */
/* One function per controller, both versions side by side: cgroup-v1/ and cgroup-v2.rst of the kernel. */
#include "primitive/group_limits.h"

#include "runtime/resource_steps.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PERIOD_US 100000 /* the kernel's own default */
#define SHARES_USUAL 1024
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define BFQ_WEIGHT_MAX 1000

struct planner {
	const struct group_limits *limits;
	struct resource_steps steps;
	struct error *err;
};

/* ---- weights ---------------------------------------------------------------------- */

static uint64_t bounded(uint64_t value, uint64_t minimum, uint64_t maximum)
{
	return value < minimum ? minimum : value > maximum ? maximum : value;
}

uint64_t group_limits_shares(uint64_t weight)
{
	return bounded(weight * SHARES_USUAL / GROUP_WEIGHT_USUAL, SHARES_MIN, SHARES_MAX);
}

uint64_t group_limits_weight(uint64_t shares)
{
	return bounded((shares * GROUP_WEIGHT_USUAL + SHARES_USUAL / 2) / SHARES_USUAL, GROUP_WEIGHT_MIN, GROUP_WEIGHT_MAX);
}

uint64_t group_limits_bfq_weight(uint64_t weight)
{
	return bounded(weight, 1, BFQ_WEIGHT_MAX);
}

/* ---- steps ------------------------------------------------------------------------ */

static struct resource_step *add_limit(struct planner *p, const struct cgroup_group *group, const char *field, const char *file, uint64_t value)
{
	if (value == GROUP_NO_LIMIT)
		return resource_steps_write(&p->steps, group, field, file, "%s", group->is_v2 || str_equal(file, "pids.max") ? "max" : "-1");
	return resource_steps_write(&p->steps, group, field, file, "%" PRIu64, value);
}

/* The group for OPTION, which is given: *RET. */
static int need(struct planner *p, const char *option, enum cgroup_controller controller, const struct cgroup_group **ret)
{
	*ret = cgroup_set_find(p->steps.set, controller);
	if (*ret)
		return 0;
	error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: the group is in no hierarchy with the controller '%s'", option,
		cgroup_controller_name(controller, false));
	error_hint(p->err, "`bivy doctor cgroups` tells what is missing");
	return -EOPNOTSUPP;
}

/* ---- one controller each ------------------------------------------------------------ */

static int plan_cpu(struct planner *p)
{
	const struct group_limit *cpus = &p->limits->nano_cpus, *weight = &p->limits->cpu_weight;
	const struct cgroup_group *group;
	int r;

	if (!cpus->is_given && !weight->is_given)
		return 0;
	r = need(p, cpus->is_given ? "--cpus" : "--cpu-weight", CGROUP_CPU, &group);
	if (r < 0)
		return r;
	if (weight->is_given && group->is_v2)
		resource_steps_write(&p->steps, group, "--cpu-weight", "cpu.weight", "%" PRIu64, weight->value);
	else if (weight->is_given)
		resource_steps_write(&p->steps, group, "--cpu-weight", "cpu.shares", "%" PRIu64, group_limits_shares(weight->value));
	if (cpus->is_given) {
		uint64_t quota = cpus->value == GROUP_NO_LIMIT ? GROUP_NO_LIMIT : cpus->value / (1000000000 / PERIOD_US);

		/* The kernel takes no less than a millisecond of each period. */
		if (quota < 1000)
			return error_set(p->err, ERROR_INVALID, 0, "cannot set --cpus: the least that the kernel takes is 0.01");
		if (group->is_v2 && quota == GROUP_NO_LIMIT) {
			resource_steps_write(&p->steps, group, "--cpus", "cpu.max", "max %d", PERIOD_US);
		} else if (group->is_v2) {
			resource_steps_write(&p->steps, group, "--cpus", "cpu.max", "%" PRIu64 " %d", quota, PERIOD_US);
		} else {
			resource_steps_write(&p->steps, group, "--cpus", "cpu.cfs_period_us", "%d", PERIOD_US)->flags |= RESOURCE_DEFER;
			add_limit(p, group, "--cpus", "cpu.cfs_quota_us", quota);
		}
	}
	return 0;
}

static int plan_cpuset(struct planner *p)
{
	const struct {
		const char *option, *file, *value;
	} lists[] = { { "--cpuset-cpus", "cpuset.cpus", p->limits->cpuset_cpus }, { "--cpuset-mems", "cpuset.mems", p->limits->cpuset_mems } };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct cgroup_group *group;
		int r = lists[i].value ? need(p, lists[i].option, CGROUP_CPUSET, &group) : 0;

		if (r < 0)
			return r;
		if (lists[i].value)
			resource_steps_write_text(&p->steps, group, lists[i].option, lists[i].file, lists[i].value);
	}
	return 0;
}

static int check_memory(struct planner *p)
{
	const struct group_limit *memory = &p->limits->memory, *swap = &p->limits->memory_swap;

	if (!swap->is_given || swap->value == GROUP_NO_LIMIT)
		return 0;
	if (!memory->is_given || memory->value == GROUP_NO_LIMIT)
		return error_set(p->err, ERROR_INVALID, 0, "--memory-swap needs --memory: it is of memory and swap together");
	if (swap->value < memory->value)
		return error_set(p->err, ERROR_INVALID, 0, "--memory-swap, which is of memory and swap together, is below --memory");
	return 0;
}

/* Version 1 refuses a limit above the one on the sum, and a sum below the limit: going up, the first is deferred. */
static void plan_memory_v1(struct planner *p, const struct cgroup_group *group)
{
	const struct group_limits *l = p->limits;
	bool drops_swap = l->memory.is_given && l->memory.value == GROUP_NO_LIMIT && !l->memory_swap.is_given;

	if (l->memory.is_given)
		add_limit(p, group, "--memory", "memory.limit_in_bytes", l->memory.value)->flags |= l->memory_swap.is_given || drops_swap ? RESOURCE_DEFER : 0;
	if (l->memory_swap.is_given || drops_swap) {
		uint64_t sum = drops_swap ? GROUP_NO_LIMIT : l->memory_swap.value;

		add_limit(p, group, drops_swap ? "--memory" : "--memory-swap", "memory.memsw.limit_in_bytes", sum)->flags |=
			sum == GROUP_NO_LIMIT ? RESOURCE_OPTIONAL : 0;
	}
	if (l->memory_reservation.is_given)
		add_limit(p, group, "--memory-reservation", "memory.soft_limit_in_bytes", l->memory_reservation.value);
}

static void plan_memory_v2(struct planner *p, const struct cgroup_group *group)
{
	const struct group_limits *l = p->limits;

	if (l->memory_swap.is_given) {
		uint64_t swap = l->memory_swap.value == GROUP_NO_LIMIT ? GROUP_NO_LIMIT : l->memory_swap.value - l->memory.value;

		/* A kernel without swap has no such file, and none to use. */
		add_limit(p, group, "--memory-swap", "memory.swap.max", swap)->flags |= swap == 0 || swap == GROUP_NO_LIMIT ? RESOURCE_OPTIONAL : 0;
	}
	if (l->memory.is_given)
		add_limit(p, group, "--memory", "memory.max", l->memory.value);
	if (l->memory_reservation.is_given)
		add_limit(p, group, "--memory-reservation", "memory.low", l->memory_reservation.value);
}

static int plan_memory(struct planner *p)
{
	const struct group_limits *l = p->limits;
	const struct cgroup_group *group;
	int r;

	if (!l->memory.is_given && !l->memory_swap.is_given && !l->memory_reservation.is_given)
		return 0;
	r = check_memory(p);
	if (r == 0)
		r = need(p, l->memory.is_given ? "--memory" : l->memory_swap.is_given ? "--memory-swap" : "--memory-reservation", CGROUP_MEMORY, &group);
	if (r == 0)
		(group->is_v2 ? plan_memory_v2 : plan_memory_v1)(p, group);
	return r;
}

static int plan_pids(struct planner *p)
{
	const struct cgroup_group *group;
	int r = p->limits->pids.is_given ? need(p, "--pids", CGROUP_PIDS, &group) : 0;

	if (r == 0 && p->limits->pids.is_given)
		add_limit(p, group, "--pids", "pids.max", p->limits->pids.value);
	return r;
}

/* ---- block i/o ---------------------------------------------------------------------- */

static const char *const throttle_options[THROTTLE_KIND_COUNT] = {
	[THROTTLE_READ_BPS] = "--device-read-bps",
	[THROTTLE_WRITE_BPS] = "--device-write-bps",
	[THROTTLE_READ_IOPS] = "--device-read-iops",
	[THROTTLE_WRITE_IOPS] = "--device-write-iops",
};

static int plan_rate(struct planner *p, const struct cgroup_group *group, enum spec_throttle_kind kind, const struct spec_container_rate *rate)
{
	const char *option = throttle_options[kind];
	struct stat status;

	if (stat(rate->path, &status) < 0)
		return error_errno(p->err, errno, "cannot set %s: cannot look at '%s'", option, rate->path);
	if (!S_ISBLK(status.st_mode))
		return error_set(p->err, ERROR_INVALID, 0, "cannot set %s: '%s' is no block device", option, rate->path);
	resource_steps_throttle(&p->steps, group, option, kind, major(status.st_rdev), minor(status.st_rdev), rate->rate);
	return 0;
}

static int plan_io_weight(struct planner *p)
{
	const struct group_limit *weight = &p->limits->io_weight;
	const struct cgroup_group *group;
	struct resource_step *step;
	int r;

	if (!weight->is_given)
		return 0;
	r = need(p, "--io-weight", CGROUP_IO, &group);
	if (r < 0)
		return r;
	/* BFQ's file is there if that scheduler is; io.weight is that of io.cost. */
	step = resource_steps_write(&p->steps, group, "--io-weight", group->is_v2 ? "io.weight" : "blkio.bfq.weight", "%" PRIu64,
		group->is_v2 ? weight->value : group_limits_bfq_weight(weight->value));
	step->other_file = group->is_v2 ? "io.bfq.weight" : "blkio.weight";
	step->other_value = arena_printf(p->steps.plan.arena, "%" PRIu64, group_limits_bfq_weight(weight->value));
	return 0;
}

static int plan_rates(struct planner *p)
{
	for (int kind = 0; kind < THROTTLE_KIND_COUNT; kind++)
		for (size_t i = 0; i < p->limits->rate_count[kind]; i++) {
			const struct cgroup_group *group;
			int r = need(p, throttle_options[kind], CGROUP_IO, &group);

			if (r == 0)
				r = plan_rate(p, group, kind, &p->limits->rates[kind][i]);
			if (r < 0)
				return r;
		}
	return 0;
}

/* ---- the kernel's files as they are --------------------------------------------------- */

/* Those that move or end processes. */
static bool is_no_limit(const char *file)
{
	static const char *const files[] = { "cgroup.procs", "cgroup.threads", "cgroup.kill", "tasks" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_equal(file, files[i]))
			return true;
	return false;
}

/* Files "cgroup.*" are everywhere, and mean cgroup2's. */
static const struct cgroup_group *group_of_file(const struct cgroup_set *set, const char *file, int *ret_controller)
{
	size_t length = strcspn(file, ".");

	*ret_controller = cgroup_controller_parse(file, length);
	if (*ret_controller >= 0)
		return cgroup_set_find(set, (enum cgroup_controller)*ret_controller);
	return strncmp(file, "cgroup", length) == 0 ? cgroup_set_v2(set) : NULL;
}

static int fail_no_file(struct planner *p, const struct cgroup_group *group, const char *file, int controller)
{
	_cleanup_free_ char *path = cgroup_file_path(group, file);

	error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: there is no file '%s'", file, path);
	if (controller >= 0)
		error_hint(p->err, "on this host the controller %s is of cgroup version %d: `ls %.*s` shows its files",
			cgroup_controller_name((enum cgroup_controller)controller, group->is_v2), group->is_v2 ? 2 : 1,
			(int)(strlen(path) - strlen(file) - 1), path);
	return -EOPNOTSUPP;
}

static int plan_file(struct planner *p, const struct group_file *file)
{
	const char *name = file->name, *dot = strchr(name, '.');
	const struct cgroup_group *group;
	int controller;

	if (is_no_limit(name)) {
		error_set(p->err, ERROR_INVALID, 0, "cannot set %s: it is no limit", name);
		error_hint(p->err, "`bivy cgroup exec` runs a command in a group, `bivy cgroup rm --force` ends what runs there");
		return -EINVAL;
	}
	if (!dot || dot == name || strchr(name, '/'))
		return error_set(p->err, ERROR_INVALID, 0, "cannot set '%s': expected the name of a control group's file, such as memory.high", name);
	group = group_of_file(p->steps.set, name, &controller);
	if (!group && str_starts_with(name, "cgroup."))
		return error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: cgroup version 2, whose file it is, is not mounted on this host", name);
	if (!group)
		return error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: the group is in no hierarchy with the controller '%.*s'", name, (int)(dot - name), name);
	if (group->fd >= 0 && faccessat(group->fd, name, F_OK, 0) < 0 && errno == ENOENT)
		return fail_no_file(p, group, name, controller);
	name = arena_strdup(p->steps.plan.arena, name);
	resource_steps_write_text(&p->steps, group, name, name, file->value);
	return 0;
}

static int plan_files(struct planner *p)
{
	for (size_t i = 0; i < p->limits->file_count; i++) {
		int r = plan_file(p, &p->limits->files[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------- */

bool group_limits_are_none(const struct group_limits *limits)
{
	for (int kind = 0; kind < THROTTLE_KIND_COUNT; kind++)
		if (limits->rate_count[kind])
			return false;
	return !limits->nano_cpus.is_given && !limits->cpu_weight.is_given && !limits->memory.is_given && !limits->memory_reservation.is_given &&
	       !limits->memory_swap.is_given && !limits->pids.is_given && !limits->io_weight.is_given && !limits->cpuset_cpus && !limits->cpuset_mems &&
	       !limits->file_count;
}

int group_limits_plan(const struct group_limits *limits, const struct cgroup_set *set, struct resource_plan *ret, struct error *err)
{
	static int (*const parts[])(struct planner *) = { plan_memory, plan_cpu, plan_cpuset, plan_pids, plan_io_weight, plan_rates, plan_files };
	struct planner planner = { .limits = limits, .steps = { .set = set, .plan = { .arena = arena_new() } }, .err = err };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i](&planner);

		if (r < 0) {
			resource_plan_done(&planner.steps.plan);
			return r;
		}
	}
	*ret = planner.steps.plan;
	return 0;
}
