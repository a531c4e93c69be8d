/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From linux.resources to steps (runtime/resources.h). One function per
 * controller; each knows the files of both worlds and converts units. The order
 * of the steps is the order the kernel wants, with RESOURCE_DEFER where that
 * depends on what holds now.
 *
 * Files and units: Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst.
 */
#include "runtime/resources.h"

#include "host/user_namespace.h"
#include "runtime/devices.h"
#include "runtime/resource_steps.h"

#include <inttypes.h>

struct planner {
	const struct spec_resources *wanted;  /* what to set */
	const struct spec_resources *whole;   /* what holds afterwards */
	struct resource_steps steps;
	unsigned flags;
	struct error *err;
};

/* ---- steps ------------------------------------------------------------------------- */

/* A limit where -1 is none, in the word of its world. */
static struct resource_step *add_limit(struct planner *p, const struct cgroup_group *group, const char *field, const char *file, int64_t value)
{
	if (value == -1)
		return resource_steps_write(&p->steps, group, field, file, "%s", group->is_v2 ? "max" : "-1");
	return resource_steps_write(&p->steps, group, field, file, "%" PRId64, value);
}

/* ---- failures ---------------------------------------------------------------------- */

static int fail_no_controller(struct planner *p, const char *field, enum cgroup_controller controller)
{
	const char *v1 = cgroup_controller_name(controller, false);

	error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: no control group of the container has the controller '%s'", field, v1);
	if (!user_namespace_is_first())
		error_hint(p->err, "a user limits what was delegated to him: `bivy doctor` tells what is missing");
	return -EOPNOTSUPP;
}

static int fail_not_in_v2(struct planner *p, const char *field)
{
	return error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: cgroup v2 has nothing for it", field);
}

static int fail_below_minus_one(struct planner *p, const char *field, int64_t value)
{
	return error_set(p->err, ERROR_INVALID, 0, "%s: %" PRId64 " is neither a limit nor -1", field, value);
}

/* ---- memory -------------------------------------------------------------------------- */

#define MEMORY "linux.resources.memory."

static int check_memory(struct planner *p, const struct spec_memory *m, const struct spec_memory *whole)
{
	const struct {
		const char *field;
		bool is_given;
		int64_t value;
	} limits[] = {
		{ MEMORY "limit", m->has_limit, m->limit },
		{ MEMORY "reservation", m->has_reservation, m->reservation },
		{ MEMORY "swap", m->has_swap, m->swap },
		{ MEMORY "kernel", m->has_kernel, m->kernel },
		{ MEMORY "kernelTCP", m->has_kernel_tcp, m->kernel_tcp },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].is_given && limits[i].value < -1)
			return fail_below_minus_one(p, limits[i].field, limits[i].value);
	if (m->has_swappiness && m->swappiness > 100)
		return error_set(p->err, ERROR_INVALID, 0, MEMORY "swappiness: %" PRIu64 " is not in 0..100", m->swappiness);
	if (!whole->has_swap || whole->swap <= 0)
		return 0;
	/* `swap` is memory and swap together, so it says nothing without the first. */
	if (!whole->has_limit || whole->limit <= 0)
		return error_set(p->err, ERROR_INVALID, 0, MEMORY "swap: needs a memory limit, for it counts memory and swap together");
	if (whole->swap < whole->limit)
		return error_set(p->err, ERROR_INVALID, 0, MEMORY "swap: %" PRId64 " is below the memory limit %" PRId64 ", but counts memory and swap together",
			whole->swap, whole->limit);
	return 0;
}

static void plan_usage_check(struct planner *p, const struct cgroup_group *group, const struct spec_memory *m)
{
	struct resource_step *step;

	if (!(p->flags & RESOURCES_UPDATE) || !m->check_before_update || !m->has_limit || m->limit <= 0)
		return;
	step = resource_steps_write(&p->steps, group, MEMORY "limit", group->is_v2 ? "memory.current" : "memory.usage_in_bytes", "%" PRId64, m->limit);
	step->kind = RESOURCE_CHECK_USAGE;
}

/*
 * v1 refuses a limit above memsw and a memsw below the limit: going down the
 * limit comes first, going up the deferral turns them round.
 */
static void plan_limits_v1(struct planner *p, const struct cgroup_group *group, const struct spec_memory *m)
{
	bool has_limit = m->has_limit && m->limit, has_swap = m->has_swap && m->swap;
	/* Taking the limit away takes the one on the sum away, unless that is given: it could not be below. */
	bool drop_swap = has_limit && m->limit == -1 && !has_swap;
	struct resource_step *step;

	if (has_limit) {
		step = add_limit(p, group, MEMORY "limit", "memory.limit_in_bytes", m->limit);
		if (has_swap || drop_swap)
			step->flags |= RESOURCE_DEFER;
	}
	if (has_swap || drop_swap) {
		int64_t swap = has_swap ? m->swap : -1;

		step = add_limit(p, group, has_swap ? MEMORY "swap" : MEMORY "limit", "memory.memsw.limit_in_bytes", swap);
		if (swap == -1)
			step->flags |= RESOURCE_OPTIONAL;
	}
}

static void plan_other_memory_v1(struct planner *p, const struct cgroup_group *group, const struct spec_memory *m)
{
	if (m->has_reservation && m->reservation)
		add_limit(p, group, MEMORY "reservation", "memory.soft_limit_in_bytes", m->reservation);
	/* Newer kernels take these two and do nothing. */
	if (m->has_kernel && m->kernel)
		add_limit(p, group, MEMORY "kernel", "memory.kmem.limit_in_bytes", m->kernel)->flags |= m->kernel > 0 ? RESOURCE_VERIFY : RESOURCE_OPTIONAL;
	if (m->has_kernel_tcp && m->kernel_tcp)
		add_limit(p, group, MEMORY "kernelTCP", "memory.kmem.tcp.limit_in_bytes", m->kernel_tcp)->flags |= m->kernel_tcp > 0 ? RESOURCE_VERIFY : RESOURCE_OPTIONAL;
	if (m->has_swappiness)
		resource_steps_write(&p->steps, group, MEMORY "swappiness", "memory.swappiness", "%" PRIu64, m->swappiness);
	if (m->has_disable_oom_killer && (m->disable_oom_killer || (p->flags & RESOURCES_UPDATE)))
		resource_steps_write(&p->steps, group, MEMORY "disableOOMKiller", "memory.oom_control", "%d", m->disable_oom_killer);
	if (m->has_use_hierarchy)
		resource_steps_write(&p->steps, group, MEMORY "useHierarchy", "memory.use_hierarchy", "%d", m->use_hierarchy);
}

/* v2 counts swap alone, so its limit is the difference and follows when either changes. */
static void plan_limits_v2(struct planner *p, const struct cgroup_group *group, const struct spec_memory *m, const struct spec_memory *whole)
{
	bool is_swap_touched = (m->has_swap && m->swap) || (m->has_limit && m->limit && whole->has_swap && whole->swap);
	bool drop_swap = m->has_limit && m->limit == -1 && !(m->has_swap && m->swap);

	if (is_swap_touched || drop_swap) {
		int64_t swap = drop_swap || whole->swap == -1 ? -1 : whole->swap - whole->limit;
		struct resource_step *step = add_limit(p, group, MEMORY "swap", "memory.swap.max", swap);

		/* A kernel without swap has no such file, and none to use. */
		if (swap <= 0)
			step->flags |= RESOURCE_OPTIONAL;
	}
	if (m->has_limit && m->limit)
		add_limit(p, group, MEMORY "limit", "memory.max", m->limit);
}

static int plan_other_memory_v2(struct planner *p, const struct cgroup_group *group, const struct spec_memory *m)
{
	if (m->has_reservation && m->reservation)
		add_limit(p, group, MEMORY "reservation", "memory.low", m->reservation);
	if (m->has_kernel && m->kernel > 0)
		return fail_not_in_v2(p, MEMORY "kernel");
	if (m->has_kernel_tcp && m->kernel_tcp > 0)
		return fail_not_in_v2(p, MEMORY "kernelTCP");
	if (m->has_swappiness)
		return fail_not_in_v2(p, MEMORY "swappiness");
	if (m->disable_oom_killer)
		return fail_not_in_v2(p, MEMORY "disableOOMKiller");
	if (m->has_use_hierarchy && !m->use_hierarchy)
		return fail_not_in_v2(p, MEMORY "useHierarchy");
	return 0;
}

/* The first member that limits something, or NULL. */
static const char *memory_need(const struct spec_memory *m)
{
	return m->has_limit && m->limit > 0 ? MEMORY "limit" : m->has_swap && m->swap > 0 ? MEMORY "swap" :
	       m->has_reservation && m->reservation > 0 ? MEMORY "reservation" : m->has_kernel && m->kernel > 0 ? MEMORY "kernel" :
	       m->has_kernel_tcp && m->kernel_tcp > 0 ? MEMORY "kernelTCP" : m->has_swappiness ? MEMORY "swappiness" :
	       m->disable_oom_killer ? MEMORY "disableOOMKiller" : NULL;
}

static int plan_memory(struct planner *p)
{
	const struct spec_memory *m = p->wanted->memory, *whole = p->whole->memory ? p->whole->memory : m;
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_MEMORY);
	int r;

	if (!m)
		return 0;
	r = check_memory(p, m, whole);
	if (r < 0)
		return r;
	if (!group)
		return memory_need(m) ? fail_no_controller(p, memory_need(m), CGROUP_MEMORY) : 0;
	plan_usage_check(p, group, m);
	if (group->is_v2) {
		plan_limits_v2(p, group, m, whole);
		return plan_other_memory_v2(p, group, m);
	}
	plan_limits_v1(p, group, m);
	plan_other_memory_v1(p, group, m);
	return 0;
}

/* ---- cpu ------------------------------------------------------------------------------- */

#define CPU "linux.resources.cpu."
#define SHARES_MIN 2
#define SHARES_MAX 262144

static int plan_shares(struct planner *p, const struct cgroup_group *group, const struct spec_cpu *c)
{
	if (!c->has_shares || !c->shares)
		return 0;
	if (group->is_v2) {
		resource_steps_write(&p->steps, group, CPU "shares", "cpu.weight", "%" PRIu64, resources_cpu_weight(c->shares));
		return 0;
	}
	/* v1 would clamp in silence. */
	if (c->shares < SHARES_MIN || c->shares > SHARES_MAX)
		return error_set(p->err, ERROR_INVALID, 0, CPU "shares: %" PRIu64 " is not in %d..%d", c->shares, SHARES_MIN, SHARES_MAX);
	resource_steps_write(&p->steps, group, CPU "shares", "cpu.shares", "%" PRIu64, c->shares);
	return 0;
}

/* An idle group has no weight to set: idle is cleared before the shares and set after them. */
static int plan_weight(struct planner *p, const struct cgroup_group *group, const struct spec_cpu *c)
{
	int r;

	if (c->has_idle && !c->idle)
		resource_steps_write(&p->steps, group, CPU "idle", "cpu.idle", "0")->flags |= RESOURCE_OPTIONAL;
	r = plan_shares(p, group, c);
	if (r == 0 && c->has_idle && c->idle)
		resource_steps_write(&p->steps, group, CPU "idle", "cpu.idle", "%" PRId64, c->idle);
	return r;
}

/*
 * The burst may not be above the quota, nor the quota below the burst; the
 * same for v1's period and quota against the parent's: the earlier is deferred.
 */
static void plan_bandwidth(struct planner *p, const struct cgroup_group *group, const struct spec_cpu *c, const struct spec_cpu *whole)
{
	bool has_quota = c->has_quota && c->quota, has_period = c->has_period && c->period;
	bool is_followed = has_quota || (group->is_v2 && has_period);
	const char *field = has_quota ? CPU "quota" : CPU "period";

	if (has_period && !group->is_v2)
		resource_steps_write(&p->steps, group, CPU "period", "cpu.cfs_period_us", "%" PRIu64, c->period)->flags |= has_quota ? RESOURCE_DEFER : 0;
	if (c->has_burst) {
		struct resource_step *step = resource_steps_write(&p->steps, group, CPU "burst", group->is_v2 ? "cpu.max.burst" : "cpu.cfs_burst_us", "%" PRIu64, c->burst);

		step->flags |= (is_followed ? RESOURCE_DEFER : 0) | (c->burst ? 0 : RESOURCE_OPTIONAL);
	}
	if (has_quota && !group->is_v2)
		resource_steps_write(&p->steps, group, CPU "quota", "cpu.cfs_quota_us", "%" PRId64, c->quota < 0 ? -1 : c->quota);
	if (group->is_v2 && (has_quota || has_period)) {
		char quota[24] = "max", period[24] = "";

		if (whole->has_quota && whole->quota > 0)
			snprintf(quota, sizeof quota, "%" PRId64, whole->quota);
		if (whole->has_period && whole->period)
			snprintf(period, sizeof period, " %" PRIu64, whole->period);
		resource_steps_write(&p->steps, group, field, "cpu.max", "%s%s", quota, period);
	}
}

static int plan_realtime(struct planner *p, const struct cgroup_group *group, const struct spec_cpu *c)
{
	bool has_period = c->has_realtime_period && c->realtime_period;
	bool has_runtime = c->has_realtime_runtime && (c->realtime_runtime || (p->flags & RESOURCES_UPDATE));

	if (group->is_v2) {
		if (c->has_realtime_runtime && c->realtime_runtime > 0)
			return fail_not_in_v2(p, CPU "realtimeRuntime");
		return has_period ? fail_not_in_v2(p, CPU "realtimePeriod") : 0;
	}
	if (has_period)
		resource_steps_write(&p->steps, group, CPU "realtimePeriod", "cpu.rt_period_us", "%" PRIu64, c->realtime_period)->flags |= has_runtime ? RESOURCE_DEFER : 0;
	if (has_runtime)
		resource_steps_write(&p->steps, group, CPU "realtimeRuntime", "cpu.rt_runtime_us", "%" PRId64, c->realtime_runtime)->flags |=
			c->realtime_runtime ? 0 : RESOURCE_OPTIONAL;
	return 0;
}

static const char *cpu_need(const struct spec_cpu *c)
{
	return c->has_shares && c->shares ? CPU "shares" : c->has_quota && c->quota > 0 ? CPU "quota" : c->has_period && c->period ? CPU "period" :
	       c->has_burst && c->burst ? CPU "burst" : c->has_idle && c->idle ? CPU "idle" :
	       c->has_realtime_runtime && c->realtime_runtime > 0 ? CPU "realtimeRuntime" :
	       c->has_realtime_period && c->realtime_period ? CPU "realtimePeriod" : NULL;
}

static int plan_cpuset(struct planner *p, const struct spec_cpu *c)
{
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_CPUSET);
	bool has_cpus = !str_is_empty(c->cpus), has_mems = !str_is_empty(c->mems);

	if (!group && (has_cpus || has_mems))
		return fail_no_controller(p, has_cpus ? CPU "cpus" : CPU "mems", CGROUP_CPUSET);
	if (has_cpus)
		resource_steps_write_text(&p->steps, group, CPU "cpus", "cpuset.cpus", c->cpus);
	if (has_mems)
		resource_steps_write_text(&p->steps, group, CPU "mems", "cpuset.mems", c->mems);
	return 0;
}

static int plan_cpu(struct planner *p)
{
	const struct spec_cpu *c = p->wanted->cpu, *whole = p->whole->cpu ? p->whole->cpu : c;
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_CPU);
	int r;

	if (!c)
		return 0;
	if (!group && cpu_need(c))
		return fail_no_controller(p, cpu_need(c), CGROUP_CPU);
	if (group) {
		r = plan_weight(p, group, c);
		if (r == 0)
			r = plan_realtime(p, group, c);
		if (r < 0)
			return r;
		plan_bandwidth(p, group, c, whole);
	}
	return plan_cpuset(p, c);
}

/* ---- pids ---------------------------------------------------------------------------------- */

static int plan_pids(struct planner *p)
{
	static const char field[] = "linux.resources.pids.limit";
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_PIDS);
	int64_t limit = p->wanted->pids_limit;

	if (!p->wanted->has_pids_limit)
		return 0;
	if (!group)
		return limit >= 0 ? fail_no_controller(p, field, CGROUP_PIDS) : 0;
	if (limit < 0)
		resource_steps_write(&p->steps, group, field, "pids.max", "max");
	else /* Init itself is there: 0 and 1 both mean no fork, and 1 is what others write for it. */
		resource_steps_write(&p->steps, group, field, "pids.max", "%" PRId64, limit ? limit : 1);
	return 0;
}

/* ---- block i/o -------------------------------------------------------------------------------- */

#define BLOCK "linux.resources.blockIO."

/* BFQ takes OCI's weight as it is; io.weight of v2 has a wider range; blkio.weight was CFQ's. */
static int plan_weight_of(struct planner *p, const struct cgroup_group *group, const char *field, const char *device, uint64_t weight)
{
	struct resource_step *step;

	if (weight < 10 || weight > 1000)
		return error_set(p->err, ERROR_INVALID, 0, "%s: %" PRIu64 " is not in 10..1000", field, weight);
	if (group->is_v2) {
		step = resource_steps_write(&p->steps, group, field, "io.bfq.weight", "%s%" PRIu64, device, weight);
		step->other_file = "io.weight";
		step->other_value = arena_printf(p->steps.plan.arena, "%s%" PRIu64, device, resources_io_weight(weight));
	} else {
		step = resource_steps_write(&p->steps, group, field, device[0] ? "blkio.bfq.weight_device" : "blkio.bfq.weight", "%s%" PRIu64, device, weight);
		step->other_file = device[0] ? "blkio.weight_device" : "blkio.weight";
		step->other_value = step->value;
	}
	if (device[0])
		step->flags |= RESOURCE_ONE_OF_MANY;
	return 0;
}

static int plan_leaf_weight(struct planner *p, const struct cgroup_group *group, const char *field, const char *device, uint64_t weight)
{
	if (group->is_v2)
		return fail_not_in_v2(p, field);
	/* Gone with CFQ in 5.0: newer kernels refuse by having no such file. */
	resource_steps_write(&p->steps, group, field, device[0] ? "blkio.leaf_weight_device" : "blkio.leaf_weight", "%s%" PRIu64, device, weight)->flags |=
		device[0] ? RESOURCE_ONE_OF_MANY : 0;
	return 0;
}

static int plan_weight_device(struct planner *p, const struct cgroup_group *group, size_t index)
{
	const struct spec_weight_device *d = &p->wanted->block_io->weight_devices[index];
	const char *device = arena_printf(p->steps.plan.arena, "%" PRId64 ":%" PRId64 " ", d->major, d->minor);
	const char *field = arena_printf(p->steps.plan.arena, BLOCK "weightDevice[%zu]", index);
	int r = 0;

	if (d->has_weight && d->weight)
		r = plan_weight_of(p, group, field, device, d->weight);
	if (r == 0 && d->has_leaf_weight && d->leaf_weight)
		r = plan_leaf_weight(p, group, field, device, d->leaf_weight);
	return r;
}

static void plan_throttle(struct planner *p, const struct cgroup_group *group, enum spec_throttle_kind kind)
{
	static const char *const fields[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = "throttleReadBpsDevice",
		[THROTTLE_WRITE_BPS] = "throttleWriteBpsDevice",
		[THROTTLE_READ_IOPS] = "throttleReadIOPSDevice",
		[THROTTLE_WRITE_IOPS] = "throttleWriteIOPSDevice",
	};
	const struct spec_block_io *b = p->wanted->block_io;

	for (size_t i = 0; i < b->throttle_count[kind]; i++) {
		const struct spec_throttle_device *d = &b->throttle[kind][i];
		const char *field = arena_printf(p->steps.plan.arena, BLOCK "%s[%zu]", fields[kind], i);

		resource_steps_throttle(&p->steps, group, field, kind, d->major, d->minor, d->rate);
	}
}

static const char *block_need(const struct spec_block_io *b)
{
	if (b->has_weight && b->weight)
		return BLOCK "weight";
	if (b->has_leaf_weight && b->leaf_weight)
		return BLOCK "leafWeight";
	if (b->weight_device_count)
		return BLOCK "weightDevice";
	for (int i = 0; i < THROTTLE_KIND_COUNT; i++)
		if (b->throttle_count[i])
			return "linux.resources.blockIO";
	return NULL;
}

static int plan_block_io(struct planner *p)
{
	const struct spec_block_io *b = p->wanted->block_io;
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_IO);
	int r = 0;

	if (!b || !block_need(b))
		return 0;
	if (!group)
		return fail_no_controller(p, block_need(b), CGROUP_IO);
	if (b->has_weight && b->weight)
		r = plan_weight_of(p, group, BLOCK "weight", "", b->weight);
	if (r == 0 && b->has_leaf_weight && b->leaf_weight)
		r = plan_leaf_weight(p, group, BLOCK "leafWeight", "", b->leaf_weight);
	for (size_t i = 0; r == 0 && i < b->weight_device_count; i++)
		r = plan_weight_device(p, group, i);
	for (int kind = 0; r == 0 && kind < THROTTLE_KIND_COUNT; kind++)
		plan_throttle(p, group, kind);
	return r;
}

/* ---- huge pages, network, rdma ------------------------------------------------------------------ */

static int plan_hugetlb(struct planner *p)
{
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_HUGETLB);

	for (size_t i = 0; i < p->wanted->hugepage_limit_count; i++) {
		const struct spec_hugepage_limit *h = &p->wanted->hugepage_limits[i];
		const char *field = arena_printf(p->steps.plan.arena, "linux.resources.hugepageLimits[%zu]", i);
		const char *end = group && group->is_v2 ? "max" : "limit_in_bytes";

		if (!group)
			return fail_no_controller(p, field, CGROUP_HUGETLB);
		resource_steps_write(&p->steps, group, field, arena_printf(p->steps.plan.arena, "hugetlb.%s.%s", h->page_size, end), "%" PRIu64, h->limit);
		/* Since 5.7 also what is reserved and not yet touched. */
		resource_steps_write(&p->steps, group, field, arena_printf(p->steps.plan.arena, "hugetlb.%s.rsvd.%s", h->page_size, end), "%" PRIu64, h->limit)->flags |=
			RESOURCE_OPTIONAL;
	}
	return 0;
}

static int plan_network(struct planner *p)
{
	static const char class_field[] = "linux.resources.network.classID";
	const struct cgroup_group *class = cgroup_set_find(p->steps.set, CGROUP_NET_CLS), *priority = cgroup_set_find(p->steps.set, CGROUP_NET_PRIO);
	uint32_t id = p->wanted->class_id;

	if (p->wanted->has_class_id && !class && id)
		return fail_no_controller(p, class_field, CGROUP_NET_CLS);
	if (p->wanted->has_class_id && class)
		resource_steps_write(&p->steps, class, class_field, "net_cls.classid", "%" PRIu32, id);
	for (size_t i = 0; i < p->wanted->priority_count; i++) {
		const struct spec_interface_priority *q = &p->wanted->priorities[i];
		const char *field = arena_printf(p->steps.plan.arena, "linux.resources.network.priorities[%zu]", i);

		if (!priority)
			return fail_no_controller(p, field, CGROUP_NET_PRIO);
		resource_steps_write(&p->steps, priority, field, "net_prio.ifpriomap", "%.200s %" PRIu32, q->name, q->priority)->flags |= RESOURCE_ONE_OF_MANY;
	}
	return 0;
}

static int plan_rdma(struct planner *p)
{
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_RDMA);

	for (size_t i = 0; i < p->wanted->rdma_count; i++) {
		const struct spec_rdma *d = &p->wanted->rdma[i];
		const char *field = arena_printf(p->steps.plan.arena, "linux.resources.rdma.%s", d->device);
		char handles[32] = "", objects[32] = "";

		if (!d->has_handles && !d->has_objects)
			continue;
		if (!group)
			return fail_no_controller(p, field, CGROUP_RDMA);
		if (d->has_handles)
			snprintf(handles, sizeof handles, " hca_handle=%" PRIu32, d->handles);
		if (d->has_objects)
			snprintf(objects, sizeof objects, " hca_object=%" PRIu32, d->objects);
		resource_steps_write(&p->steps, group, field, "rdma.max", "%.128s%s%s", d->device, handles, objects)->flags |= RESOURCE_ONE_OF_MANY;
	}
	return 0;
}

/* ---- unified ---------------------------------------------------------------------------------------- */

/* Files that move or end processes, or change what the group is: no limits, and 0 in them would mean ourselves. */
static bool is_no_limit(const char *file)
{
	static const char *const files[] = { "cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.type" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(file, files[i]) == 0)
			return true;
	return false;
}

static int plan_unified_file(struct planner *p, const struct cgroup_group *group, const struct spec_pair *pair)
{
	const char *file = pair->key, *dot = strchr(file, '.');
	const char *field = arena_printf(p->steps.plan.arena, "linux.resources.unified.%s", file);
	char *copy = arena_strdup(p->steps.plan.arena, pair->value), *rest = NULL;
	size_t lines = 0;
	int controller;

	if (!dot || dot == file || strchr(file, '/'))
		return error_set(p->err, ERROR_INVALID, 0, "%s: is not the name of a control group's file", field);
	if (is_no_limit(file))
		return error_set(p->err, ERROR_INVALID, 0, "%s: is not a limit", field);
	controller = cgroup_controller_parse(file, (size_t)(dot - file));
	if (!group)
		return error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: the container has no cgroup v2 group", field);
	if (controller >= 0 && !(group->controllers & CGROUP_BIT(controller)))
		return error_set(p->err, ERROR_UNSUPPORTED, 0, "cannot set %s: the controller '%s' is not in cgroup v2 on this host", field,
			cgroup_controller_name(controller, true));

	/* A table takes one line per write. */
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++)
		resource_steps_write_text(&p->steps, group, field, file, line);
	if (!lines)
		resource_steps_write_text(&p->steps, group, field, file, "");
	return 0;
}

static int plan_unified(struct planner *p)
{
	const struct cgroup_group *group = cgroup_set_v2(p->steps.set);
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->wanted->unified_count; i++)
		r = plan_unified_file(p, group, &p->wanted->unified[i]);
	return r;
}

/* ---- devices -------------------------------------------------------------------------------------------- */

static int plan_devices(struct planner *p)
{
	static const char field[] = "linux.resources.devices";
	const struct cgroup_group *group = cgroup_set_find(p->steps.set, CGROUP_DEVICES);
	struct resource_plan *plan = &p->steps.plan;
	struct device_list list;
	struct resource_step *step;

	if (p->flags & RESOURCES_NO_DEVICES)
		return 0;
	if ((p->flags & RESOURCES_UPDATE) && !p->wanted->device_count)
		return 0;
	devices_collect(plan->arena, p->wanted->devices, p->wanted->device_count, &plan->device_rules, &plan->device_rule_count);
	if (!group) {
		/* Everything allowed needs nobody to watch it. */
		if (devices_normalise(plan->arena, plan->device_rules, plan->device_rule_count, &list, NULL) == 0 && list.default_allow && !list.count)
			return 0;
		return fail_no_controller(p, field, CGROUP_DEVICES);
	}
	if (!group->is_v2) {
		int r = devices_normalise(plan->arena, plan->device_rules, plan->device_rule_count, &list, p->err);

		if (r < 0)
			return r;
	}
	step = resource_steps_add(&p->steps, group, field);
	step->kind = RESOURCE_DEVICES;
	step->flags |= p->flags & RESOURCES_UPDATE ? RESOURCE_DELTA : 0;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------- */

int resources_plan(const struct spec_resources *resources, const struct spec_resources *current, const struct cgroup_set *set, unsigned flags, struct resource_plan *ret, struct error *err)
{
	static int (*const parts[])(struct planner *) = {
		plan_devices, plan_memory, plan_cpu, plan_pids, plan_block_io, plan_hugetlb, plan_network, plan_rdma, plan_unified,
	};
	struct planner planner = {
		.wanted = resources,
		.whole = current ? current : resources,
		.steps = { .set = set, .plan = { .arena = arena_new() } },
		.flags = flags,
		.err = err,
	};

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

void resource_plan_done(struct resource_plan *plan)
{
	arena_free(plan->arena);
	*plan = RESOURCE_PLAN_INIT;
}
