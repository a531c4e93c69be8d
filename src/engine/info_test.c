/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/info.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <sys/utsname.h>

static struct info_report gather(struct arena *arena)
{
	struct info_report report = { 0 };
	struct error err = ERROR_INIT;

	if (info_gather(arena, &report, &err) < 0)
		fail_msg("%s", err.message);
	return report;
}

static void test_kernel(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct info_report report = gather(arena);
	struct utsname names;

	assert_int_equal(uname(&names), 0);
	assert_string_equal(report.kernel, names.release);
	assert_string_equal(report.machine, names.machine);
}

/* Every controller that is told names a mount that has its file, and none comes twice. */
static void test_controllers(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct info_report report = gather(arena);

	if (report.cgroup_mode == INFO_CGROUPS_NONE)
		assert_int_equal(report.controller_count, 0);
	for (size_t i = 0; i < report.controller_count; i++) {
		const struct info_controller *controller = &report.controllers[i];

		assert_true(controller->version == 1 || controller->version == 2);
		assert_int_equal(controller->mount[0], '/');
		assert_int_equal(access(arena_printf(arena, "%s/cgroup.procs", controller->mount), F_OK), 0);
		if (report.cgroup_mode == INFO_CGROUPS_V1)
			assert_int_equal(controller->version, 1);
		if (report.cgroup_mode == INFO_CGROUPS_V2)
			assert_int_equal(controller->version, 2);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(controller->name, report.controllers[k].name);
	}
}

static bool has_namespace(const struct info_report *report, const char *name)
{
	for (size_t i = 0; report->namespaces[i]; i++)
		if (str_equal(report->namespaces[i], name))
			return true;
	return false;
}

static void test_namespaces(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct info_report report = gather(arena);

	/* Every kernel of the last ten years has these, and nothing is told that it has not. */
	assert_true(has_namespace(&report, "mount"));
	assert_true(has_namespace(&report, "pid"));
	assert_true(has_namespace(&report, "network"));
	assert_int_equal(has_namespace(&report, "time"), access("/proc/self/ns/time", F_OK) == 0);
}

static void test_capabilities(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct info_report report = gather(arena);
	size_t count = 0;

	while (report.capability_names[count])
		assert_true(str_starts_with(report.capability_names[count++], "CAP_"));
	assert_int_equal(count, __builtin_popcountll(report.capabilities));
	if (report.has_all_capabilities)
		assert_true(report.capabilities & 1); /* CAP_CHOWN */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
