/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OPENMETRICS "application/openmetrics-text"

static void test_prometheus(void **state)
{
	static const char *const old = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
				       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
	static const char *const newer = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.3,*/*;q=0.2";

	(void)state;
	assert_int_equal(api_accept_quality(old, OPENMETRICS, "1.0.0"), 1000);
	assert_int_equal(api_accept_quality(old, OPENMETRICS, "0.0.1"), 750);
	assert_int_equal(api_accept_quality(old, "text/plain", "0.0.4"), 500);
	assert_int_equal(api_accept_quality(newer, OPENMETRICS, "1.0.0"), 500);
	assert_int_equal(api_accept_quality(newer, "text/plain", "0.0.4"), 200); /* its text is another version */
}

static void test_ranges(void **state)
{
	(void)state;
	assert_int_equal(api_accept_quality(NULL, "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("", "text/plain", "1"), 0);
	assert_int_equal(api_accept_quality("*/*", "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("TEXT/*; Q=0.3", "text/plain", "1"), 300);
	assert_int_equal(api_accept_quality("text/*;q=0.3, */*;q=0.9", "text/plain", "1"), 300);
	assert_int_equal(api_accept_quality("text/plain;q=0, */*", "text/plain", "1"), 0);
	assert_int_equal(api_accept_quality("text/plain", "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("text/plain;version=2", "text/plain", "1"), 0);
	assert_int_equal(api_accept_quality("text/plain ; version=\"1\" ; q=0.25", "text/plain", "1"), 250);
	assert_int_equal(api_accept_quality("text/html, text/plain", "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("text/plainer", "text/plain", "1"), 0);
	/* A comma in quotes ends nothing. */
	assert_int_equal(api_accept_quality("a/b;c=\"x,text/plain\\\",*/*\";q=0.5", "text/plain", "1"), 0);
}

static void test_what_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(api_accept_quality(",;,=;q,text/plain;q=0.1", "text/plain", "1"), 100);
	assert_int_equal(api_accept_quality("text/plain;q=7", "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("text/plain;q=0.12345", "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("text/plain;q=", "text/plain", "1"), 1000);
	assert_int_equal(api_accept_quality("text/plain;q=0.001", "text/plain", "1"), 1);
	assert_int_equal(api_accept_quality("\"", "text/plain", "1"), 0);
	assert_int_equal(api_accept_quality("text/plain;a=\"\\", "text/plain", "1"), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
