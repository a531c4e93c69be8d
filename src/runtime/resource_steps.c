/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/resource_steps.h"

#include <inttypes.h>
#include <stdarg.h>

struct resource_step *resource_steps_add(struct resource_steps *steps, const struct cgroup_group *group, const char *field)
{
	struct resource_plan *plan = &steps->plan;
	struct resource_step *step;

	if (plan->count == steps->capacity) {
		size_t capacity = steps->capacity ? 2 * steps->capacity : 32;
		struct resource_step *list = arena_alloc(plan->arena, capacity, sizeof *list);

		if (plan->count)
			memcpy(list, plan->steps, plan->count * sizeof *list);
		plan->steps = list;
		steps->capacity = capacity;
	}
	step = &plan->steps[plan->count++];
	*step = (struct resource_step){ .field = field, .group = (size_t)(group - steps->set->groups) };
	return step;
}

struct resource_step *resource_steps_write_text(struct resource_steps *steps, const struct cgroup_group *group, const char *field, const char *file,
						const char *text)
{
	struct resource_step *step = resource_steps_add(steps, group, field);

	step->file = file;
	step->value = arena_strdup(steps->plan.arena, text);
	return step;
}

struct resource_step *resource_steps_write(struct resource_steps *steps, const struct cgroup_group *group, const char *field, const char *file,
					   const char *format, ...)
{
	char value[256];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof value, format, args);
	va_end(args);
	return resource_steps_write_text(steps, group, field, file, value);
}

struct resource_step *resource_steps_throttle(struct resource_steps *steps, const struct cgroup_group *group, const char *field, enum spec_throttle_kind kind,
					      int64_t major, int64_t minor, uint64_t rate)
{
	static const struct {
		const char *v1, *v2;
	} names[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = { "blkio.throttle.read_bps_device", "rbps" },
		[THROTTLE_WRITE_BPS] = { "blkio.throttle.write_bps_device", "wbps" },
		[THROTTLE_READ_IOPS] = { "blkio.throttle.read_iops_device", "riops" },
		[THROTTLE_WRITE_IOPS] = { "blkio.throttle.write_iops_device", "wiops" },
	};
	struct resource_step *step;

	if (!group->is_v2)
		step = resource_steps_write(steps, group, field, names[kind].v1, "%" PRId64 ":%" PRId64 " %" PRIu64, major, minor, rate);
	else if (rate)
		step = resource_steps_write(steps, group, field, "io.max", "%" PRId64 ":%" PRId64 " %s=%" PRIu64, major, minor, names[kind].v2, rate);
	else
		step = resource_steps_write(steps, group, field, "io.max", "%" PRId64 ":%" PRId64 " %s=max", major, minor, names[kind].v2);
	step->flags |= RESOURCE_ONE_OF_MANY;
	return step;
}
