/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats_view.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect(struct stats_view *view, const struct stats_sample *samples, size_t count, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	if (stats_view_add(view, samples, count, &out, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(out.data ? out.data : "", text);
}

static const struct stats_sample web = {
	.id = "0123456789abcdef", .name = "web", .running = true, .cpus = 2, .cpu_percent = 150.5, .memory = 10485760, .memory_limit = 20971520,
	.pids = 3, .received_bytes = 1234, .sent_bytes = 5000000, .read_bytes = 0, .write_bytes = 1000, .oom_kills = 1,
};
static const struct stats_sample db = { .id = "fedcba9876543210", .name = "db" };

static void test_table(void **state)
{
	const struct stats_sample samples[] = { web, db };
	struct stats_view view = { .format = NULL };

	(void)state;
	expect(&view, samples, 2,
		"CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O        BLOCK I/O   PIDS\n"
		"fedcba987654   db        0.00%     0B / 0B             0.00%     0B / 0B        0B / 0B     0\n"
		"0123456789ab   web       150.50%   10MiB / 20MiB       50.00%    1.23kB / 5MB   0B / 1kB    3\n");
	stats_view_done(&view);
}

static void test_format(void **state)
{
	struct stats_view view = { .format = "{{.Name}} {{.OOMKills}} {{.Pressure}} {{.ID}}", .whole_ids = true };

	(void)state;
	expect(&view, &web, 1, "web 1 -- 0123456789abcdef\n");
	expect(&view, &web, 0, "");
	stats_view_done(&view);
}

static void test_throttled(void **state)
{
	struct stats_view view = { .format = "{{.Throttled}}" };
	struct stats_sample sample = web;

	(void)state;
	sample.periods = 100;
	sample.throttled_periods = 50;
	expect(&view, &sample, 1, "50%\n");
	sample.periods = 110;
	expect(&view, &sample, 1, "0%\n");
	sample.periods = 120;
	sample.throttled_periods = 60;
	expect(&view, &sample, 1, "100%\n");
	sample.periods = 1; /* started anew */
	sample.throttled_periods = 1;
	expect(&view, &sample, 1, "0%\n");
	stats_view_done(&view);
}

static void test_history(void **state)
{
	struct stats_history history = { .count = 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;

	(void)state;
	stats_history_add(&history, 0);
	stats_history_add(&history, 0.001);
	stats_history_add(&history, 0.5);
	stats_history_add(&history, 7);
	stats_history_draw(&history, false, &out);
	assert_string_equal(out.data, "             .-#");
	buf_done(&out);
	stats_history_draw(&history, true, &out);
	assert_string_equal(out.data, "             ▁▄█");
	buf_done(&out);
	for (int i = 0; i < STATS_HISTORY; i++)
		stats_history_add(&history, i == 0 ? 1 : 0);
	stats_history_draw(&history, false, &out);
	assert_string_equal(out.data, "#               ");
}

static void test_draws_columns(void **state)
{
	struct stats_view view = { .columns = 175 }; /* exactly: "NAME" counts */

	(void)state;
	expect(&view, &db, 1,
		"CONTAINER ID   NAME      CPU %     CPU HISTORY        MEM USAGE / LIMIT   MEM %     MEM HISTORY        THROTTLED   PRESSURE CPU/MEM/IO   NET I/O   BLOCK I/O   PIDS\n"
		"fedcba987654   db        0.00%                        0B / 0B             0.00%                        0%          --                    0B / 0B   0B / 0B     0\n");
	view.columns = 122;
	expect(&view, &db, 1,
		"CONTAINER ID   NAME      CPU %     CPU HISTORY        MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS\n"
		"fedcba987654   db        0.00%                        0B / 0B             0.00%     0B / 0B   0B / 0B     0\n");
	view.columns = 80;
	expect(&view, &db, 1,
		"NAME      CPU %     CPU HISTORY        MEM USAGE / LIMIT   MEM %     PIDS\n"
		"db        0.00%                        0B / 0B             0.00%     0\n");
	view.columns = 10;
	expect(&view, &db, 1,
		"NAME      CPU %     CPU HISTORY        MEM %     PIDS\n"
		"db        0.00%                        0.00%     0\n");
	stats_view_done(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_throttled),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_draws_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
