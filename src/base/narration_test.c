/* SPDX-License-Identifier: Apache-2.0 */
#include "base/narration.h"
#include "base/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LONGEST 4096

static int ends[2];

static int open_pipe(void **state _unused_)
{
	return pipe(ends);
}

static int close_pipe(void **state _unused_)
{
	narration_open(-1);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static const char *heard(void)
{
	static char text[2 * LONGEST];
	ssize_t n = read(ends[0], text, sizeof text - 1);

	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static void test_a_line(void **state _unused_)
{
	assert_false(narration_is_on());
	narrate("to nobody");
	narration_open(ends[1]);
	assert_int_equal(narration_fd(), ends[1]);
	role_set("init");
	errno = EDOM;
	narrate("sethostname(\"%s\")", "a\033[31mb\nc");
	assert_int_equal(errno, EDOM);
	assert_string_equal(heard(), "init        sethostname(\"a?[31mb?c\")\n");
}

static void test_too_long(void **state _unused_)
{
	char text[2 * LONGEST];
	const char *line;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	narration_open(ends[1]);
	role_set("a process with a long name");
	narrate("%s", text);
	line = heard();
	assert_int_equal(strlen(line), LONGEST - 1);
	assert_int_equal(line[LONGEST - 2], '\n');
	assert_int_equal(strncmp(line, "a process with a long name  xxx", 31), 0);
}

static void test_flags(void **state _unused_)
{
	static const struct narration_flag flags[] = { { 1, "ONE" }, { 4, "FOUR" } };
	char text[64], small[6];

	assert_string_equal(narration_flags(0, flags, 2, text, sizeof text), "0");
	assert_string_equal(narration_flags(5, flags, 2, text, sizeof text), "ONE|FOUR");
	assert_string_equal(narration_flags(6, flags, 2, text, sizeof text), "FOUR|0x2");
	assert_string_equal(narration_flags(0x10, flags, 2, text, sizeof text), "0x10");
	assert_string_equal(narration_flags(5, flags, 2, small, sizeof small), "ONE|F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_line, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(test_too_long, open_pipe, close_pipe),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
