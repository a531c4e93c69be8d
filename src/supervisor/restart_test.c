/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/restart.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_policies(void **state _unused_)
{
	static const struct {
		struct restart_facts facts;
		bool due;
	} cases[] = {
		{ { .policy = NULL, .exit_code = 1 }, false },
		{ { .policy = "no", .exit_code = 1 }, false },
		{ { .policy = "always", .exit_code = 0 }, true },
		{ { .policy = "always", .exit_code = 1, .count = 1000 }, true },
		{ { .policy = "always", .stopped = true }, false },
		{ { .policy = "unless-stopped" }, true },
		{ { .policy = "unless-stopped", .stopped = true }, false },
		{ { .policy = "on-failure" }, false },
		{ { .policy = "on-failure", .exit_code = 1 }, true },
		{ { .policy = "on-failure", .exit_code = 1, .count = 100 }, true },
		{ { .policy = "on-failure", .exit_code = 1, .maximum = 3, .count = 2 }, true },
		{ { .policy = "on-failure", .exit_code = 1, .maximum = 3, .count = 3 }, false },
		{ { .policy = "on-failure", .exit_code = 1, .stopped = true }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t wait_ns = -1;

		if (restart_is_due(&cases[i].facts, &wait_ns) != cases[i].due)
			fail_msg("case %zu", i);
		assert_true(cases[i].due ? wait_ns == RESTART_FIRST_NS : wait_ns == -1);
	}
}

static void test_waits(void **state _unused_)
{
	struct restart_facts facts = { .policy = "always" };
	int64_t sum_ns = 0;

	for (int i = 0; i < 12; i++) {
		int64_t before = facts.last_wait_ns;

		assert_true(restart_is_due(&facts, &facts.last_wait_ns));
		assert_true(facts.last_wait_ns > before || facts.last_wait_ns == RESTART_LONGEST_NS);
		sum_ns += facts.last_wait_ns;
	}
	assert_true(facts.last_wait_ns == RESTART_LONGEST_NS);
	assert_true(sum_ns == (INT64_C(102300) + 2 * 60000) * 1000000);
	facts.lived_ns = RESTART_GOOD_NS;
	assert_true(restart_is_due(&facts, &facts.last_wait_ns));
	assert_true(facts.last_wait_ns == RESTART_FIRST_NS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_policies), cmocka_unit_test(test_waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
