/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/grpc_call.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_head(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_pair metadata[] = { { "dir-name", "context" }, { "exclude-patterns", "a" }, { "exclude-patterns", "" } };
	const struct spec_grpc_head head = { .method = "/s/M", .metadata = metadata, .count = 3 };
	struct spec_grpc_head read = { 0 };
	enum spec_grpc_kind kind;
	uint32_t length;

	assert_int_equal(spec_grpc_head_encode(&head, &out), 0);
	assert_int_equal(spec_grpc_prefix_decode((unsigned char *)out.data, &kind, &length), 0);
	assert_int_equal(kind, SPEC_GRPC_HEAD);
	assert_int_equal(length, out.length - SPEC_GRPC_PREFIX);
	assert_int_equal(spec_grpc_head_decode(arena, out.data + SPEC_GRPC_PREFIX, length, &read), 0);
	assert_string_equal(read.method, "/s/M");
	assert_int_equal(read.count, 3);
	assert_string_equal(spec_grpc_metadata(&read, "exclude-patterns"), "a");
	assert_null(spec_grpc_metadata(&read, "other"));
	assert_int_equal(spec_grpc_head_decode(arena, out.data + SPEC_GRPC_PREFIX, length - 1, &read), -EBADMSG);
	assert_int_equal(spec_grpc_head_decode(arena, "/m\0key\0", 7, &read), -EBADMSG);
	assert_int_equal(spec_grpc_head_decode(arena, "", 0, &read), -EBADMSG);
}

static void test_status(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	const struct spec_grpc_status status = { .code = SPEC_GRPC_NOT_FOUND, .message = "no such thing", .details = (const unsigned char *)"\0\1", .details_length = 2 };
	struct spec_grpc_status read = { 0 };

	assert_int_equal(spec_grpc_status_encode(&status, &out), 0);
	assert_int_equal(spec_grpc_status_decode(arena, out.data + SPEC_GRPC_PREFIX, out.length - SPEC_GRPC_PREFIX, &read), 0);
	assert_int_equal(read.code, SPEC_GRPC_NOT_FOUND);
	assert_string_equal(read.message, "no such thing");
	assert_int_equal(read.details_length, 2);
	assert_memory_equal(read.details, "\0\1", 2);
	assert_int_equal(spec_grpc_status_decode(arena, "abc", 3, &read), -EBADMSG);
	assert_int_equal(spec_grpc_status_decode(arena, "abcd", 4, &read), -EBADMSG);
}

static void test_prefix(void **state _unused_)
{
	static const struct {
		enum spec_grpc_kind kind;
		uint32_t length;
		int expected;
	} cases[] = {
		{ SPEC_GRPC_MESSAGE, 0, 0 }, { SPEC_GRPC_MESSAGE, SPEC_GRPC_MESSAGE_LIMIT, 0 }, { SPEC_GRPC_MESSAGE, SPEC_GRPC_MESSAGE_LIMIT + 1, -EBADMSG },
		{ SPEC_GRPC_HEAD, SPEC_GRPC_HEAD_LIMIT, 0 }, { SPEC_GRPC_HEAD, SPEC_GRPC_HEAD_LIMIT + 1, -EBADMSG }, { SPEC_GRPC_END, 1, -EBADMSG },
		{ SPEC_GRPC_END, 0, 0 }, { 0, 0, -EBADMSG }, { SPEC_GRPC_STATUS + 1, 0, -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		enum spec_grpc_kind kind = 0;
		uint32_t length = 0;

		spec_grpc_prefix_encode(cases[i].kind, cases[i].length, &out);
		assert_int_equal(out.length, SPEC_GRPC_PREFIX);
		assert_int_equal(spec_grpc_prefix_decode((unsigned char *)out.data, &kind, &length), cases[i].expected);
		if (cases[i].expected == 0)
			assert_int_equal(length, cases[i].length);
	}
}

static void test_text(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT, back = BUF_INIT;

	spec_grpc_text_encode("100% \xc3\xa4\n", &out);
	assert_string_equal(out.data, "100%25 %C3%A4%0A");
	spec_grpc_text_decode(out.data, out.length, &back);
	assert_string_equal(back.data, "100% \xc3\xa4\n");
	back.length = 0;
	spec_grpc_text_decode("%zz%4", 5, &back);
	assert_string_equal(back.data, "%zz%4");
	back.length = 0;
	spec_grpc_text_decode("a%00b", 5, &back);
	assert_string_equal(back.data, "a?b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
