/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/openmetrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LABELS(...) ((const struct openmetrics_label[]){ __VA_ARGS__, { NULL, NULL } })

static const struct openmetrics_family counter = { "x_time_seconds", OPENMETRICS_COUNTER, "seconds", "Time." };
static const struct openmetrics_family gauge = { "x_bytes", OPENMETRICS_GAUGE, "bytes", "Size." };
static const struct openmetrics_family info = { "x_build", OPENMETRICS_INFO, NULL, "What." };
static const struct openmetrics_family histogram = { "x_pull_seconds", OPENMETRICS_HISTOGRAM, "seconds", "How long." };

static void write_all(enum openmetrics_form form, struct buf *out)
{
	static const uint32_t bounds_ms[] = { 100, 1000 };
	static const uint64_t buckets[] = { 1, 2, 3 };
	struct openmetrics m = OPENMETRICS_INIT(out, form);

	openmetrics_begin(&m, &info);
	openmetrics_add(&m, LABELS({ "version", "1.0" }), 1);
	openmetrics_begin(&m, &gauge);
	openmetrics_begin(&m, &counter); /* of the one before there is nothing */
	m.created_ns = 1500000000;
	openmetrics_add_ns(&m, LABELS({ "name", "a" }, { "mode", "user" }), 2000001000);
	openmetrics_add_ns(&m, LABELS({ "name", "b" }, { "mode", "user" }), 3);
	openmetrics_begin(&m, &gauge);
	openmetrics_add(&m, NULL, UINT64_MAX);
	openmetrics_begin(&m, &histogram);
	openmetrics_add_histogram(&m, LABELS({ "result", "success" }),
		&(struct openmetrics_histogram){ .bounds_ms = bounds_ms, .buckets = buckets, .bound_count = 2, .sum_ns = 12000000000 });
	openmetrics_end(&m);
}

static void test_openmetrics(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	(void)state;
	write_all(OPENMETRICS_1, &out);
	assert_string_equal(out.data, "# HELP x_build What.\n# TYPE x_build info\nx_build_info{version=\"1.0\"} 1\n"
				      "# HELP x_time_seconds Time.\n# TYPE x_time_seconds counter\n# UNIT x_time_seconds seconds\n"
				      "x_time_seconds_total{name=\"a\",mode=\"user\"} 2.000001\nx_time_seconds_created{name=\"a\",mode=\"user\"} 1.500\n"
				      "x_time_seconds_total{name=\"b\",mode=\"user\"} 0.000000003\nx_time_seconds_created{name=\"b\",mode=\"user\"} 1.500\n"
				      "# HELP x_bytes Size.\n# TYPE x_bytes gauge\n# UNIT x_bytes bytes\nx_bytes 18446744073709551615\n"
				      "# HELP x_pull_seconds How long.\n# TYPE x_pull_seconds histogram\n# UNIT x_pull_seconds seconds\n"
				      "x_pull_seconds_bucket{result=\"success\",le=\"0.1\"} 1\nx_pull_seconds_bucket{result=\"success\",le=\"1.0\"} 3\n"
				      "x_pull_seconds_bucket{result=\"success\",le=\"+Inf\"} 6\nx_pull_seconds_count{result=\"success\"} 6\n"
				      "x_pull_seconds_sum{result=\"success\"} 12\nx_pull_seconds_created{result=\"success\"} 1.500\n# EOF\n");
}

static void test_text(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	(void)state;
	write_all(OPENMETRICS_TEXT, &out);
	assert_string_equal(out.data, "# HELP x_build_info What.\n# TYPE x_build_info gauge\nx_build_info{version=\"1.0\"} 1\n"
				      "# HELP x_time_seconds_total Time.\n# TYPE x_time_seconds_total counter\n"
				      "x_time_seconds_total{name=\"a\",mode=\"user\"} 2.000001\nx_time_seconds_total{name=\"b\",mode=\"user\"} 0.000000003\n"
				      "# HELP x_bytes Size.\n# TYPE x_bytes gauge\nx_bytes 18446744073709551615\n"
				      "# HELP x_pull_seconds How long.\n# TYPE x_pull_seconds histogram\n"
				      "x_pull_seconds_bucket{result=\"success\",le=\"0.1\"} 1\nx_pull_seconds_bucket{result=\"success\",le=\"1\"} 3\n"
				      "x_pull_seconds_bucket{result=\"success\",le=\"+Inf\"} 6\nx_pull_seconds_count{result=\"success\"} 6\n"
				      "x_pull_seconds_sum{result=\"success\"} 12\n");
}

/* What comes of a label's value. */
static void assert_value(const char *value, const char *expected)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_free_ char *line = str_printf("x_bytes{name=\"%s\"} -1\n", expected);
	struct openmetrics m = OPENMETRICS_INIT(&out, OPENMETRICS_1);

	openmetrics_begin(&m, &gauge);
	openmetrics_add_signed(&m, LABELS({ "name", value }), -1);
	assert_string_equal(strstr(out.data, "x_bytes{"), line);
}

static void test_values(void **state)
{
	_cleanup_free_ char *wide = NULL, *longest = NULL;

	(void)state;
	assert_value(NULL, "");
	assert_value("a\"b\\c\nd", "a\\\"b\\\\c\\nd");
	assert_value("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\x95", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\x95");
	assert_value("\xff", "\xef\xbf\xbd");
	assert_value("\xc3", "\xef\xbf\xbd");             /* cut off */
	assert_value("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
	assert_value("\xe0\x80\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
	assert_value("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
	assert_value("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	longest = str_printf("%0*d", OPENMETRICS_VALUE_LIMIT, 0);
	wide = str_printf("%s1", longest);
	assert_value(wide, longest);
	/* A character is not cut in two. */
	longest[OPENMETRICS_VALUE_LIMIT - 1] = '\0';
	free(wide);
	wide = str_printf("%s\xc3\xa4", longest);
	assert_value(wide, longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openmetrics),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
