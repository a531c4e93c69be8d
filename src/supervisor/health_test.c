/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/health.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S INT64_C(1000000000)
#define START (1000 * S)
#define WALL (1715085296 * S) /* 2024-05-07T12:34:56Z */

static char *shell_test[] = { (char *)"CMD-SHELL", (char *)"curl -f http://localhost || exit 1", NULL };
static char *command_test[] = { (char *)"CMD", (char *)"probe", (char *)"-v", NULL };
static char *none_test[] = { (char *)"NONE", NULL };

static const struct spec_health_check plain = { .test = command_test };
static const struct spec_health_check quick = { .test = command_test, .interval_ns = 10 * S, .timeout_ns = 3 * S, .retries = 2 };
static const struct spec_health_check slow_start = { .test = command_test, .interval_ns = 10 * S, .timeout_ns = 3 * S, .retries = 2,
	.start_period_ns = 60 * S, .start_interval_ns = 2 * S };
static const struct spec_health_check startup = { .test = shell_test, .interval_ns = 1 * S, .timeout_ns = 1 * S };

static struct health *start(const struct health_config *config)
{
	struct health *health = health_new(config);

	assert_non_null(health);
	health_start(health, START);
	return health;
}

/* The next check is due at DUE, takes a second and ends with CODE. */
static struct health_verdict check_at(struct health *health, int64_t due, int64_t code)
{
	assert_int_equal(health_due_ns(health), due);
	assert_int_equal(health_step(health, due - 1), HEALTH_WAIT);
	assert_int_equal(health_step(health, due), HEALTH_RUN);
	health_begin(health, due, WALL);
	return health_end(health, due + S, WALL + S, code, "", 0);
}

static void assert_status(const struct health *health, enum spec_health_status status, int64_t streak)
{
	assert_int_equal(health_state(health)->status, status);
	assert_int_equal(health_state(health)->failing_streak, streak);
}

static void test_nothing_to_check(void **state _unused_)
{
	static const struct spec_health_check none = { .test = none_test }, inherited = { 0 };

	assert_null(health_new(&(struct health_config){ .check = NULL }));
	assert_null(health_new(&(struct health_config){ .check = &none }));
	assert_null(health_new(&(struct health_config){ .check = &inherited, .startup_check = &startup }));
	health_start(NULL, START);
	health_stop(NULL);
	assert_int_equal(health_due_ns(NULL), HEALTH_NEVER);
	assert_int_equal(health_step(NULL, INT64_MAX), HEALTH_WAIT);
	assert_null(health_state(NULL));
	assert_null(health_command(NULL));
	assert_false(health_is_checking(NULL));
	assert_null(health_free(NULL));
}

static void test_defaults(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &plain });

	assert_status(health, SPEC_HEALTH_STARTING, 0);
	assert_false(check_at(health, START + 30 * S, 1).changed);
	assert_false(check_at(health, START + 61 * S, 1).changed);
	assert_status(health, SPEC_HEALTH_STARTING, 2);
	assert_true(check_at(health, START + 92 * S, 1).changed);
	assert_status(health, SPEC_UNHEALTHY, 3);
	/* It takes 30 s at most. */
	health_begin(health, START + 200 * S, WALL);
	assert_int_equal(health_due_ns(health), START + 230 * S);
}

static void test_command(void **state _unused_)
{
	static char *own_shell[] = { (char *)"/bin/bash", (char *)"-ec", NULL };
	static const struct spec_health_check by_shell = { .test = shell_test };
	_cleanup_health_ struct health *a = health_new(&(struct health_config){ .check = &plain });
	_cleanup_health_ struct health *b = health_new(&(struct health_config){ .check = &by_shell });
	_cleanup_health_ struct health *c = health_new(&(struct health_config){ .check = &by_shell, .shell = own_shell });
	const char *const *command = health_command(a);

	assert_string_equal(command[0], "probe");
	assert_string_equal(command[1], "-v");
	assert_null(command[2]);
	command = health_command(b);
	assert_string_equal(command[0], "/bin/sh");
	assert_string_equal(command[1], "-c");
	assert_string_equal(command[2], shell_test[1]);
	assert_null(command[3]);
	assert_string_equal(health_command(c)[0], "/bin/bash");
	assert_string_equal(health_command(c)[1], "-ec");
}

static void test_becomes_healthy_and_unhealthy(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &quick, .on_failure = SPEC_HEALTH_KILL });
	struct health_verdict verdict = check_at(health, START + 10 * S, 0);

	assert_true(verdict.changed);
	assert_int_equal(verdict.action, SPEC_HEALTH_NONE);
	assert_status(health, SPEC_HEALTHY, 0);
	verdict = check_at(health, START + 21 * S, 1);
	assert_false(verdict.changed);
	assert_status(health, SPEC_HEALTHY, 1);
	verdict = check_at(health, START + 32 * S, 1);
	assert_true(verdict.changed);
	assert_int_equal(verdict.action, SPEC_HEALTH_KILL);
	assert_status(health, SPEC_UNHEALTHY, 2);
	/* Once is enough. */
	verdict = check_at(health, START + 43 * S, 1);
	assert_false(verdict.changed);
	assert_int_equal(verdict.action, SPEC_HEALTH_NONE);
	assert_status(health, SPEC_UNHEALTHY, 3);
	assert_true(check_at(health, START + 54 * S, 0).changed);
	assert_status(health, SPEC_HEALTHY, 0);
}

static void test_start_period(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &slow_start });

	for (int64_t at = 2; at <= 59; at += 3) {
		assert_false(check_at(health, START + at * S, 1).changed);
		assert_status(health, SPEC_HEALTH_STARTING, 0);
	}
	/* The last one ended at 60 s: from there on failures count, and the interval is the usual one. */
	check_at(health, START + 70 * S, 1);
	assert_status(health, SPEC_HEALTH_STARTING, 1);
	check_at(health, START + 81 * S, 1);
	assert_status(health, SPEC_UNHEALTHY, 2);
}

static void test_success_ends_the_start_period(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &slow_start });

	check_at(health, START + 2 * S, 0);
	assert_status(health, SPEC_HEALTHY, 0);
	check_at(health, START + 13 * S, 1);
	assert_status(health, SPEC_HEALTHY, 1);
	check_at(health, START + 24 * S, 1);
	assert_status(health, SPEC_UNHEALTHY, 2);
}

static void test_default_start_interval(void **state _unused_)
{
	static const struct spec_health_check usual = { .test = command_test, .start_period_ns = 60 * S };
	static const struct spec_health_check shorter = { .test = command_test, .start_period_ns = 60 * S, .interval_ns = S };
	_cleanup_health_ struct health *a = start(&(struct health_config){ .check = &usual });
	_cleanup_health_ struct health *b = start(&(struct health_config){ .check = &shorter });

	assert_int_equal(health_due_ns(a), START + 5 * S);
	assert_int_equal(health_due_ns(b), START + S);
}

static void test_timeout(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &quick });
	const struct spec_health_result *result = &health_state(health)->log[0];

	health_begin(health, START + 10 * S, WALL);
	assert_true(health_is_checking(health));
	assert_int_equal(health_step(health, START + 13 * S - 1), HEALTH_WAIT);
	assert_int_equal(health_step(health, START + 13 * S), HEALTH_TIME_OUT);
	health_end(health, START + 13 * S, WALL + 3 * S, HEALTH_TIMED_OUT, "so far", 6);
	assert_false(health_is_checking(health));
	assert_status(health, SPEC_HEALTH_STARTING, 1);
	assert_int_equal(result->exit_code, -1);
	assert_string_equal(result->output, "took longer than 3 s: so far");
	assert_string_equal(result->start, "2024-05-07T12:34:56Z");
	assert_string_equal(result->end, "2024-05-07T12:34:59Z");
	/* One that could not be executed has only its reason. */
	health_begin(health, START + 23 * S, WALL);
	health_end(health, START + 23 * S, WALL, HEALTH_TIMED_OUT, "no such file", 12);
	assert_string_equal(health_state(health)->log[1].output, "no such file");
}

static void test_results_are_bounded(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &plain });
	char output[2 * HEALTH_OUTPUT_LIMIT];

	memset(output, 'x', sizeof output);
	memcpy(output + HEALTH_OUTPUT_LIMIT - 1, "\xc3\xa4", 2);
	output[1] = '\0';
	for (int i = 0; i < SPEC_HEALTH_LOG_LENGTH + 2; i++) {
		health_begin(health, START + i * S, WALL);
		health_end(health, START + i * S, WALL, i, output, sizeof output);
	}
	assert_int_equal(health_state(health)->log_count, SPEC_HEALTH_LOG_LENGTH);
	for (int i = 0; i < SPEC_HEALTH_LOG_LENGTH; i++) {
		assert_int_equal(health_state(health)->log[i].exit_code, i + 2);
		assert_int_equal(strlen(health_state(health)->log[i].output), HEALTH_OUTPUT_LIMIT - 1);
	}
}

static void test_startup_check(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &slow_start, .startup_check = &startup, .startup_successes = 2 });

	assert_string_equal(health_command(health)[0], "/bin/sh");
	/* However often it fails: it says nothing of retries. */
	for (int64_t at = 1; at < 200; at += 2)
		assert_false(check_at(health, START + at * S, 1).changed);
	assert_int_equal(health_state(health)->status, SPEC_HEALTH_STARTING);
	/* Two in a row. */
	check_at(health, START + 201 * S, 0);
	check_at(health, START + 203 * S, 1);
	check_at(health, START + 205 * S, 0);
	assert_string_equal(health_command(health)[0], "/bin/sh");
	assert_false(check_at(health, START + 207 * S, 0).changed);
	assert_string_equal(health_command(health)[0], "probe");
	assert_status(health, SPEC_HEALTH_STARTING, 0);
	/* The start period begins here. */
	assert_false(check_at(health, START + 210 * S, 1).changed);
	assert_status(health, SPEC_HEALTH_STARTING, 0);
	assert_true(check_at(health, START + 213 * S, 0).changed);
	assert_status(health, SPEC_HEALTHY, 0);
}

static void test_startup_gives_up(void **state _unused_)
{
	static const struct spec_health_check bounded = { .test = shell_test, .interval_ns = 1 * S, .retries = 2 };
	const struct health_config config = { .check = &plain, .startup_check = &bounded }, stops = { &plain, &bounded, NULL, 0, SPEC_HEALTH_STOP };
	_cleanup_health_ struct health *a = start(&config), *b = start(&stops);
	struct health_verdict verdict;

	check_at(a, START + S, 1);
	verdict = check_at(a, START + 3 * S, 1);
	assert_true(verdict.changed);
	assert_int_equal(verdict.action, SPEC_HEALTH_RESTART);
	check_at(b, START + S, 1);
	assert_int_equal(check_at(b, START + 3 * S, 1).action, SPEC_HEALTH_STOP);
	/* And begins anew. */
	health_start(a, START + 100 * S);
	assert_status(a, SPEC_HEALTH_STARTING, 0);
	assert_int_equal(health_state(a)->log_count, 2);
	check_at(a, START + 101 * S, 0);
	assert_string_equal(health_command(a)[0], "probe");
}

static void test_stop(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &quick });

	check_at(health, START + 10 * S, 0);
	health_begin(health, START + 21 * S, WALL);
	health_stop(health);
	assert_int_equal(health_due_ns(health), HEALTH_NEVER);
	/* Its end, as it was killed, is no result. */
	assert_false(health_end(health, START + 22 * S, WALL, 137, "", 0).changed);
	assert_int_equal(health_state(health)->log_count, 1);
	assert_status(health, SPEC_HEALTHY, 0);
}

static void test_pause(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &quick });

	health_pause(health, START + 4 * S);
	assert_int_equal(health_due_ns(health), HEALTH_NEVER);
	assert_int_equal(health_step(health, START + 500 * S), HEALTH_WAIT);
	health_resume(health, START + 104 * S);
	assert_int_equal(health_due_ns(health), START + 110 * S);
	/* A check that runs is as frozen as the rest. */
	health_begin(health, START + 110 * S, WALL);
	health_pause(health, START + 111 * S);
	assert_int_equal(health_due_ns(health), HEALTH_NEVER);
	health_resume(health, START + 211 * S);
	assert_int_equal(health_due_ns(health), START + 213 * S);
}

static void test_configure(void **state _unused_)
{
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &plain });

	health_configure(health, &(struct health_config){ .check = &quick, .on_failure = SPEC_HEALTH_STOP });
	check_at(health, START + 10 * S, 1);
	assert_int_equal(check_at(health, START + 21 * S, 1).action, SPEC_HEALTH_STOP);
	health_configure(health, &(struct health_config){ .check = NULL });
	assert_int_equal(health_due_ns(health), START + 32 * S);
}

static void test_absurd_times(void **state _unused_)
{
	static const struct spec_health_check endless = { .test = command_test, .interval_ns = INT64_MAX, .timeout_ns = INT64_MAX,
		.start_period_ns = INT64_MAX, .start_interval_ns = INT64_MAX };
	_cleanup_health_ struct health *health = start(&(struct health_config){ .check = &endless });

	assert_int_equal(health_due_ns(health), HEALTH_NEVER);
	health_begin(health, START, WALL);
	assert_int_equal(health_due_ns(health), HEALTH_NEVER);
	health_end(health, START + S, WALL, 1, "", 0);
	assert_status(health, SPEC_HEALTH_STARTING, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_check),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_becomes_healthy_and_unhealthy),
		cmocka_unit_test(test_start_period),
		cmocka_unit_test(test_success_ends_the_start_period),
		cmocka_unit_test(test_default_start_interval),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_results_are_bounded),
		cmocka_unit_test(test_startup_check),
		cmocka_unit_test(test_startup_gives_up),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_configure),
		cmocka_unit_test(test_absurd_times),
	};

	return cmocka_run_group_tests_name("supervisor/health", tests, NULL, NULL);
}
