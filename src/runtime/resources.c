/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a plan of limits out, prints it, and holds the conversions of units. */
#include "runtime/resources.h"

#include "runtime/devices.h"

#include <fcntl.h>
#include <inttypes.h>

#define DEVICES_LIST_LIMIT (1u << 20)

/* ---- conversions ----------------------------------------------------------------- */

/* log2 of X >= 1, to about 1e-15: the whole part by halving, then bit by bit by squaring. */
static double log2_of(double x)
{
	double result = 0, bit = 0.5;

	while (x >= 2) {
		x /= 2;
		result += 1;
	}
	for (int i = 0; i < 52; i++) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			result += bit;
		}
		bit /= 2;
	}
	return result;
}

/* 10 to the power of X, 0 <= X <= 4: whole powers, then the series of e^y with y < ln 10. */
static double power_of_ten(double x)
{
	double result = 1, term = 1, sum = 1;

	while (x >= 1) {
		x -= 1;
		result *= 10;
	}
	for (int i = 1; i < 40; i++) {
		term *= x * 2.302585092994045684 / i;
		sum += term;
	}
	return result * sum;
}

/*
 * A quadratic through (2, 1), (1024, 100) and (262144, 10000) on logarithmic
 * axes, rounded up: what runc and crun have used since 2025, so that the
 * default of one world is the default of the other. (Libraries for mathematics
 * are not linked.)
 */
uint64_t resources_cpu_weight(uint64_t shares)
{
	double l, weight;
	uint64_t whole;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2_of((double)shares);
	weight = power_of_ten((l * l + 125 * l) / 612 - 7.0 / 34);
	whole = (uint64_t)weight;
	return weight - (double)whole > 1e-9 ? whole + 1 : whole;
}

uint64_t resources_io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* ---- carrying out ------------------------------------------------------------------ */

static int fail_write(const struct resource_step *step, const struct cgroup_group *group, const char *file, const char *value, int code, struct error *err)
{
	_cleanup_free_ char *path = cgroup_file_path(group, file);
	int r = error_errno(err, code, "cannot set %s: cannot write '%.64s' to '%s'", step->field, value, path);
	uint64_t used;

	if (code == ENOENT && group->is_v2)
		error_hint(err, "this kernel has no such file, or a group above does not hand the controller down (cgroup.subtree_control)");
	if (code == EBUSY && cgroup_read_u64(group, "memory.usage_in_bytes", &used) == 0)
		error_hint(err, "%" PRIu64 " MiB are in use, and not all of it could be given back", used >> 20);
	return r;
}

static int verify(const struct resource_step *step, const struct cgroup_group *group, struct error *err)
{
	_cleanup_free_ char *path = cgroup_file_path(group, step->file), *text = NULL;
	int r = cgroup_read(group, step->file, 4096, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot set %s: cannot read '%s'", step->field, path);
	/* The kernel may round to pages, but not by more. */
	if (strtoull(text, NULL, 10) / 65536 == strtoull(step->value, NULL, 10) / 65536)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, 0, "cannot set %s: the kernel takes '%.64s' for '%s' but keeps '%.64s'", step->field, step->value, path, text);
}

/* -EINVAL of a step that can be deferred leaves *ERR alone. */
static int write_step(const struct resource_step *step, const struct cgroup_group *group, bool is_again, struct error *err)
{
	const char *file = step->file, *value = step->value;
	int r = cgroup_write(group, file, value);

	if (r == -ENOENT && step->other_file) {
		int other = cgroup_write(group, step->other_file, step->other_value);

		if (other != -ENOENT) {
			r = other;
			file = step->other_file;
			value = step->other_value;
		}
	}
	if (r == -ENOENT && (step->flags & RESOURCE_OPTIONAL))
		return 0;
	if (r == -EINVAL && (step->flags & RESOURCE_DEFER) && !is_again)
		return r;
	if (r < 0)
		return fail_write(step, group, file, value, -r, err);
	return step->flags & RESOURCE_VERIFY ? verify(step, group, err) : 0;
}

static int check_usage(const struct resource_step *step, const struct cgroup_group *group, struct error *err)
{
	_cleanup_free_ char *path = cgroup_file_path(group, step->file);
	uint64_t used = 0, limit = strtoull(step->value, NULL, 10);
	int r = cgroup_read_u64(group, step->file, &used);

	if (r < 0)
		return error_errno(err, -r, "cannot set %s: cannot read '%s'", step->field, path);
	if (used <= limit)
		return 0;
	error_set(err, ERROR_BUSY, 0, "cannot set %s: %" PRIu64 " bytes are in use ('%s'), more than %" PRIu64, step->field, used, path, limit);
	return -EBUSY;
}

static int write_device_change(int fd, const struct device_change *change)
{
	size_t length = strlen(change->text);

	ssize_t n;

	do
		n = write(fd, change->text, length);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)length ? 0 : -errno;
}

static int write_devices_v1(const struct resource_step *step, const struct cgroup_group *group, const struct resource_plan *plan, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int allow = openat(group->fd, "devices.allow", O_WRONLY | O_CLOEXEC);
	_cleanup_close_ int deny = openat(group->fd, "devices.deny", O_WRONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct device_list wanted, current;
	struct device_change *changes;
	size_t count;
	int r;

	if (allow < 0 || deny < 0)
		return fail_write(step, group, "devices.deny", "a", errno, err);
	r = devices_normalise(arena, plan->device_rules, plan->device_rule_count, &wanted, err);
	if (r < 0)
		return r;
	if ((step->flags & RESOURCE_DELTA) && cgroup_read(group, "devices.list", DEVICES_LIST_LIMIT, &text) == 0)
		devices_parse_list(arena, text, &current);
	devices_compare(arena, text ? &current : NULL, &wanted, &changes, &count);
	for (size_t i = 0; i < count; i++) {
		r = write_device_change(changes[i].allow ? allow : deny, &changes[i]);
		if (r < 0)
			return fail_write(step, group, changes[i].allow ? "devices.allow" : "devices.deny", changes[i].text, -r, err);
	}
	return 0;
}

static int attach_devices_v2(const struct resource_step *step, const struct cgroup_group *group, const struct resource_plan *plan, struct error *err)
{
	struct device_instruction *program = NULL;
	_cleanup_free_ char *path = cgroup_file_path(group, NULL);
	size_t count = 0;
	int r = device_filter_compile(plan->device_rules, plan->device_rule_count, &program, &count);

	if (r == 0)
		r = device_filter_attach(group->fd, program, count);
	free(program);
	return r < 0 ? error_errno(err, -r, "cannot set %s: cannot attach a device filter to '%s'", step->field, path) : 0;
}

int resource_step_apply(const struct resource_plan *plan, const struct resource_step *step, const struct cgroup_set *set, bool is_again, struct error *err)
{
	const struct cgroup_group *group = &set->groups[step->group];

	switch (step->kind) {
	case RESOURCE_WRITE:
		return write_step(step, group, is_again, err);
	case RESOURCE_CHECK_USAGE:
		return check_usage(step, group, err);
	case RESOURCE_DEVICES:
		return group->is_v2 ? attach_devices_v2(step, group, plan, err) : write_devices_v1(step, group, plan, err);
	}
	return error_set(err, ERROR_INTERNAL, 0, "unknown step of %s", step->field);
}

int resources_apply(const struct resource_plan *plan, const struct cgroup_set *set, struct error *err)
{
	size_t first_deferred = 0, deferred = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct resource_step *step = &plan->steps[i];
		int r = resource_step_apply(plan, step, set, false, err);

		if (r == -EINVAL && (step->flags & RESOURCE_DEFER)) {
			first_deferred = deferred++ ? first_deferred : i;
			continue;
		}
		if (r < 0)
			return r;
		if (!deferred || (step->flags & RESOURCE_DEFER))
			continue;
		/* Steps between that went well go again; that changes nothing. */
		for (size_t j = first_deferred; j < i; j++) {
			r = resource_step_apply(plan, &plan->steps[j], set, true, err);
			if (r < 0)
				return r;
		}
		deferred = 0;
	}
	return 0;
}

/* ---- printing ------------------------------------------------------------------------ */

static void print_devices(const struct resource_plan *plan, const struct cgroup_group *group, const char *field, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct device_list list;
	struct device_change *changes;
	size_t count;

	if (group->is_v2) {
		_cleanup_free_ char *path = cgroup_file_path(group, NULL);

		for (size_t i = 0; i < plan->device_rule_count; i++) {
			char text[64];

			devices_format(&plan->device_rules[i], text, sizeof text);
			buf_printf(out, "%s device filter: %s %s  (%s)\n", path, plan->device_rules[i].allow ? "allow" : "deny", text, field);
		}
		return;
	}
	if (devices_normalise(arena, plan->device_rules, plan->device_rule_count, &list, NULL) < 0)
		return;
	devices_compare(arena, NULL, &list, &changes, &count);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *path = cgroup_file_path(group, changes[i].allow ? "devices.allow" : "devices.deny");

		buf_printf(out, "%s = %s  (%s)\n", path, changes[i].text, field);
	}
}

void resources_print(const struct resource_plan *plan, const struct cgroup_set *set, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct resource_step *step = &plan->steps[i];
		const struct cgroup_group *group = &set->groups[step->group];
		_cleanup_free_ char *path = step->file ? cgroup_file_path(group, step->file) : NULL;

		if (step->kind == RESOURCE_DEVICES) {
			print_devices(plan, group, step->field, out);
			continue;
		}
		buf_printf(out, "%s %s %s", path, step->kind == RESOURCE_CHECK_USAGE ? "<=" : "=", step->value);
		if (step->other_file)
			buf_printf(out, " or %s = %s", step->other_file, step->other_value);
		buf_printf(out, "  (%s)\n", step->field);
	}
}
