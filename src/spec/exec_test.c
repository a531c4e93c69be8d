/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/exec.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_what_is_written_is_read(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	static const char body[] = "{\"AttachStdin\":true,\"AttachStdout\":true,\"Tty\":true,\"Cmd\":[\"sh\",\"-c\",\"x\"],\"Env\":[\"A=1\"],\"User\":\"u:g\","
		"\"WorkingDir\":\"/w\",\"DetachKeys\":\"ctrl-x\",\"ConsoleSize\":[24,80],\"Privileged\":null,\"Detach\":true}";
	struct spec_exec *first = NULL, *exec = NULL;

	assert_int_equal(spec_exec_decode(arena, body, strlen(body), &first, NULL), 0);
	spec_exec_encode(first, &text);
	assert_int_equal(spec_exec_decode(arena, text.data, text.length, &exec, NULL), 0);
	assert_true(exec->attach_stdin && exec->attach_stdout && exec->terminal && !exec->attach_stderr && !exec->privileged);
	assert_string_equal(exec->args[2], "x");
	assert_string_equal(exec->env[0], "A=1");
	assert_string_equal(exec->user, "u:g");
	assert_string_equal(exec->working_directory, "/w");
	assert_string_equal(exec->detach_keys, "ctrl-x");
	assert_int_equal(exec->width, 80);
	assert_int_equal(exec->height, 24);
	assert_int_equal(spec_exec_decode(arena, "{\"Cmd\":[\"a\"],\"detachKeys\":\"ctrl-y\"}", 35, &exec, NULL), 0);
	assert_string_equal(exec->detach_keys, "ctrl-y");
}

static void test_what_is_none_is_refused(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const char *const bodies[] = { "", "{}", "{\"Cmd\":[]}", "{\"Cmd\":null}", "{\"Cmd\":[7]}", "{\"Cmd\":[\"a\"],\"ConsoleSize\":[1]}",
		"{\"Cmd\":[\"a\"],\"ConsoleSize\":[1,65536]}", "[]" };
	struct spec_exec *exec = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct error err = ERROR_INIT;

		assert_true(spec_exec_decode(arena, bodies[i], strlen(bodies[i]), &exec, &err) < 0);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void test_an_end_is_remembered(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf started = BUF_INIT, ended = BUF_INIT;
	struct spec_exec_run run = { .session = 3, .pid = 7, .run = (char *)"2024" }, *again = NULL;

	spec_exec_run_encode(&run, &started);
	assert_int_equal(spec_exec_run_decode(arena, started.data, started.length, &again, NULL), 0);
	assert_false(again->has_ended);
	assert_int_equal(again->pid, 7);
	run.has_ended = true;
	spec_exec_run_encode(&run, &ended);
	assert_true(ended.length > started.length); /* it takes the former's place in one write */
	assert_int_equal(spec_exec_run_decode(arena, ended.data, ended.length, &again, NULL), 0);
	assert_true(again->has_ended);
	assert_int_equal(again->exit_code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_what_is_none_is_refused),
		cmocka_unit_test(test_an_end_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
