/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts stand for bivy-transfer: what they tell, print and read, and how they end. */
#include "engine/transfer.h"
#include "store/shell_test.h"

#include <sys/stat.h>

static void make_program(const char *script)
{
	_cleanup_free_ char *command = str_printf("cat >program <<'END'\n#!/bin/sh\n%s\nEND\nchmod +x program", script);
	_cleanup_free_ char *path = str_printf("%s/program", shell_scratch);

	shell_run(command);
	assert_int_equal(setenv("BIVY_TRANSFER", path, 1), 0);
}

static void note(void *context, const struct spec_transfer_event *event)
{
	buf_printf(context, "%s%s ", event->text ? event->text : "", event->item ? event->item : "");
}

static int run(struct arena *arena, struct buf *told, const char **ret_text, struct error *err)
{
	static const char *const arguments[] = { "pull", "a b", NULL };
	static const struct directories directories = { .root = "/the root" };
	const struct transfer_request request = { .directories = &directories, .arguments = arguments, .tell = note, .context = told };

	return transfer_run(arena, &request, ret_text, err);
}

static void test_it_is_called_and_heard(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf told = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *text = NULL;

	make_program("test \"$1 $2 $3 $5 $6\" = '--root /the root --events pull a b' || exit 9\n"
		     "eval \"exec 8>&$4\"\n"
		     "echo '{\"kind\":\"status\",\"text\":\"one\"}' >&8; printf '{\"kind\":\"item\",\"item\":\"x\",\"phase\":\"downlo' >&8; sleep 0.05\n"
		     "echo 'ading\",\"current\":1,\"total\":2}' >&8\n"
		     "echo '{\"kind\":\"hereafter\"}' >&8\n"
		     "echo 'from it'");
	if (run(arena, &told, &text, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text, "from it\n");
	assert_string_equal(told.data, "one x ");
}

static void test_its_error_is_ours(void **state _unused_)
{
	static const struct error told = { .kind = ERROR_DENIED, .code = EACCES, .message = "no: 'x'", .hint = "ask" };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf script = BUF_INIT, ignored = BUF_INIT, line = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *text = NULL;

	spec_transfer_event_encode(&(struct spec_transfer_event){ .kind = SPEC_TRANSFER_ERROR, .error = told }, &line);
	buf_printf(&script, "eval \"exec 8>&$4\"\ncat >&8 <<'EVENT'\n%sEVENT\nexit 1", line.data);
	make_program(script.data);
	assert_int_equal(run(arena, &ignored, &text, &err), -EACCES);
	assert_int_equal(err.kind, ERROR_DENIED);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.message, "no: 'x'");
	assert_string_equal(err.hint, "ask");
}

static void test_its_end_without_a_word(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "exit 3", "bivy-transfer ended with status 3" },
		{ "exit 125", "bivy-transfer: out of memory" },
		{ "kill -9 $$", "bivy-transfer was ended by signal 9" },
		{ "eval \"echo nonsense >&$4\"", "event: line 1, column 1: expected a value, found 'n'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf told = BUF_INIT;
		struct error err = ERROR_INIT;
		const char *text = NULL;

		make_program(cases[i][0]);
		assert_true(run(arena, &told, &text, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_there_is_none(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf told = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *text = NULL;

	assert_int_equal(setenv("BIVY_TRANSFER", "/nowhere/x", 1), 0);
	assert_int_equal(run(arena, &told, &text, &err), -ENOENT);
	assert_string_equal(err.message, "cannot execute '/nowhere/x': no such file or directory");
}

static void test_reports(void **state _unused_)
{
	static const char *const arguments[] = { "pull", NULL };
	const struct directories directories = { .root = "/", .run_root = shell_scratch };
	const struct transfer_request request = { .directories = &directories, .arguments = arguments };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_transfer_report report;
	struct error err = ERROR_INIT;

	make_program("echo '{\"name\":\"x\"}'");
	assert_int_equal(transfer_run_for_report(arena, &request, &report, NULL), 0);
	assert_string_equal(report.image.name, "x");
	shell_expect("grep -c '\"pull\".*\"ID\":\"x\"' events", "1\n");
	make_program("eval \"exec 8>&$4\"; echo '{\"kind\":\"report\",\"report\":{\"name\":\"y\"}}' >&8");
	assert_int_equal(transfer_run_for_report(arena, &request, &report, &err), 0);
	assert_string_equal(report.image.name, "y");
	make_program("echo '[]'");
	assert_true(transfer_run_for_report(arena, &request, &report, &err) < 0);
	assert_true(str_starts_with(err.message, "cannot understand what bivy-transfer prints: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_it_is_called_and_heard), shell_test(test_its_error_is_ours), shell_test(test_its_end_without_a_word),
		shell_test(test_there_is_none),    shell_test(test_reports),
	};

	return cmocka_run_group_tests_name("engine/transfer", tests, NULL, NULL);
}
