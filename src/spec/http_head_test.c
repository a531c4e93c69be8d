/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/http_head.h"
#include "base/str.h"
#include "spec/http_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What is good is no fault however much of it has come, and whole at its end. */
static void test_good(void **state _unused_)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\nHost: d\r\n\r\n",
		"HEAD /_ping HTTP/1.0\n\n",
		"\r\r\n\nGET / HTTP/1.0\r\n\r\n",
		"\r\nPOST /v1.41/containers/a%20b/start?x=1 HTTP/1.1\r\nhost:\r\nContent-Length: 12\r\nX-Odd!#$: \t a \xc3\xa4\t\r\n\r\n",
		"POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: Chunked\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nContent-Length: 3 \r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
	};
	struct spec_http_fault fault;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		size_t length = strlen(heads[i]);

		for (size_t part = 0; part < length; part++)
			assert_int_equal(spec_http_head_judge(heads[i], part, &fault), 0);
		assert_int_equal(spec_http_head_judge(heads[i], length, &fault), 1);
	}
}

static void test_bad(void **state _unused_)
{
	static const struct {
		const char *head;
		unsigned status;
		const char *text;
	} cases[] = {
		{ "NONSENSE\r\n\r\n", 400, "the request does not begin with a method" },
		{ "\r\r\n\n\rget /\n\n", 400, "the request does not begin with a method" },
		{ "GET / HTTP/1.1\rx\n\n", 505, "the request's version is not HTTP/1.1" },
		{ "GET / HTTP/2.0\r\n\r\n", 505, "the request's version is not HTTP/1.1" },
		{ "GET / HTTP/1.1\r\n\r\n", 400, "the request does not have one Host" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "the request does not have one Host" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", 400, "a header of the request has no name" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400, "a header of the request has no name" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c: d\r\n\r\n", 400, "the name of a header of the request is none" },
		{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "the name of a header of the request is none" },
		{ "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, "a header of the request is no text" },
		{ "GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n", 400, "a header of the request is no text" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "the request's Content-Length is no number of bytes" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", 400, "the request's Content-Length is no number of bytes" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "the request's Content-Length is no number of bytes" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "the request has two lengths" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "the request has a length and chunks" },
		{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "the request has a length and chunks" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400, "the request's Transfer-Encoding is not 'chunked'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_http_fault fault = { 0 };

		assert_int_equal(spec_http_head_judge(cases[i].head, strlen(cases[i].head), &fault), -EBADMSG);
		assert_string_equal(fault.text, cases[i].text);
		assert_int_equal(fault.status, cases[i].status);
	}
}

/* As of a later request of a connection, whose head nobody has seen as a whole. */
static void test_headers(void **state _unused_)
{
	static const struct {
		const char *version, *pairs[3][2], *text;
	} cases[] = {
		{ "HTTP/1.1", { { "Host", "d" }, { "Content-Length", "3" } }, NULL },
		{ "HTTP/1.1", { { "host", "d" }, { "transfer-encoding", " chunked " } }, NULL },
		{ "HTTP/1.0", { { "Content-Length", "3" } }, NULL },
		{ "HTTP/1.1", { { "Content-Length", "3" } }, "the request does not have one Host" },
		{ "HTTP/1.1", { { "Host", "d" }, { "Host", "d" } }, "the request does not have one Host" },
		{ "HTTP/1.1", { { "Host", "d" }, { "Content-Length", "3" }, { "Content-Length", "4" } }, "the request has two lengths" },
		{ "HTTP/1.1", { { "Host", "d" }, { "Content-Length", "3" }, { "Transfer-Encoding", "chunked" } }, "the request has a length and chunks" },
		{ "HTTP/1.1", { { "Host", "d" }, { "Transfer-Encoding", "xchunked" } }, "the request's Transfer-Encoding is not 'chunked'" },
		{ "HTTP/1.1", { { "Host", "d" }, { "Transfer-Encoding ", "chunked" } }, "the name of a header of the request is none" },
		{ "HTTP/1.1", { { "Host", "d" }, { "", "x" } }, "a header of the request has no name" },
		{ "HTTP/1.1", { { "Host", "d" }, { "X", "a\nb" } }, "a header of the request is no text" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_http_fault fault = { 0 };
		struct spec_pair pairs[3];
		size_t count = 0;

		for (; count < 3 && cases[i].pairs[count][0]; count++)
			pairs[count] = (struct spec_pair){ .key = (char *)cases[i].pairs[count][0], .value = (char *)cases[i].pairs[count][1] };
		assert_int_equal(spec_http_headers_judge(cases[i].version, pairs, count, &fault), cases[i].text ? -EBADMSG : 0);
		assert_true(str_equal(fault.text, cases[i].text));
	}
}

/* A NUL is a byte as others are. */
static void test_nul(void **state _unused_)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
	struct spec_http_fault fault = { 0 };

	assert_int_equal(spec_http_head_judge(head, sizeof head - 1, &fault), -EBADMSG);
	assert_string_equal(fault.text, "a header of the request is no text");
}

static void test_too_much(void **state _unused_)
{
	_cleanup_buf_ struct buf head = BUF_INIT;
	struct spec_http_fault fault = { 0 };

	buf_add_text(&head, "GET / HTTP/1.1\r\nHost: d\r\n");
	for (int i = 0; i < 100; i++)
		buf_printf(&head, "X-%d: x\r\n", i);
	assert_int_equal(spec_http_head_judge(head.data, head.length, &fault), -EBADMSG);
	assert_int_equal(fault.status, 431);
	head.length = strlen("GET / HTTP/1.1\r\nHost: d\r\n");
	buf_add_text(&head, "X: ");
	while (head.length < SPEC_HTTP_HEAD_LIMIT - 1)
		buf_add_char(&head, 'x');
	assert_int_equal(spec_http_head_judge(head.data, head.length, &fault), 0);
	buf_add_text(&head, "xxxx\r\n\r\n");
	assert_int_equal(spec_http_head_judge(head.data, head.length, &fault), -EBADMSG);
	assert_string_equal(fault.text, "the head of the request is too large");
	assert_int_equal(fault.status, 431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
