/* SPDX-License-Identifier: Apache-2.0 */
/* Against libseccomp itself: seccomp_test.c, test_order_oracle(). */
#include "host/seccomp_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define EQ(argument, value) { argument, SECCOMP_IS_EQ, value, 0 }
#define NE(argument, value) { argument, SECCOMP_IS_NE, value, 0 }
#define LT(argument, value) { argument, SECCOMP_IS_LT, value, 0 }
#define LE(argument, value) { argument, SECCOMP_IS_LE, value, 0 }
#define GE(argument, value) { argument, SECCOMP_IS_GE, value, 0 }
#define GT(argument, value) { argument, SECCOMP_IS_GT, value, 0 }
#define MASKED(argument, mask, value) { argument, SECCOMP_IS_MASKED_EQ, value, mask }

struct given {
	size_t count;
	struct seccomp_condition conditions[3];
};

static void assert_order(const struct given *given, size_t count, bool is_32bit, const char *expected)
{
	struct seccomp_order order = { 0 };
	char found[32] = "";

	for (size_t i = 0; i < count; i++)
		seccomp_order_add(&order, &(struct seccomp_rule){ .action = (uint32_t)('a' + i), .conditions = given[i].conditions, .condition_count = given[i].count }, is_32bit);
	assert_true(order.count < sizeof found);
	for (size_t i = 0; i < order.count; i++)
		found[i] = (char)order.rules[i].action;
	assert_string_equal(found, expected);
	free(order.rules);
}

#define ASSERT_ORDER(expected, ...)                                                       \
	do {                                                                              \
		static const struct given given[] = { __VA_ARGS__ };                      \
		assert_order(given, sizeof given / sizeof given[0], false, expected); \
	} while (0)

static void test_one_condition(void **state)
{
	(void)state;
	/* Arguments, the later first. */
	ASSERT_ORDER("bca", { 1, { EQ(0, 9) } }, { 1, { GE(2, 1) } }, { 1, { EQ(1, 1) } });
	/* Kinds of comparisons. */
	ASSERT_ORDER("cba", { 1, { GE(0, 9) } }, { 1, { LE(0, 5) } }, { 1, { EQ(0, 1) } });
	/* Values. */
	ASSERT_ORDER("cba", { 1, { EQ(0, 1) } }, { 1, { NE(0, 3) } }, { 1, { EQ(0, 5) } });
	ASSERT_ORDER("bac", { 1, { LT(0, 5) } }, { 1, { LE(0, 3) } }, { 1, { LE(0, 7) } });
	ASSERT_ORDER("bac", { 1, { GE(0, 5) } }, { 1, { GT(0, 7) } }, { 1, { GE(0, 3) } });
	ASSERT_ORDER("ba", { 1, { EQ(0, 9) } }, { 1, { EQ(0, 0x100000000) } });
	/* Where the order of the policy decides. */
	ASSERT_ORDER("ab", { 1, { LE(0, 5) } }, { 1, { LT(0, 5) } });
	ASSERT_ORDER("ab", { 1, { LT(0, 5) } }, { 1, { LE(0, 5) } });
	/* A mask that says nothing about the upper half agrees with others in its value only. */
	ASSERT_ORDER("ab", { 1, { MASKED(0, 1, 1) } }, { 1, { EQ(0, 9) } });
	ASSERT_ORDER("cab", { 1, { EQ(0, 5) } }, { 1, { MASKED(0, 7, 7) } }, { 1, { EQ(0, 9) } });
}

static void test_several_conditions(void **state)
{
	(void)state;
	ASSERT_ORDER("ba", { 2, { EQ(0, 1), EQ(1, 1) } }, { 2, { EQ(0, 1), EQ(1, 2) } });
	ASSERT_ORDER("ba", { 2, { EQ(0, 1), EQ(1, 1) } }, { 2, { EQ(2, 2), EQ(0, 1) } });
	ASSERT_ORDER("ba", { 2, { EQ(0, 1), EQ(1, 1) } }, { 1, { EQ(1, 1) } });
	/* Written in another order. */
	ASSERT_ORDER("a", { 2, { EQ(0, 1), EQ(1, 2) } }, { 2, { EQ(1, 2), EQ(0, 1) } });
	/* One begins as the other. */
	ASSERT_ORDER("ab", { 2, { EQ(0, 1), EQ(1, 1) } }, { 1, { EQ(0, 1) } });
	ASSERT_ORDER("ab", { 1, { EQ(0, 1) } }, { 2, { EQ(0, 1), EQ(1, 1) } });
}

static void test_the_same_conditions(void **state)
{
	(void)state;
	ASSERT_ORDER("ab", { 1, { EQ(0, 1) } }, { 1, { NE(0, 1) } }, { 1, { EQ(0, 1) } }, { 1, { NE(0, 1) } });
	ASSERT_ORDER("ab", { 1, { GE(0, 1) } }, { 1, { LT(0, 1) } });
	/* About one argument: a rule for each. */
	ASSERT_ORDER("aba", { 2, { EQ(0, 1), EQ(0, 5) } }, { 1, { EQ(0, 3) } }, { 1, { EQ(0, 5) } });
}

static void test_32bit(void **state)
{
	static const struct given given[] = { { 1, { EQ(0, 0x100000001) } }, { 1, { EQ(0, 5) } }, { 1, { EQ(0, 0x200000005) } } };

	(void)state;
	assert_order(given, 3, true, "ba");
	assert_order(given, 3, false, "cab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_condition),
		cmocka_unit_test(test_several_conditions),
		cmocka_unit_test(test_the_same_conditions),
		cmocka_unit_test(test_32bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
