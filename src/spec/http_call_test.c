/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/http_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_request(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_pair headers[] = { { "Host", "d" }, { "X-Empty", "" } };
	const struct spec_http_request request = { .method = "GET", .target = "/a?b=%20", .headers = headers, .header_count = 2 };
	struct spec_http_request read = { 0 };

	assert_int_equal(spec_http_request_encode(&request, &out), 0);
	assert_int_equal(spec_http_request_decode(arena, out.data, out.length, &read), 0);
	assert_string_equal(read.method, "GET");
	assert_string_equal(read.target, "/a?b=%20");
	assert_int_equal(read.header_count, 2);
	assert_string_equal(spec_http_header(read.headers, read.header_count, "host"), "d");
	assert_string_equal(spec_http_header(read.headers, read.header_count, "x-empty"), "");
	assert_null(spec_http_header(read.headers, read.header_count, "x"));
	/* Every beginning of it that does not end between two headers is none. */
	assert_int_equal(spec_http_request_decode(arena, out.data, out.length - 1, &read), -EBADMSG);
	assert_int_equal(spec_http_request_decode(arena, out.data, 3, &read), -EBADMSG);
	assert_int_equal(spec_http_request_decode(arena, "", 0, &read), -EBADMSG);
	assert_int_equal(spec_http_request_decode(arena, "\0/\0", 3, &read), -EBADMSG);
}

static void test_limits(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_pair headers[SPEC_HTTP_HEADER_LIMIT + 1];
	struct spec_http_request request = { .method = "GET", .target = "/", .headers = headers };
	char *large = arena_alloc(arena, SPEC_HTTP_REQUEST_LIMIT + 1, 1);

	for (size_t i = 0; i <= SPEC_HTTP_HEADER_LIMIT; i++)
		headers[i] = (struct spec_pair){ "a", "b" };
	buf_add_text(&out, "before");
	request.header_count = SPEC_HTTP_HEADER_LIMIT + 1;
	assert_int_equal(spec_http_request_encode(&request, &out), -E2BIG);
	assert_string_equal(out.data, "before");
	request.header_count = SPEC_HTTP_HEADER_LIMIT;
	assert_int_equal(spec_http_request_encode(&request, &out), 0);
	memset(large, 'x', SPEC_HTTP_REQUEST_LIMIT);
	request.target = large;
	assert_int_equal(spec_http_request_encode(&request, &out), -E2BIG);
}

static void test_reply(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_pair headers[] = { { "Content-Type", "text/plain" } };
	const struct spec_http_reply reply = { .status = 200, .has_length = true, .length = 1ull << 40, .headers = headers, .header_count = 1 };
	struct spec_http_reply read = { 0 };
	int length;

	assert_int_equal(spec_http_reply_encode(&reply, &out), 0);
	length = spec_http_reply_length((const unsigned char *)out.data);
	assert_int_equal(length, out.length - SPEC_HTTP_PREFIX);
	assert_int_equal(spec_http_reply_decode(arena, out.data + SPEC_HTTP_PREFIX, (size_t)length, &read), 0);
	assert_int_equal(read.status, 200);
	assert_true(read.has_length && !read.upgrades && read.length == 1ull << 40);
	assert_string_equal(spec_http_header(read.headers, read.header_count, "content-type"), "text/plain");
}

/* 101 is an upgrade and an upgrade is 101; what is no status is no reply. */
static void test_wrong_replies(void **state _unused_)
{
	static const struct spec_http_reply wrong[] = { { .status = 101 }, { .status = 200, .upgrades = true }, { .status = 0 }, { .status = 600 } };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_http_reply read;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		assert_int_equal(spec_http_reply_encode(&wrong[i], &out), 0);
		assert_int_equal(spec_http_reply_decode(arena, out.data + SPEC_HTTP_PREFIX, out.length - SPEC_HTTP_PREFIX, &read), -EBADMSG);
	}
	assert_int_equal(spec_http_reply_length((const unsigned char[]){ 0, 0, 0, 0 }), -EBADMSG);
	assert_int_equal(spec_http_reply_length((const unsigned char[]){ 0xff, 0xff, 0xff, 0xff }), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_wrong_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
