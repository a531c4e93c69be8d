/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container_state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_refused(const char *text, enum error_kind kind, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_container_state *read = NULL;

	assert_true(spec_container_state_decode(arena, text, strlen(text), &read, &err) < 0);
	assert_null(read);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.message, message);
}

static const struct spec_container_state sample = {
	.status = SPEC_CONTAINER_STOPPING,
	.pid = 4711,
	.supervisor_pid = 4710,
	.exit_code = 137,
	.oom_killed = true,
	.oom_limit = 64 << 20,
	.signal = 9,
	.error = (char *)"cannot start",
	.started = (char *)"2024-02-29T12:00:00.123456789Z",
	.finished = (char *)"2024-02-29T12:00:01Z",
	.restart_count = 3,
	.manually_stopped = true,
	.should_run = true,
	.boot_id = (char *)"b",
	.log_dropped = 7,
	.id_base = 0x20000000u,
	.id_size = 65536,
	.health = {
		.status = SPEC_UNHEALTHY,
		.failing_streak = 2,
		.log = { { (char *)"s", (char *)"e", -1, (char *)"line\n" }, { (char *)"t", NULL, 0, (char *)"" } },
		.log_count = 2,
	},
	.warnings = (char *[]){ (char *)"now it is late", NULL },
};

static const char sample_text[] =
	"{\"format\":1,\"Status\":\"stopping\",\"Pid\":4711,\"SupervisorPid\":4710,\"ExitCode\":137,\"OOMKilled\":true,\"OOMLimit\":67108864,"
	"\"Signal\":9,\"Error\":\"cannot start\",\"StartedAt\":\"2024-02-29T12:00:00.123456789Z\",\"FinishedAt\":\"2024-02-29T12:00:01Z\","
	"\"RestartCount\":3,\"ManuallyStopped\":true,\"ShouldRun\":true,\"BootID\":\"b\",\"LogDropped\":7,\"IDBase\":536870912,\"IDSize\":65536,\"Warnings\":[\"now it is late\"],"
	"\"Health\":{\"Status\":\"unhealthy\",\"FailingStreak\":2,\"Log\":["
	"{\"Start\":\"s\",\"End\":\"e\",\"ExitCode\":-1,\"Output\":\"line\\n\"},{\"Start\":\"t\",\"ExitCode\":0,\"Output\":\"\"}]}}\n";

/* What a record of this format looks like on disk: a change here needs another format, or only adds. */
static void test_text(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	spec_container_state_encode(&sample, &text);
	assert_string_equal(text.data, sample_text);
}

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct spec_container_state *read = NULL;

	(void)state;
	assert_int_equal(spec_container_state_decode(arena, sample_text, strlen(sample_text), &read, NULL), 0);
	assert_int_equal(read->status, SPEC_CONTAINER_STOPPING);
	assert_int_equal(read->exit_code, 137);
	assert_true(read->oom_killed && read->manually_stopped && read->should_run);
	assert_int_equal(read->id_base, 0x20000000u);
	assert_int_equal(read->health.log_count, 2);
	assert_int_equal(read->health.log[0].exit_code, -1);
	assert_string_equal(read->health.log[1].output, "");
	spec_container_state_encode(read, &again);
	assert_string_equal(again.data, sample_text);
}

/* A health check's output has up to 4096 bytes, which may be none of UTF-8. */
static void test_long_output_can_be_read_back(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_container_state unhealthy = { .status = SPEC_CONTAINER_RUNNING, .health = { .status = SPEC_UNHEALTHY, .log_count = 1 } };
	struct spec_container_state *read = NULL;
	char output[4097];

	(void)state;
	memset(output, 0xff, sizeof output - 1);
	output[sizeof output - 1] = '\0';
	unhealthy.health.log[0].output = output;
	spec_container_state_encode(&unhealthy, &text);
	assert_int_equal(spec_container_state_decode(arena, text.data, text.length, &read, NULL), 0);
	assert_true(str_starts_with(read->health.log[0].output, "\xef\xbf\xbd"));
}

static void test_unknown_members_are_passed_over(void **state)
{
	static const char text[] = "{\"format\":1,\"later\":{\"x\":[1]},\"Status\":\"created\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_state *read = NULL;

	(void)state;
	assert_int_equal(spec_container_state_decode(arena, text, strlen(text), &read, NULL), 0);
	assert_int_equal(read->status, SPEC_CONTAINER_CREATED);
	assert_int_equal(read->health.status, SPEC_HEALTH_STATUS_NONE);
}

static void test_bad_records(void **state)
{
	(void)state;
	assert_refused("", ERROR_INVALID, "state.json: line 1, column 1: expected a value, found the end");
	assert_refused("[]", ERROR_INVALID, "state.json: expected object, found array");
	assert_refused("{\"Status\":\"created\"}", ERROR_INVALID, "format: missing");
	assert_refused("{\"format\":2}", ERROR_UNSUPPORTED, "state.json has format 2 of a newer version, this one reads up to 1");
	assert_refused("{\"format\":1}", ERROR_INVALID, "Status: missing");
	assert_refused("{\"format\":1,\"Status\":\"Running\"}", ERROR_INVALID, "Status: unknown status \"Running\"");
	assert_refused("{\"format\":1,\"Status\":\"created\",\"Pid\":-1}", ERROR_INVALID, "Pid: a process has no negative number");
	assert_refused("{\"format\":1,\"Status\":\"created\",\"IDSize\":4294967296}", ERROR_INVALID,
		       "IDSize: 4294967296 is out of range (0 to 4294967295)");
	assert_refused("{\"format\":1,\"Status\":\"created\",\"Health\":{\"Status\":\"well\"}}", ERROR_INVALID, "Health.Status: unknown status \"well\"");
	assert_refused("{\"format\":1,\"Status\":\"created\",\"Health\":{\"Status\":\"healthy\",\"Log\":[{},{},{},{},{},{}]}}", ERROR_INVALID,
		       "Health.Log: 6 results are too many (5 at most)");
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i <= SPEC_CONTAINER_REMOVING; i++)
		assert_non_null(spec_container_status_name((enum spec_container_status)i));
	assert_string_equal(spec_container_status_name(SPEC_CONTAINER_STARTING), "created");
	assert_string_equal(spec_container_status_name(SPEC_CONTAINER_STOPPING), "running");
	assert_string_equal(spec_container_status_name(SPEC_CONTAINER_REMOVING), "removing");
	assert_string_equal(spec_health_status_name(SPEC_HEALTHY), "healthy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_long_output_can_be_read_back),
		cmocka_unit_test(test_unknown_members_are_passed_over),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("container_state", tests, NULL, NULL);
}
