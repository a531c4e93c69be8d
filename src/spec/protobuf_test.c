/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The examples of the description of the format. */
static void test_format(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct protobuf message;
	struct protobuf_field field;

	protobuf_write_uint(&out, 1, 150);
	protobuf_write_text(&out, 2, "testing");
	protobuf_write_uint(&out, 3, 0);
	protobuf_write_text(&out, 4, NULL);
	assert_int_equal(out.length, 12);
	assert_memory_equal(out.data, "\x08\x96\x01\x12\x07testing", 12);
	message = PROTOBUF(out.data, out.length);
	assert_int_equal(protobuf_next(&message, &field), 1);
	assert_int_equal(field.number, 1);
	assert_int_equal(field.value, 150);
	assert_int_equal(protobuf_next(&message, &field), 1);
	assert_int_equal(field.length, 7);
	assert_memory_equal(field.bytes, "testing", 7);
	assert_int_equal(protobuf_next(&message, &field), 0);
}

static void test_numbers(void **state _unused_)
{
	const uint64_t values[] = { 1, 127, 128, 16383, 16384, UINT32_MAX, (uint64_t)INT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct protobuf_field field;
		struct protobuf message;

		protobuf_write_uint(&out, 300, values[i]);
		message = PROTOBUF(out.data, out.length);
		assert_int_equal(protobuf_next(&message, &field), 1);
		assert_int_equal(field.number, 300);
		assert_true(field.value == values[i]);
		/* No beginning of it is a field. */
		for (size_t length = 1; length < out.length; length++) {
			message = PROTOBUF(out.data, length);
			assert_int_equal(protobuf_next(&message, &field), -EBADMSG);
		}
	}
}

static void test_refused(void **state _unused_)
{
	static const struct {
		const char *bytes;
		size_t length;
	} wrong[] = {
		{ "\x00\x01", 2 },         /* number 0 */
		{ "\x0b", 1 },             /* a group */
		{ "\x0a\x05" "abc", 5 },   /* longer than the message */
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 }, /* more than 64 bits */
		{ "\x09" "1234567", 8 },
		{ "\x0d" "123", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct protobuf message = PROTOBUF(wrong[i].bytes, wrong[i].length);
		struct protobuf_field field;

		assert_int_equal(protobuf_next(&message, &field), -EBADMSG);
	}
}

static void test_map(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_pair *map = NULL;
	struct protobuf message;
	struct protobuf_field field;
	size_t count = 0;
	int r;

	for (int i = 0; i < 100; i++) {
		_cleanup_free_ char *key = str_printf("k%d", i);

		protobuf_write_pair(&out, 7, key, i ? "v" : NULL);
	}
	message = PROTOBUF(out.data, out.length);
	while ((r = protobuf_next(&message, &field)) > 0)
		assert_int_equal(protobuf_add_to_map(arena, &field, &map, &count), 0);
	assert_int_equal(r, 0);
	assert_int_equal(count, 100);
	assert_string_equal(map[0].key, "k0");
	assert_string_equal(map[0].value, "");
	assert_string_equal(map[99].key, "k99");
	assert_string_equal(map[99].value, "v");
	assert_null(map[100].key);
}

/* A NUL would end a path, or a name, before its end. */
static void test_nul(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct protobuf message = PROTOBUF("\x0a\x03" "a\0b", 5);
	struct protobuf_field field;
	char **list = NULL;
	size_t count = 0;

	assert_int_equal(protobuf_next(&message, &field), 1);
	assert_null(protobuf_text(arena, &field));
	assert_int_equal(protobuf_add_to_list(arena, &field, &list, &count), -EBADMSG);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
