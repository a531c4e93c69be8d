/* SPDX-License-Identifier: Apache-2.0 */
#include "api/websocket_frame.h"
#include "base/memory.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_heads(void **state _unused_)
{
	static const struct {
		size_t length, head_length;
		unsigned char head[WEBSOCKET_HEAD_LIMIT];
	} cases[] = {
		{ 0, 2, { 0x82, 0 } }, { 125, 2, { 0x82, 125 } }, { 126, 4, { 0x82, 126, 0, 126 } }, { 65535, 4, { 0x82, 126, 0xff, 0xff } },
	};
	unsigned char head[WEBSOCKET_HEAD_LIMIT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(websocket_frame_head(head, WEBSOCKET_BINARY, cases[i].length), cases[i].head_length);
		assert_memory_equal(head, cases[i].head, cases[i].head_length);
	}
	assert_int_equal(websocket_frame_head(head, WEBSOCKET_CLOSE, 2), 2);
	assert_int_equal(head[0], 0x88);
}

/* Adds a frame as a client sends it. */
static void add_frame(struct buf *out, unsigned first, const char *text, size_t length)
{
	static const unsigned char mask[4] = { 1, 2, 0xf3, 4 };
	const unsigned char head[] = { (unsigned char)first, length < 126 ? (unsigned char)(0x80 | length) : length < 65536 ? 0xfe : 0xff };

	buf_add(out, head, sizeof head);
	for (int shift = length < 126 ? -8 : length < 65536 ? 8 : 56; shift >= 0; shift -= 8)
		buf_add_char(out, (char)((uint64_t)length >> shift));
	buf_add(out, mask, sizeof mask);
	for (size_t i = 0; i < length; i++)
		buf_add_char(out, (char)((unsigned char)text[i] ^ mask[i % 4]));
}

/* What comes of INPUT in pieces of so many bytes: data as it is, "<" ping ">", "C" for the close, "B" for what is broken. */
static void decode_all(const struct buf *input, size_t piece, struct buf *out)
{
	struct websocket_decoder decoder = { .head_length = 0 };
	enum websocket_event event = WEBSOCKET_NOTHING;

	for (size_t at = 0; at < input->length && event != WEBSOCKET_BROKEN && event != WEBSOCKET_CLOSED;) {
		size_t size = piece < input->length - at ? piece : input->length - at, used, length;
		unsigned char *bytes = memory_new(size, 1);
		const unsigned char *result = NULL;

		memcpy(bytes, input->data + at, size);
		event = websocket_decode(&decoder, bytes, size, &used, &result, &length);
		assert_true(used <= size && (used > 0 || event != WEBSOCKET_NOTHING));
		if (event == WEBSOCKET_PINGED)
			buf_add_char(out, '<');
		buf_add(out, result, event == WEBSOCKET_CLOSED ? 0 : length);
		if (event == WEBSOCKET_PINGED)
			buf_add_char(out, '>');
		if (event == WEBSOCKET_CLOSED || event == WEBSOCKET_BROKEN)
			buf_add_char(out, event == WEBSOCKET_CLOSED ? 'C' : 'B');
		at += used;
		free(bytes);
	}
}

static void expect(const struct buf *input, const char *wanted)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 1000, SIZE_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		decode_all(input, pieces[i], &out);
		assert_string_equal(out.data ? out.data : "", wanted);
	}
}

static void test_client(void **state _unused_)
{
	_cleanup_buf_ struct buf input = BUF_INIT;

	add_frame(&input, 0x81, "one", 3);
	add_frame(&input, 0x02, "two", 3);
	add_frame(&input, 0x89, "ping", 4); /* between the parts of a message */
	add_frame(&input, 0x80, "more", 4);
	add_frame(&input, 0x82, "", 0);
	add_frame(&input, 0x89, "", 0);
	add_frame(&input, 0x8a, "pong", 4);
	add_frame(&input, 0x81, "end", 3);
	add_frame(&input, 0x88, "\3\350", 2);
	add_frame(&input, 0x81, "not told", 8);
	expect(&input, "onetwo<ping>more<>endC");
}

static void test_lengths(void **state _unused_)
{
	static const size_t lengths[] = { 125, 126, 65535, 65536, WEBSOCKET_FRAME_LIMIT };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_cleanup_buf_ struct buf input = BUF_INIT, out = BUF_INIT;
		_cleanup_free_ char *text = memory_new(lengths[i], 1);

		memset(text, 'x', lengths[i]);
		text[lengths[i] - 1] = 'e';
		add_frame(&input, 0x82, text, lengths[i]);
		decode_all(&input, 4096, &out);
		assert_int_equal(out.length, lengths[i]);
		assert_memory_equal(out.data, text, lengths[i]);
	}
}

static void test_broken(void **state _unused_)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{ "\x81\x03one", 5 },                                  /* not masked */
		{ "\xc1\x80\0\0\0\0", 6 },                             /* an extension */
		{ "\x83\x80\0\0\0\0", 6 },                             /* no such opcode */
		{ "\x8b\x80\0\0\0\0", 6 },
		{ "\x09\x80\0\0\0\0", 6 },                             /* a part of a control frame */
		{ "\x89\xfe\0\x7e\0\0\0\0", 8 },                       /* too long for one */
		{ "\x82\xff\0\0\0\0\0\x10\0\1\0\0\0\0", 14 },          /* beyond the limit */
		{ "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf input = BUF_INIT;

		buf_add(&input, cases[i].bytes, cases[i].length);
		expect(&input, "B");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
