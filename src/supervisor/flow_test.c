/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/flow.h"
#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

static void make_pipe(int ends[2])
{
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void note(void *context, const void *bytes, size_t length)
{
	buf_add(context, bytes, length);
}

static size_t count_bytes(int fd)
{
	char block[4096];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) > 0)
		sum += (size_t)n;
	return sum;
}

static void round_of(struct flow *flow, struct loop *loop)
{
	loop_begin(loop);
	flow_watch(flow, loop);
	loop_wake_at(loop, 0);
	assert_int_equal(loop_run(loop), 0);
}

static void test_to_all(void **state _unused_)
{
	_cleanup_buf_ struct buf seen = BUF_INIT;
	struct flow flow = FLOW_INIT;
	struct loop loop = { 0 };
	int source[2], a[2], b[2];

	make_pipe(source), make_pipe(a), make_pipe(b);
	flow.tap = note, flow.context = &seen;
	flow_add_sink(&flow, a[1]);
	flow_open(&flow, source[0]);
	assert_int_equal(write(source[1], "one ", 4), 4);
	round_of(&flow, &loop);
	flow_add_sink(&flow, b[1]);
	assert_int_equal(write(source[1], "two", 3), 3);
	close(source[1]);
	round_of(&flow, &loop);
	assert_true(flow.has_ended);
	assert_true(flow_is_idle(&flow));
	assert_int_equal(count_bytes(a[0]), 7);
	assert_int_equal(count_bytes(b[0]), 3);
	assert_int_equal(read(a[0], &(char){ 0 }, 1), 0); /* its sinks are closed */
	assert_string_equal(seen.data, "one two");
	close(a[0]), close(b[0]);
	loop_done(&loop);
}

/* A reader that does not read stops the source, not the others' share of what was read; nothing is lost. */
static void test_slow_reader(void **state _unused_)
{
	struct flow flow = FLOW_INIT;
	struct loop loop = { 0 };
	static char block[FLOW_BYTES];
	size_t written = 0, slow = 0, fast = 0;
	int source[2], a[2], b[2];

	make_pipe(source), make_pipe(a), make_pipe(b);
	flow_open(&flow, source[0]);
	flow_add_sink(&flow, a[1]);
	flow_add_sink(&flow, b[1]);
	for (int i = 0; i < 20; i++) {
		ssize_t n = write(source[1], block, sizeof block);

		written += n > 0 ? (size_t)n : 0;
		round_of(&flow, &loop);
		fast += count_bytes(b[0]);
	}
	assert_true(written < 5 * FLOW_BYTES); /* its pipe, the block in between, the source's pipe */
	assert_false(flow_is_idle(&flow));
	close(source[1]);
	for (int i = 0; i < 20 && !flow.has_ended; i++) {
		slow += count_bytes(a[0]);
		fast += count_bytes(b[0]);
		round_of(&flow, &loop);
	}
	slow += count_bytes(a[0]);
	fast += count_bytes(b[0]);
	assert_true(flow.has_ended);
	assert_int_equal(slow, written);
	assert_int_equal(fast, written);
	close(a[0]), close(b[0]);
	loop_done(&loop);
}

static void read_numbers(int fd, uint32_t *next)
{
	uint32_t numbers[512];
	ssize_t n;

	while ((n = read(fd, numbers, sizeof numbers)) > 0) {
		assert_int_equal(n % (ssize_t)sizeof *numbers, 0);
		for (size_t i = 0; i < (size_t)n / sizeof *numbers; i++)
			assert_int_equal(numbers[i], (*next)++);
	}
}

/* From pipe to pipe, with a reader that is now faster, now slower: every byte, in order. */
static void test_pipe_to_pipe(void **state _unused_)
{
	struct flow flow = FLOW_INIT;
	struct loop loop = { 0 };
	uint32_t numbers[1024], written = 0, next = 0;
	int source[2], a[2];

	make_pipe(source), make_pipe(a);
	flow_add_sink(&flow, a[1]);
	flow_open(&flow, source[0]);
	for (int i = 0; i < 400; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
			numbers[k] = written + (uint32_t)k;
		if (write(source[1], numbers, sizeof numbers) == sizeof numbers)
			written += ARRAY_SIZE(numbers);
		round_of(&flow, &loop);
		if (i / 50 % 2)
			read_numbers(a[0], &next);
	}
	close(source[1]);
	while (!flow.has_ended) {
		read_numbers(a[0], &next);
		round_of(&flow, &loop);
	}
	read_numbers(a[0], &next);
	assert_int_equal(next, written);
	assert_true(written > 200 * ARRAY_SIZE(numbers));
	close(a[0]);
	loop_done(&loop);
}

static void test_reader_leaves(void **state _unused_)
{
	struct flow flow = FLOW_INIT;
	struct loop loop = { 0 };
	int source[2], a[2];

	make_pipe(source), make_pipe(a);
	flow_open(&flow, source[0]);
	flow_add_sink(&flow, a[1]);
	close(a[0]);
	round_of(&flow, &loop); /* without a byte having to come */
	assert_null(flow.sinks);
	assert_false(flow.has_ended);
	assert_int_equal(write(source[1], "x", 1), 1);
	round_of(&flow, &loop);
	assert_false(flow.has_ended);
	flow_close(&flow);
	close(source[1]);
	loop_done(&loop);
}

static void test_needs_a_reader(void **state _unused_)
{
	struct flow flow = FLOW_INIT;
	struct loop loop = { 0 };
	int source[2], a[2];

	make_pipe(source), make_pipe(a);
	flow.flags = FLOW_NEEDS_SINK | FLOW_BORROWS_SINKS;
	flow_add_sink(&flow, a[1]);
	flow_open(&flow, source[0]);
	close(a[0]);
	round_of(&flow, &loop);
	assert_true(flow.has_ended);
	assert_int_equal(write(source[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(close(a[1]), 0); /* was borrowed */
	close(source[1]);
	loop_done(&loop);
}

/* Somebody still has the writing end, but what it would write is nobody's business any more. */
static void test_cut(void **state _unused_)
{
	struct flow flow = FLOW_INIT;
	int source[2], a[2];

	make_pipe(source), make_pipe(a);
	flow_open(&flow, source[0]);
	flow_add_sink(&flow, a[1]);
	assert_int_equal(write(source[1], "rest", 4), 4);
	flow_cut(&flow);
	assert_true(flow.has_ended);
	assert_int_equal(count_bytes(a[0]), 4);
	close(a[0]), close(source[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_all), cmocka_unit_test(test_slow_reader), cmocka_unit_test(test_pipe_to_pipe),
		cmocka_unit_test(test_reader_leaves),
		cmocka_unit_test(test_needs_a_reader), cmocka_unit_test(test_cut),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
