/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/http_line.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A good line is good however much of it has come. */
static void test_good(void **state _unused_)
{
	static const char *const lines[] = {
		"GET / HTTP/1.1\r\nHost: d\r\n\r\n", "HEAD /_ping HTTP/1.0\n", "\r\nPOST /v1.41/containers/a%20b/start?x=1 HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n",
		"GET http://docker/_ping HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		for (size_t length = 0; length <= strlen(lines[i]); length++)
			assert_null(spec_http_line_judge(lines[i], length));
}

static void test_bad(void **state _unused_)
{
	static const char *const lines[][2] = {
		{ "NONSENSE\r\n", "the request does not begin with a method" },
		{ " GET / HTTP/1.1\r\n", "the request does not begin with a method" },
		{ "get / HTTP/1.1\r\n", "the request does not begin with a method" },
		{ "\x16\x03\x01", "the request does not begin with a method" },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "the request does not begin with a method" },
		{ "GET  HTTP/1.1\r\n", "the request's target is no path" },
		{ "GET x HTTP/1.1\r\n", "the request's target is no path" },
		{ "GET /\r\n", "the request's target is no path" },
		{ "GET /\xff HTTP/1.1\r\n", "the request's target is no path" },
		{ "GET / HTTX/1.1\r\n", "the request's version is not HTTP/1.1" },
		{ "GET / HTTP/1.12\r\n", "the request's version is not HTTP/1.1" },
		{ "GET / \r\n", "the request's version is not HTTP/1.1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_string_equal(spec_http_line_judge(lines[i][0], strlen(lines[i][0])), lines[i][1]);
	assert_non_null(spec_http_line_judge("GET /\0 HTTP/1.1\r\n", 17));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
