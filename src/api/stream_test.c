/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream.h"
#include "host/fdpass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

static void test_content_type(void **state _unused_)
{
	struct api_call call = { .target = { .minor = 41 } };

	assert_string_equal(api_stream_content_type(&call, false), "application/vnd.docker.raw-stream");
	call.target.minor = 42;
	assert_string_equal(api_stream_content_type(&call, false), "application/vnd.docker.multiplexed-stream");
	assert_string_equal(api_stream_content_type(&call, true), "application/vnd.docker.raw-stream");
}

static void test_head(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	api_stream_add_head(&out, 2, 0x01020304);
	assert_int_equal(out.length, API_STREAM_HEAD);
	assert_memory_equal(out.data, "\2\0\0\0\1\2\3\4", API_STREAM_HEAD);
}

/* The head of a reply on the call, as bivy-http reads it. */
static void read_reply(struct arena *arena, int call, struct spec_http_reply *ret)
{
	unsigned char prefix[SPEC_HTTP_PREFIX];
	char head[1024];
	int length;

	assert_int_equal(read(call, prefix, sizeof prefix), sizeof prefix);
	length = spec_http_reply_length(prefix);
	assert_true(length > 0 && (size_t)length <= sizeof head);
	assert_int_equal(read(call, head, (size_t)length), length);
	assert_int_equal(spec_http_reply_decode(arena, head, (size_t)length, ret), 0);
}

static int begin_calls;

static int begin(struct api_stream *stream _unused_, int fd, struct error *err _unused_)
{
	assert_true(fd >= 0);
	begin_calls++;
	return 0;
}

/* Without an upgrade it is the reply's body, and nothing comes in. */
static void test_body(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct api_call call = { .arena = arena, .target = { .minor = 50 } };
	_cleanup_api_stream_ struct api_stream stream = API_STREAM_INIT;
	struct container_wire wire = { .in = -EBADF, .out = -EBADF };
	struct spec_http_reply reply;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	call.socket = pair[0];
	stream.call = &call;
	stream.begin = begin;
	begin_calls = 0;
	assert_int_equal(api_stream_open(&stream, &wire, NULL), 0);
	assert_int_equal(begin_calls, 1);
	read_reply(arena, pair[1], &reply);
	assert_int_equal(reply.status, 200);
	assert_false(reply.upgrades || reply.has_length);
	assert_string_equal(spec_http_header(reply.headers, reply.header_count, "Content-Type"), "application/vnd.docker.multiplexed-stream");
	assert_int_equal(wire.out, pair[0]);
	assert_true(wire.in < 0);
	close(pair[0]);
	close(pair[1]);
}

/* With one the client's own socket comes over the call, and what it has said already. */
static void test_upgrade(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_pair headers[] = { { .key = (char *)"Connection", .value = (char *)"Upgrade" }, { .key = (char *)"Upgrade", .value = (char *)"tcp" } };
	struct api_call call = { .arena = arena, .target = { .minor = 50 }, .request = { .headers = headers, .header_count = 2 } };
	_cleanup_api_stream_ struct api_stream stream = API_STREAM_INIT;
	struct container_wire wire = { .in = -EBADF, .out = -EBADF };
	struct spec_http_reply reply;
	uint32_t length = 4;
	int pair[2], client[2];
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client), 0);
	call.socket = pair[0];
	stream.call = &call;
	stream.terminal = true;
	assert_int_equal(fdpass_send(pair[1], client[0], &length, sizeof length), 0);
	assert_int_equal(write(pair[1], "said", 4), 4);
	assert_int_equal(api_stream_open(&stream, &wire, NULL), 0);
	read_reply(arena, pair[1], &reply);
	assert_int_equal(reply.status, 101);
	assert_true(reply.upgrades);
	assert_string_equal(spec_http_header(reply.headers, reply.header_count, "Upgrade"), "tcp");
	assert_string_equal(spec_http_header(reply.headers, reply.header_count, "Content-Type"), "application/vnd.docker.raw-stream");
	assert_int_equal(wire.said_length, 4);
	assert_memory_equal(wire.said, "said", 4);
	assert_true(wire.in >= 0 && wire.in == wire.out && wire.in != pair[0]);
	assert_int_equal(write(wire.out, "x", 1), 1);
	assert_int_equal(read(client[1], &byte, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(pair[i]);
		close(client[i]);
	}
}

/* What is no head of such a socket is an error, and leaves nothing open. */
static void test_no_socket(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_pair headers[] = { { .key = (char *)"Connection", .value = (char *)"Upgrade" }, { .key = (char *)"Upgrade", .value = (char *)"tcp" } };
	struct api_call call = { .arena = arena, .target = { .minor = 50 }, .request = { .headers = headers, .header_count = 2 } };
	_cleanup_api_stream_ struct api_stream stream = API_STREAM_INIT;
	struct container_wire wire = { .in = -EBADF, .out = -EBADF };
	struct error err = ERROR_INIT;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	call.socket = pair[0];
	stream.call = &call;
	assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
	assert_true(api_stream_open(&stream, &wire, &err) < 0);
	assert_non_null(strstr(err.message, "cannot take over the client's socket"));
	assert_true(stream.fd < 0);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
