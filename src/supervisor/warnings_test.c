/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/warnings.h"
#include "base/log.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What it says, without its time. */
static const char *text_of(const struct warnings *warnings, size_t i)
{
	const char *blank = strchr(warnings->list[i], ' ');

	assert_non_null(blank);
	assert_true(str_starts_with(warnings->list[i], "20"));
	return blank + 1;
}

static void test_the_log_is_heard(void **state _unused_)
{
	struct warnings warnings = { .count = 0 };

	log_warning("before");
	warnings_collect(&warnings);
	log_info("not worth it");
	log_debug("nor this");
	assert_false(warnings.has_news);
	log_warning("cannot write '%s'", "x");
	assert_true(warnings.has_news);
	log_error("worse");
	warnings_collect(NULL);
	log_warning("after");
	assert_int_equal(warnings.count, 2);
	assert_string_equal(text_of(&warnings, 0), "cannot write 'x'");
	assert_string_equal(text_of(&warnings, 1), "worse");
	assert_null(warnings.list[2]);
	warnings_done(&warnings);
	assert_null(warnings.list[0]);
}

/* However long it goes on, it takes little room. */
static void test_the_last_ones_stay(void **state _unused_)
{
	struct warnings warnings = { .count = 0 };
	char text[2000];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "number %d", i);
		warnings_add(&warnings, text);
	}
	assert_int_equal(warnings.count, WARNINGS_KEPT);
	assert_string_equal(text_of(&warnings, 0), "number 92");
	assert_string_equal(text_of(&warnings, WARNINGS_KEPT - 1), "number 99");
	assert_null(warnings.list[WARNINGS_KEPT]);
	warnings.has_news = false;
	warnings_add(&warnings, "number 99");
	assert_false(warnings.has_news);
	assert_string_equal(text_of(&warnings, 0), "number 92");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	warnings_add(&warnings, text);
	warnings_add(&warnings, text);
	assert_int_equal(strlen(text_of(&warnings, WARNINGS_KEPT - 1)), WARNINGS_BYTES);
	assert_string_equal(text_of(&warnings, 0), "number 93");
	warnings_done(&warnings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_log_is_heard),
		cmocka_unit_test(test_the_last_ones_stay),
	};

	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
