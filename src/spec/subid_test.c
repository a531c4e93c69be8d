/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/subid.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What is found of TEXT for "alice", 1000, as "FIRST+COUNT …". */
static void expect(const char *text, const char *expected)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf found = BUF_INIT;
	struct spec_subid *list = NULL;
	size_t count = 0;

	spec_subid_read(arena, text, "alice", 1000, &list, &count);
	for (size_t i = 0; i < count; i++)
		buf_printf(&found, "%s%u+%u", i ? " " : "", list[i].first, list[i].count);
	assert_string_equal(found.data ? found.data : "", expected);
}

static void test_ranges(void **state)
{
	(void)state;
	expect("", "");
	expect("alice:100000:65536\n", "100000+65536");
	expect("alice:100000:65536", "100000+65536");
	expect("bob:1:2\nalice:3:4\n1000:9:1\nalicea:1:1\n10:1:1\n", "3+4 9+1");
	expect("alice:100:10\nalice:105:10\nalice:110:1\n", "100+10 110+1");
}

static void test_nonsense(void **state)
{
	(void)state;
	expect("alice\nalice:\nalice:1\nalice:1:\nalice:1:0\nalice:x:1\nalice:1:2:3\nalice:-1:5\n:1:1\n\n", "");
	expect("alice:4294967295:1\nalice:4294967296:1\nalice:4294967290:6\nalice:4294967290:5\n", "4294967290+5");
}

static void test_limits(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_subid *list = NULL;
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&text, "%0*d\nalice:%u:1\n", 700, 0, i * 2);
	spec_subid_read(arena, text.data, NULL, 1, &list, &count);
	assert_int_equal(count, 0);
	spec_subid_read(arena, text.data, "alice", 1, &list, &count);
	assert_int_equal(count, SPEC_SUBID_LIMIT);
	assert_int_equal(list[SPEC_SUBID_LIMIT - 1].first, (SPEC_SUBID_LIMIT - 1) * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranges), cmocka_unit_test(test_nonsense), cmocka_unit_test(test_limits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
