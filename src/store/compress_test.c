/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out, the formats' own programs and our reader turn back. */
#include "store/shell_test.h"

#include "base/file.h"
#include "store/compress.h"
#include "store/decompress.h"

#include <fcntl.h>

static uint8_t payload[2500000];

static void compress_payload(enum compress_format format, size_t size, size_t piece, struct buf *out)
{
	_cleanup_compress_ struct compress *c = compress_new(sink_to_buf(out), format);

	for (size_t at = 0; at < size; at += piece)
		assert_int_equal(sink_write(compress_sink(c), payload + at, size - at < piece ? size - at : piece, NULL), 0);
	assert_int_equal(compress_finish(c, NULL), 0);
}

static void expect_payload(const struct buf *compressed, size_t size)
{
	struct stream_memory memory = { (const uint8_t *)compressed->data, compressed->length, 0 };
	_cleanup_decompress_ struct decompress *d = decompress_new(stream_of_memory(&memory), &DECOMPRESS_LIMITS);
	struct error err = ERROR_INIT;
	const uint8_t *bytes;
	size_t at = 0, length;

	do {
		if (stream_next(decompress_stream(d), &bytes, &length, &err) < 0)
			fail_msg("%s", err.message);
		assert_true(length <= size - at);
		assert_memory_equal(bytes, payload + at, length);
		at += length;
	} while (length);
	assert_int_equal(at, size);
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, bytes, length), 0);
}

static void expect_round_trip(enum compress_format format, const char *program)
{
	static const size_t sizes[] = { 0, 1, 511, 65536, sizeof payload }, pieces[] = { 1 << 30, 512, 99991 };
	_cleanup_free_ char *command = str_printf("%s -dc <compressed | cmp - payload", program);

	shell_need(program);
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = i % 5000 < 1000 ? (uint8_t)(i * 2654435761u >> 20) : "some text that comes again "[i % 27];
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_buf_ struct buf first = BUF_INIT;

		for (size_t j = 0; j < ARRAY_SIZE(pieces); j++) {
			_cleanup_buf_ struct buf out = BUF_INIT;

			compress_payload(format, sizes[i], pieces[j], &out);
			expect_payload(&out, sizes[i]);
			if (j == 0)
				buf_add(&first, out.data, out.length);
			/* However it was written, it is the same. */
			assert_int_equal(out.length, first.length);
			assert_memory_equal(out.data, first.data, out.length);
		}
		write_file("payload", payload, sizes[i]);
		write_file("compressed", first.data, first.length);
		shell_run(command);
		assert_true(sizes[i] < sizeof payload || first.length < sizeof payload / 2);
	}
}

static void test_gzip(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	(void)state;
	expect_round_trip(COMPRESS_GZIP, "gzip");
	/* No time, no name. */
	compress_payload(COMPRESS_GZIP, 5, 5, &out);
	assert_memory_equal(out.data, "\x1f\x8b\x08\0\0\0\0\0", 8);
}

static void test_zstd(void **state)
{
	(void)state;
	expect_round_trip(COMPRESS_ZSTD, "zstd");
}

/* Levels beyond what there is are the nearest; a higher one never makes more of this. */
static void test_levels(void **state _unused_)
{
	static const int levels[] = { -5, 1, 6, 9, 1000 };

	for (enum compress_format format = COMPRESS_GZIP; format <= COMPRESS_ZSTD; format++) {
		size_t last = SIZE_MAX;

		for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
			_cleanup_buf_ struct buf out = BUF_INIT;
			_cleanup_compress_ struct compress *c = compress_new_at(sink_to_buf(&out), format, levels[i]);

			assert_int_equal(sink_write(compress_sink(c), payload, 200000, NULL), 0);
			assert_int_equal(compress_finish(c, NULL), 0);
			expect_payload(&out, 200000);
			assert_true(out.length <= last);
			last = out.length;
		}
	}
}

static void test_none(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	(void)state;
	compress_payload(COMPRESS_NONE, 1000, 7, &out);
	assert_int_equal(out.length, 1000);
	assert_memory_equal(out.data, payload, 1000);
}

static int refuse(void *context _unused_, const void *bytes _unused_, size_t length _unused_, struct error *err)
{
	return error_errno(err, ENOSPC, "cannot write");
}

static void test_errors_pass_through(void **state)
{
	(void)state;
	for (enum compress_format format = COMPRESS_GZIP; format <= COMPRESS_ZSTD; format++) {
		_cleanup_compress_ struct compress *c = compress_new((struct sink){ refuse, NULL }, format);
		struct error err = ERROR_INIT;

		assert_int_equal(compress_finish(c, &err), -ENOSPC);
		assert_string_equal(err.message, "cannot write: no space left on device");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_gzip),
		shell_test(test_zstd),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_errors_pass_through),
	};

	return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
