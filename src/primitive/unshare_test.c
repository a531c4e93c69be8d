/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/unshare.h"

#include "host/syscalls.h"

#include <setjmp.h>
#include <sched.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_ranges(void **state _unused_)
{
	static const char *const wrong[] = { "", "0", "0:1", "0:1:0", "0:1:2:3", "a:1:2", "-1:0:1", "0:0:4294967296", "4294967295:0:1", "0:4294967294:2", "0:1:1 " };
	struct idmap_range range = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(unshare_parse_range("0:100000:65536", &range, &err), 0);
	assert_int_equal(range.inside, 0);
	assert_int_equal(range.outside, 100000);
	assert_int_equal(range.size, 65536);
	assert_int_equal(unshare_parse_range("0:0:4294967295", &range, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_true(unshare_parse_range(wrong[i], &range, &err) < 0);
		assert_string_equal(err.message, "expected INSIDE:OUTSIDE:COUNT, such as 0:100000:65536");
		assert_int_equal(range.size, UINT32_MAX);
	}
}

static void test_implied(void **state _unused_)
{
	assert_int_equal(unshare_namespaces(&(struct unshare_request){ .mounts_proc = true }), CLONE_NEWNS | CLONE_NEWPID);
	assert_int_equal(unshare_namespaces(&(struct unshare_request){ .hostname = "x", .namespaces = CLONE_NEWIPC }), CLONE_NEWUTS | CLONE_NEWIPC);
	assert_int_equal(unshare_namespaces(&(struct unshare_request){ .boottime = { .is_given = true } }), CLONE_NEWTIME);
	assert_int_equal(unshare_namespaces(&(struct unshare_request){ .mapping = UNSHARE_MAP_GIVEN }), CLONE_NEWUSER);
	assert_int_equal(unshare_namespaces(&(struct unshare_request){ .mapping = UNSHARE_MAP_USUAL }), 0);
}

static void test_kinds(void **state _unused_)
{
	_cleanup_free_ char *two = namespace_flags_text(CLONE_NEWNS | CLONE_NEWUSER), *none = namespace_flags_text(0);
	unsigned all = 0;

	assert_string_equal(two, "CLONE_NEWUSER|CLONE_NEWNS");
	assert_string_equal(none, "0");
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		assert_false(all & namespace_kinds[i].flag);
		all |= namespace_kinds[i].flag;
	}
	assert_int_equal(all, CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranges), cmocka_unit_test(test_implied), cmocka_unit_test(test_kinds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
