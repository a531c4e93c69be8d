/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_compress.h"

#include "base/str.h"
#include "store/decompress.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SIZE (2 * BUILD_COMPRESS_BLOCK + 12345)

static uint8_t payload[SIZE];

static void compress_payload(enum compress_format format, size_t size, size_t piece, unsigned threads, struct buf *out)
{
	_cleanup_build_compress_ struct build_compress *c = build_compress_new(sink_to_buf(out), format, 1, threads);

	for (size_t at = 0; at < size; at += piece)
		assert_int_equal(sink_write(build_compress_sink(c), payload + at, size - at < piece ? size - at : piece, NULL), 0);
	assert_int_equal(build_compress_finish(c, NULL), 0);
}

static void expect_payload(const struct buf *compressed, size_t size)
{
	struct stream_memory memory = { (const uint8_t *)compressed->data, compressed->length, 0 };
	_cleanup_decompress_ struct decompress *d = decompress_new(stream_of_memory(&memory), &DECOMPRESS_LIMITS);
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	if (stream_copy(decompress_stream(d), sink_to_buf(&out), SIZE, NULL, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(out.length, size);
	if (size)
		assert_memory_equal(out.data, payload, size);
}

static void test_threads_make_no_difference(void **state _unused_)
{
	static const size_t sizes[] = { 0, 1, BUILD_COMPRESS_BLOCK, SIZE };

	for (size_t i = 0; i < SIZE; i++)
		payload[i] = (uint8_t)(i * i >> 11);
	for (enum compress_format format = COMPRESS_NONE; format <= COMPRESS_ZSTD; format++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			_cleanup_buf_ struct buf one = BUF_INIT, several = BUF_INIT;

			compress_payload(format, sizes[i], 1000003, 1, &one);
			compress_payload(format, sizes[i], 300007, 3, &several);
			assert_int_equal(one.length, several.length);
			if (one.length)
				assert_memory_equal(one.data, several.data, one.length);
			assert_true(format == COMPRESS_NONE || one.length > 0);
			if (sizes[i] || format != COMPRESS_NONE)
				expect_payload(&one, sizes[i]);
		}
	}
}

static int refuse(void *context _unused_, const void *bytes _unused_, size_t length _unused_, struct error *err)
{
	return error_errno(err, ENOSPC, "cannot write");
}

static void test_errors_pass_through(void **state _unused_)
{
	_cleanup_build_compress_ struct build_compress *c = build_compress_new((struct sink){ refuse, NULL }, COMPRESS_GZIP, 0, 2);
	struct error err = ERROR_INIT;

	assert_int_equal(sink_write(build_compress_sink(c), "x", 1, NULL), 0);
	assert_int_equal(build_compress_finish(c, &err), -ENOSPC);
	assert_string_equal(err.message, "cannot write: no space left on device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_make_no_difference),
		cmocka_unit_test(test_errors_pass_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
