/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config_update.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EXPECT(before, changes, after)                                                               \
	do {                                                                                         \
		_cleanup_buf_ struct buf out = BUF_INIT;                                             \
		struct error err = ERROR_INIT;                                                       \
		if (spec_config_update(before, strlen(before), changes, &out, &err) < 0)             \
			fail_msg("%s", err.message);                                                 \
		assert_string_equal(out.data, after);                                                \
	} while (0)

static void test_what_nobody_knows_stays(void **state)
{
	struct spec_resources r = { .has_pids_limit = true, .pids_limit = -1 };

	(void)state;
	EXPECT("{\"x\":[1,null,2.5,-3],\"linux\":{\"y\":{},\"resources\":{\"z\":\"\\u00e9\",\"pids\":{\"limit\":7,\"w\":true}}}}", &r,
		"{\"x\":[1,null,2.5,-3],\"linux\":{\"y\":{},\"resources\":{\"z\":\"\303\251\",\"pids\":{\"limit\":-1,\"w\":true}}}}");
}

static void test_made_where_missing(void **state)
{
	struct spec_cpu cpu = { .has_shares = true, .shares = 512, .cpus = (char *)"0-1" };
	struct spec_resources r = { .cpu = &cpu };

	(void)state;
	EXPECT("{}", &r, "{\"linux\":{\"resources\":{\"cpu\":{\"shares\":512,\"cpus\":\"0-1\"}}}}");
	EXPECT("{\"linux\":{\"resources\":null}}", &r, "{\"linux\":{\"resources\":{\"cpu\":{\"shares\":512,\"cpus\":\"0-1\"}}}}");
}

static void test_memory(void **state)
{
	struct spec_memory m = { .has_limit = true, .limit = -1 };
	struct spec_resources r = { .memory = &m };
	static const char before[] = "{\"linux\":{\"resources\":{\"memory\":{\"limit\":5,\"swap\":9}}}}";

	(void)state;
	EXPECT(before, &r, "{\"linux\":{\"resources\":{\"memory\":{\"limit\":-1,\"swap\":-1}}}}");
	m.limit = 7;
	m.has_disable_oom_killer = true;
	EXPECT(before, &r, "{\"linux\":{\"resources\":{\"memory\":{\"limit\":7,\"swap\":9,\"disableOOMKiller\":false}}}}");
}

static void test_entries_of_lists(void **state)
{
	struct spec_throttle_device throttle[] = { { 8, 0, 5 }, { 8, 16, 6 } };
	struct spec_block_io b = { .throttle = { throttle }, .throttle_count = { 2 } };
	struct spec_hugepage_limit huge = { (char *)"2MB", 4 };
	struct spec_rdma rdma = { .device = (char *)"mlx", .has_objects = true, .objects = 1 };
	struct spec_pair unified = { (char *)"memory.high", (char *)"max" };
	struct spec_resources r = {
		.block_io = &b, .hugepage_limits = &huge, .hugepage_limit_count = 1, .rdma = &rdma, .rdma_count = 1, .unified = &unified, .unified_count = 1,
	};

	(void)state;
	EXPECT("{\"linux\":{\"resources\":{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1}]},"
	       "\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":1},{\"pageSize\":\"2MB\",\"limit\":1}],"
	       "\"rdma\":{\"mlx\":{\"hcaHandles\":2}},\"unified\":{\"pids.max\":\"1\"}}}}",
		&r,
		"{\"linux\":{\"resources\":{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5},{\"major\":8,\"minor\":16,\"rate\":6}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":1},{\"pageSize\":\"2MB\",\"limit\":4}],"
		"\"rdma\":{\"mlx\":{\"hcaHandles\":2,\"hcaObjects\":1}},\"unified\":{\"pids.max\":\"1\",\"memory.high\":\"max\"}}}}");
}

static void test_device_rules_are_replaced(void **state)
{
	struct spec_device_rule rules[] = { { false, 'a', SPEC_WILDCARD, SPEC_WILDCARD, 0 }, { true, 'c', 1, SPEC_WILDCARD, 1 | 4 } };
	struct spec_resources r = { .devices = rules, .device_count = 2 };

	(void)state;
	EXPECT("{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}}}", &r,
		"{\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"type\":\"a\",\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"access\":\"rm\"}]}}}");
}

static void test_no_document(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_resources r = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(spec_config_update("{", 1, &r, &out, &err) < 0);
	assert_true(spec_config_update("[]", 2, &r, &out, &err) < 0);
	assert_string_equal(err.message, "expected object, found array");
	assert_int_equal(out.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nobody_knows_stays),
		cmocka_unit_test(test_made_where_missing),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_entries_of_lists),
		cmocka_unit_test(test_device_rules_are_replaced),
		cmocka_unit_test(test_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
