/* SPDX-License-Identifier: Apache-2.0 */
#include "host/feature_probe.h"

#include "host/child_test.h"

#include <errno.h>
#include <sys/prctl.h>
#include <string.h>
#include <unistd.h>

/* The tests would not have come this far without these. */
static void test_calls(void **state _unused_)
{
	struct features features;

	assert_int_equal(feature_probe(&features), 0);
	assert_int_equal(features.result[FEATURE_OPENAT2], 0);
	assert_int_equal(features.result[FEATURE_PIDFD], 0);
	assert_int_equal(features.result[FEATURE_CLOSE_RANGE], 0);
	assert_int_equal(features.result[FEATURE_SECCOMP], 0);
}

/* What says no is said by its errno, and what needs it was not tried. */
static int without_privilege(void)
{
	struct features features;

	CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	/* No file of /proc/self is ours otherwise: the maps could not be written. */
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	CHECK(feature_probe(&features) == 0);
	for (int i = 0; i < FEATURE_COUNT; i++)
		CHECK(features.result[i] <= FEATURE_NOT_TRIED);
	if (features.result[FEATURE_USER_NAMESPACE] != 0)
		CHECK(features.result[FEATURE_USER_NAMESPACE] < 0 && features.result[FEATURE_OVERLAY] == FEATURE_NOT_TRIED);
	else
		CHECK(features.result[FEATURE_CGROUP_NAMESPACE] == 0 && features.result[FEATURE_NETWORK_NAMESPACE] <= 0);
	return 0;
}
IN_CHILD(without_privilege, 0)

/* Nothing of it is seen where it was asked. */
static int nothing_is_left(void)
{
	struct features features;
	char before[64] = "", after[64] = "";

	CHECK(readlink("/proc/self/ns/mnt", before, sizeof before - 1) > 0);
	CHECK(feature_probe(&features) == 0);
	CHECK(features.result[FEATURE_USER_NAMESPACE] != FEATURE_NOT_TRIED);
	CHECK(readlink("/proc/self/ns/mnt", after, sizeof after - 1) > 0 && strcmp(before, after) == 0);
	CHECK(access("/sys/class/net/bivy-a", F_OK) < 0);
	return 0;
}
IN_CHILD(nothing_is_left, CLONE_NEWNS | CLONE_NEWNET)

static void test_idmapped(void **state _unused_)
{
	if (geteuid() != 0)
		skip();
	assert_int_not_equal(feature_probe_idmapped("/proc/self"), 0); /* no file system that has owners */
	assert_true(feature_probe_idmapped("/nowhere-at-all") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_without_privilege),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_idmapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
