/* SPDX-License-Identifier: Apache-2.0 */
#include "store/read_ahead.h"

#include "base/file.h"
#include "base/memory.h"
#include "store/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void expect_all(const uint8_t *expected, size_t size, size_t block)
{
	struct stream_memory memory = { expected, size, block };
	_cleanup_digest_ struct digest *beside = digest_new("sha256"), *alone = digest_new("sha256");
	_cleanup_read_ahead_ struct read_ahead *ahead = read_ahead_new(stream_of_memory(&memory), beside, NULL);
	char found[DIGEST_TEXT_SIZE], wanted[DIGEST_TEXT_SIZE];
	const uint8_t *bytes;
	size_t length, at = 0;

	do {
		assert_int_equal(stream_next(read_ahead_stream(ahead), &bytes, &length, NULL), 0);
		assert_true(length <= size - at);
		assert_memory_equal(bytes, expected + at, length);
		at += length;
	} while (length);
	assert_int_equal(at, size);
	/* By then all of it is in the digest. */
	digest_finish(beside, found);
	digest_add(alone, expected, size);
	digest_finish(alone, wanted);
	assert_string_equal(found, wanted);
	/* The end stays the end. */
	assert_int_equal(stream_next(read_ahead_stream(ahead), &bytes, &length, NULL), 0);
	assert_int_equal(length, 0);
}

static void test_all_bytes_in_order(void **state)
{
	static const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 5000000 }, blocks[] = { 0, 4093, 262144, 300000 };
	_cleanup_free_ uint8_t *bytes = memory_new(5000000, 1);

	(void)state;
	for (size_t i = 0; i < 5000000; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(blocks); j++)
			expect_all(bytes, sizes[i], blocks[j]);
}

static int fail_later(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	int *left = context;

	if ((*left)-- == 0)
		return error_errno(err, EIO, "cannot read");
	*ret_bytes = (const uint8_t *)"abc";
	*ret_length = 3;
	return 0;
}

/* What came before the error is read before it, and the error stays. */
static void test_errors_come_in_order(void **state)
{
	(void)state;
	for (int count = 0; count < 12; count++) {
		int left = count;
		_cleanup_read_ahead_ struct read_ahead *ahead = read_ahead_new((struct stream){ fail_later, &left }, NULL, NULL);
		struct error err = ERROR_INIT;
		const uint8_t *bytes;
		size_t length;

		for (int i = 0; i < count; i++) {
			assert_int_equal(stream_next(read_ahead_stream(ahead), &bytes, &length, &err), 0);
			assert_int_equal(length, 3);
		}
		for (int i = 0; i < 2; i++) {
			err = ERROR_INIT;
			assert_int_equal(stream_next(read_ahead_stream(ahead), &bytes, &length, &err), -EIO);
			assert_string_equal(err.message, "cannot read: input/output error");
		}
	}
}

static int count_calls(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err _unused_)
{
	__atomic_add_fetch((int *)context, 1, __ATOMIC_SEQ_CST);
	*ret_bytes = (const uint8_t *)"x";
	*ret_length = 1;
	return 0;
}

/* It runs ahead, but not away; and a reader that has had enough ends it. */
static void test_it_is_bounded(void **state)
{
	int calls = 0;
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	_cleanup_read_ahead_ struct read_ahead *ahead = read_ahead_new((struct stream){ count_calls, &calls }, digest, NULL);
	const uint8_t *bytes;
	size_t length;

	(void)state;
	assert_int_equal(stream_next(read_ahead_stream(ahead), &bytes, &length, NULL), 0);
	usleep(50000);
	assert_in_range(__atomic_load_n(&calls, __ATOMIC_SEQ_CST), 1, 6);
}

/* The writer's, for a pipe into which nobody writes any more, and the digest's, for the writer. */
static void test_threads_that_wait_are_ended(void **state)
{
	int fds[2];
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct stream_file file;
	struct read_ahead *ahead;
	const uint8_t *bytes;
	size_t length;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	file = (struct stream_file){ .fd = fds[0] };
	assert_int_equal(fd_write_all(fds[1], "abc", 3), 0);
	ahead = read_ahead_new(stream_of_file(&file), digest, &file);
	assert_int_equal(stream_next(read_ahead_stream(ahead), &bytes, &length, NULL), 0);
	assert_int_equal(length, 3);
	read_ahead_free(ahead);
	assert_null(file.stop_fd);
	stream_file_done(&file);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_bytes_in_order),
		cmocka_unit_test(test_errors_come_in_order),
		cmocka_unit_test(test_it_is_bounded),
		cmocka_unit_test(test_threads_that_wait_are_ended),
	};

	return cmocka_run_group_tests_name("read_ahead", tests, NULL, NULL);
}
