/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/log_record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct spec_log_record records[] = {
	{ 1, false, 1, "hello", 5 },
	{ 2, false, 1715085296789000000, "", 0 },
	{ 1, true, -5, "a\0b\xff\n", 5 },
	{ 1, false, INT64_MAX, "end", 3 },
};

static void add_all(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		spec_log_record_encode(&records[i], out);
}

static void assert_record(const struct spec_log_record *found, const struct spec_log_record *expected)
{
	assert_int_equal(found->stream, expected->stream);
	assert_int_equal(found->partial, expected->partial);
	assert_int_equal(found->time_ns, expected->time_ns);
	assert_int_equal(found->length, expected->length);
	assert_memory_equal(found->text, expected->text, expected->length);
}

static void test_forwards(void **state _unused_)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	struct spec_log_record record;
	size_t at = 0, length;

	add_all(&bytes);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++, at += length) {
		assert_int_equal(spec_log_record_decode(bytes.data + at, bytes.length - at, &record, &length), 0);
		assert_record(&record, &records[i]);
	}
	assert_int_equal(at, bytes.length);
	assert_int_equal(spec_log_record_decode(bytes.data + at, 0, &record, &length), -ENODATA);
}

static void test_backwards(void **state _unused_)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	struct spec_log_record record;
	size_t end, length;

	add_all(&bytes);
	end = bytes.length;
	for (size_t i = ARRAY_SIZE(records); i-- > 0; end -= length) {
		assert_int_equal(spec_log_record_decode_last(bytes.data, end, &record, &length), 0);
		assert_record(&record, &records[i]);
	}
	assert_int_equal(end, 0);
	assert_int_equal(spec_log_record_decode_last(bytes.data, 0, &record, &length), -ENODATA);
}

/* A file may have been cut off at any byte: no record comes out that was not put in. */
static void test_cut_off(void **state _unused_)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	struct spec_log_record record;
	size_t length;

	spec_log_record_encode(&records[0], &bytes);
	for (size_t cut = 0; cut < bytes.length; cut++) {
		assert_int_equal(spec_log_record_decode(bytes.data, cut, &record, &length), -ENODATA);
		assert_true(spec_log_record_decode_last(bytes.data, cut, &record, &length) < 0);
	}
}

static void test_damaged(void **state _unused_)
{
	static const struct {
		size_t offset;
		char byte;
	} cases[] = {
		{ 0, 4 },   /* one length is another */
		{ 2, 1 },   /* longer than any text */
		{ 4, 0 },   /* no such stream */
		{ 4, 3 },
		{ 5, 2 },   /* no such flag */
		{ 19, 6 },  /* the length at the end */
	};
	struct spec_log_record record;
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf bytes = BUF_INIT;

		spec_log_record_encode(&records[0], &bytes);
		bytes.data[cases[i].offset] = cases[i].byte;
		assert_int_equal(spec_log_record_decode(bytes.data, bytes.length, &record, &length), -EBADMSG);
		assert_true(spec_log_record_decode_last(bytes.data, bytes.length, &record, &length) < 0);
	}
}

/* The form is an interface: files outlive the program that wrote them. */
static void test_form(void **state _unused_)
{
	static const char expected[] = "\2\0\0\0" "\2" "\1" "\10\7\6\5\4\3\2\1" "hi" "\2\0\0\0";
	const struct spec_log_record record = { 2, true, 0x0102030405060708, "hi", 2 };
	_cleanup_buf_ struct buf bytes = BUF_INIT;

	spec_log_record_encode(&record, &bytes);
	assert_int_equal(bytes.length, sizeof expected - 1);
	assert_memory_equal(bytes.data, expected, bytes.length);
}

static void test_segments(void **state _unused_)
{
	static const struct {
		const char *name;
		uint64_t number;
		bool is_compressed;
	} cases[] = {
		{ "00000001.log", 1, false }, { "00000042.log.zst", 42, true }, { "123456789.log", 123456789, false }, { "00000000.log", 0, false },
		{ ".log", 0, false }, { "1.logs", 0, false }, { "1", 0, false }, { "x1.log", 0, false }, { "99999999999999999999.log", 0, false },
		{ "0000000000000000000000000000000000000001.log", 0, false }, { ".", 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[SPEC_LOG_SEGMENT_NAME];
		bool is_compressed = false;

		assert_int_equal(spec_log_segment_number(cases[i].name, &is_compressed), cases[i].number);
		if (cases[i].number == 0)
			continue;
		assert_int_equal(is_compressed, cases[i].is_compressed);
		spec_log_segment_name(cases[i].number, name);
		assert_memory_equal(name, cases[i].name, strlen(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forwards),
		cmocka_unit_test(test_backwards),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_segments),
	};

	return cmocka_run_group_tests_name("spec/log_record", tests, NULL, NULL);
}
