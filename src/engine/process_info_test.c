/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process_info.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REST "-1 4194560 100 0 0 0 4321 179 0 0 20 0 1 0 123456 4096 10 18446744073709551615"
#define STATUS "Name:\tx\nUmask:\t0022\nUid:\t5\t6\t7\t8\nGid:\t1\t1\t1\t1\n"

static struct arena *arena;

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int parse(const char *stat, const char *status, const char *cmdline, size_t length, struct process_info *ret)
{
	*ret = (struct process_info){ .pid = 77 };
	return process_info_parse(arena, stat, status, cmdline, length, ret);
}

static void test_parse(void **state)
{
	struct process_info info;

	(void)state;
	assert_int_equal(parse("42 (sh) S 41 42 42 34819 " REST, STATUS, "sh\0-c\0a b\n", 10, &info), 0);
	assert_int_equal(info.pid, 42);
	assert_int_equal(info.parent, 41);
	assert_int_equal(info.uid, 6);
	assert_int_equal(info.terminal, 34819);
	assert_int_equal(info.cpu_ticks, 4500);
	assert_int_equal(info.start_ticks, 123456);
	assert_string_equal(info.command, "sh -c a b?");
}

static void test_names(void **state)
{
	struct process_info info;

	(void)state;
	assert_int_equal(parse("42 (a) S 1 (b)) S 41 42 42 0 " REST, STATUS, "", 0, &info), 0);
	assert_int_equal(info.parent, 41);
	assert_string_equal(info.command, "[a) S 1 (b)]");
	assert_int_equal(parse("42 (\033[2J) S 41 42 42 0 " REST, STATUS, "\0\0", 2, &info), 0);
	assert_string_equal(info.command, "[?[2J]");
}

static void test_damaged(void **state)
{
	static const char *const damaged[] = { "", "42", "42 (sh", "42 )sh( S 1", ("x (sh) S 41 42 42 0 " REST), "42 (sh) S 41 42 42 0 0" };
	struct process_info info;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		assert_int_equal(parse(damaged[i], STATUS, "", 0, &info), -EBADMSG);
		assert_int_equal(info.pid, 77);
	}
	assert_int_equal(parse("42 (sh) S 41 42 42 0 " REST, "Name:\tUid:\t1\n", "", 0, &info), -EBADMSG);
	assert_int_equal(parse("42 (sh) S 41 42 42 0 " REST, "Uid:\t1", "", 0, &info), -EBADMSG);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(process_info_terminal(arena, 0), "?");
	assert_string_equal(process_info_terminal(arena, 34819), "pts/3");
	assert_string_equal(process_info_terminal(arena, 137 << 8), "pts/256");
	assert_string_equal(process_info_terminal(arena, (4 << 8) + 1), "tty1");
	assert_string_equal(process_info_terminal(arena, (4 << 8) + 65), "ttyS1");
	assert_string_equal(process_info_time(arena, 0), "00:00:00");
	assert_string_equal(process_info_time(arena, 6599), "00:01:05");
	assert_string_equal(process_info_time(arena, (uint64_t)100 * 3600 * 123), "123:00:00");
}

static void test_start(void **state)
{
	const time_t now = 1717243200; /* 2024-06-01 12:00 */

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(process_info_start(arena, now - 3600, now), "11:00");
	assert_string_equal(process_info_start(arena, now - 24 * 3600, now), "May31");
	assert_string_equal(process_info_start(arena, now - 365 * 24 * 3600, now), "2023");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, make_arena, free_arena);
}
