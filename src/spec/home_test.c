/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_home_failure failures[2] = { { .host_ip = (char *)"127.0.0.1", .protocol = (char *)"udp", .port = 53 }, { .port = 0 } };
	struct spec_home_reply reply = { failures, 2 }, read = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&failures[0].error, ERROR_CONFLICT, EADDRINUSE, "cannot publish port 53/udp");
	error_set(&failures[1].error, ERROR_UNSUPPORTED, 0, "cannot find pasta");
	error_hint(&failures[1].error, "apt install passt");
	spec_home_reply_encode(&reply, &text);
	assert_int_equal(spec_home_reply_decode(arena, text.data, text.length, &read, &err), 0);
	assert_int_equal(read.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read.failures[i].port, failures[i].port);
		assert_int_equal(read.failures[i].error.kind, failures[i].error.kind);
		assert_int_equal(read.failures[i].error.code, failures[i].error.code);
		assert_string_equal(read.failures[i].error.message, failures[i].error.message);
		assert_string_equal(read.failures[i].error.hint, failures[i].error.hint);
	}
	assert_string_equal(read.failures[0].host_ip, "127.0.0.1");
	assert_null(read.failures[1].protocol);
}

static void test_wrong(void **state)
{
	static const char *const texts[] = { "", "[]", "{\"failures\":{}}", "{\"failures\":[{}]}", "{\"failures\":[{\"code\":\"busy\"}]}",
		"{\"failures\":[{\"code\":\"busy\",\"message\":\"x\",\"port\":65536}]}" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_home_reply read;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(spec_home_reply_decode(arena, texts[i], strlen(texts[i]), &read, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
