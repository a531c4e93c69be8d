/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/net_limit.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_limits(void **state _unused_)
{
	static const struct {
		const char *text;
		struct spec_net_limit expected;
	} cases[] = {
		{ "10mbit", { 10000000, 10000000, 0 } },
		{ "down=1.5Mbit", { 1500000, 0, 0 } },
		{ "up=512kbit,priority=7", { 0, 512000, 7 } },
		{ "down=1gbps,up=9000", { 8000000000, 9000, 0 } },
		{ "priority=1", { 0, 0, 1 } },
		{ "none", { 0, 0, 0 } },
		{ "1mbit,down=none,priority=none", { 0, 1000000, 0 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_net_limit limit = { .priority = 0 };
		struct error err = ERROR_INIT;

		if (spec_net_limit_parse(cases[i].text, &limit, &err) < 0)
			fail_msg("'%s': %s", cases[i].text, err.message);
		assert_int_equal(limit.down_bps, cases[i].expected.down_bps);
		assert_int_equal(limit.up_bps, cases[i].expected.up_bps);
		assert_int_equal(limit.priority, cases[i].expected.priority);
	}
}

static void test_wrong(void **state _unused_)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "expected a rate such as 10mbit or 1.5mbps, not ''" },
		{ "10mb", "expected a rate such as 10mbit or 1.5mbps, not '10mb'" },
		{ "down=", "expected a rate such as 10mbit or 1.5mbps, not ''" },
		{ "up=1..5mbit", "expected a rate such as 10mbit or 1.5mbps, not '1..5mbit'" },
		{ "down=99999999999999999999gbit", "expected a rate such as 10mbit or 1.5mbps, not '99999999999999999999gbit'" },
		{ "up=7999", "the rate '7999' is less than 8000 bits per second" },
		{ "priority=8", "expected a priority from 1 (last) to 7 (first), not '8'" },
		{ "rate=1mbit", "expected down=RATE, up=RATE or priority=N, not 'rate=1mbit'" },
		{ "1mbit,", "expected a rate such as 10mbit or 1.5mbps, not ''" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_net_limit limit = { .priority = 0 };
		struct error err = ERROR_INIT;

		assert_int_not_equal(spec_net_limit_parse(cases[i].text, &limit, &err), 0);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(limit.down_bps, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests_name("spec/net_limit", tests, NULL, NULL);
}
