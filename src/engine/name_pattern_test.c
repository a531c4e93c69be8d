/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/name_pattern.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_cost(void **state _unused_)
{
	static const struct {
		const char *text;
		size_t cost;
	} cases[] = {
		{ "", 0 },
		{ "^/web-1$", 0 },
		{ "a|b|(c)", 0 },
		{ "a*", 2 },
		{ "ab*c", 4 },
		{ "a{255}", 255 },
		{ "a{2,7}", 7 },
		{ "a{3,}", 4 },
		{ "(ab){3}", 9 },
		{ "[]a-c*]{4}", 4 },
		{ "[^]]{4}", 4 },
		{ "[[:alpha:]]{5}x", 6 },
		{ "\\*{6}", 6 },
		{ "((a{255}){255})", (255 + 1) * 255 + 1 },
		{ "(((a{99999999999999999999999}){255}){255})", SIZE_MAX },
		{ "a{", 1 },
		{ "a{1", 1 },
		{ "[*", 1 },
		{ "[[:*", 1 },
		{ "*\\", 1 },
		{ "(a*", SIZE_MAX },
		{ "a*)b", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (name_pattern_cost(cases[i].text) != cases[i].cost)
			fail_msg("'%s' takes %zu, not %zu", cases[i].text, name_pattern_cost(cases[i].text), cases[i].cost);
}

static void test_compile(void **state _unused_)
{
	size_t budget = NAME_PATTERN_BUDGET;
	regex_t pattern;

	assert_int_equal(name_pattern_compile("^a{1,3}$", &budget, &pattern), 0);
	assert_int_equal(budget, NAME_PATTERN_BUDGET - 5);
	assert_int_equal(regexec(&pattern, "aaa", 0, NULL, 0), 0);
	assert_int_equal(regexec(&pattern, "aaaa", 0, NULL, 0), REG_NOMATCH);
	regfree(&pattern);
	assert_int_equal(name_pattern_compile("(((a{255}){255}){255})", &budget, &pattern), -E2BIG);
	assert_int_equal(name_pattern_compile("(a", &budget, &pattern), -EINVAL);
	assert_int_equal(name_pattern_compile("[a*", &budget, &pattern), -EINVAL);
	assert_int_equal(budget, NAME_PATTERN_BUDGET - 5);
	/* One after the other is no way around. */
	budget = 100;
	assert_int_equal(name_pattern_compile("a{60}", &budget, &pattern), 0);
	regfree(&pattern);
	assert_int_equal(name_pattern_compile("a{60}", &budget, &pattern), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
