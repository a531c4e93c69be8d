/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/timing.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/role.h"
#include "cli/command.h"
#include "cli/value_word.h"
#include "engine/terminal.h"

#define TEXT_COLUMNS 54 /* of a line before what is drawn */
#define DRAWN_FROM 80   /* narrower terminals get the text alone */
#define DRAWN_MOST 120

int timing_option_parse(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { "text", "json", "false", "true", NULL };
	struct timing_option *option = target;

	if (value && value_check_word(value, words, err) < 0)
		return -EINVAL;
	option->is_given = !value || !str_equal(value, "false");
	option->is_json = value && str_equal(value, "json");
	return 0;
}

void cli_timing_begin(const struct timing_option *option)
{
	int r = option->is_given ? timing_begin() : 0;

	role_set(CLI_NAME);
	if (r < 0)
		log_warning("cannot take the time: %s", error_words(-r));
}

/* ---- the view ----------------------------------------------------------------------------- */

/* From the first beginning to the last end. */
static void find_bounds(const struct timing_phase *phases, size_t count, int64_t *ret_begin, int64_t *ret_end)
{
	*ret_begin = count ? phases[0].begin_ns : 0;
	*ret_end = *ret_begin;
	for (size_t i = 0; i < count; i++) {
		if (phases[i].begin_ns < *ret_begin)
			*ret_begin = phases[i].begin_ns;
		if (phases[i].end_ns > *ret_end)
			*ret_end = phases[i].end_ns;
	}
}

static double share(int64_t part_ns, int64_t whole_ns)
{
	return whole_ns > 0 ? 100.0 * (double)part_ns / (double)whole_ns : 0;
}

/* WIDTH columns are WHOLE_NS; what begins in a column, and lasts at all, is seen in it. */
static void draw(const struct timing_phase *phase, int64_t begin_ns, int64_t whole_ns, unsigned width, bool utf8, struct buf *out)
{
	int64_t from = whole_ns > 0 ? (phase->begin_ns - begin_ns) * width / whole_ns : 0;
	int64_t to = whole_ns > 0 ? (phase->end_ns - begin_ns) * width / whole_ns : 0;

	if (from >= width)
		from = width - 1;
	if (to <= from)
		to = from + 1;
	for (int64_t column = 0; column < to; column++)
		buf_add_text(out, column < from ? " " : utf8 ? "█" : "#");
}

void timing_view_text(const struct timing_phase *phases, size_t count, unsigned columns, bool utf8, struct buf *out)
{
	unsigned width = columns > DRAWN_FROM ? columns - TEXT_COLUMNS - 1 : 0;
	int64_t begin_ns, end_ns;

	if (width > DRAWN_MOST)
		width = DRAWN_MOST;
	find_bounds(phases, count, &begin_ns, &end_ns);
	buf_printf(out, "%8s  %6s  %-10s  %s\n", utf8 ? "µs" : "us", "SHARE", "PROCESS", "PHASE");
	for (size_t i = 0; i < count; i++) {
		const struct timing_phase *phase = &phases[i];
		int64_t ns = phase->end_ns - phase->begin_ns;

		buf_printf(out, width ? "%8lld  %5.1f%%  %-10.10s  %-24.24s " : "%8lld  %5.1f%%  %-10s  %s", (long long)(ns / 1000),
			   share(ns, end_ns - begin_ns), phase->process, phase->name);
		if (width)
			draw(phase, begin_ns, end_ns - begin_ns, width, utf8, out);
		buf_add_char(out, '\n');
	}
	buf_printf(out, "%8lld  %5.1f%%  %-10s  %s\n", (long long)((end_ns - begin_ns) / 1000), 100.0, "", "in all");
}

void timing_view_json(const struct timing_phase *phases, size_t count, struct buf *out)
{
	struct json_writer w = { .out = out };
	int64_t begin_ns, end_ns;

	find_bounds(phases, count, &begin_ns, &end_ns);
	json_write_open(&w, NULL, '{');
	json_write_real(&w, "durationUs", (double)(end_ns - begin_ns) / 1000);
	json_write_open(&w, "phases", '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(&w, NULL, '{');
		json_write_string(&w, "process", phases[i].process);
		json_write_string(&w, "name", phases[i].name);
		json_write_real(&w, "beginUs", (double)(phases[i].begin_ns - begin_ns) / 1000);
		json_write_real(&w, "durationUs", (double)(phases[i].end_ns - phases[i].begin_ns) / 1000);
		json_write_real(&w, "sharePercent", (double)(int64_t)(share(phases[i].end_ns - phases[i].begin_ns, end_ns - begin_ns) * 10 + 0.5) / 10);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

void cli_timing_end(const struct timing_option *option)
{
	_cleanup_free_ struct timing_phase *phases = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT;
	unsigned columns = 0, rows;
	size_t count;

	if (!option->is_given || timing_fd() < 0)
		return;
	phases = memory_new(TIMING_PHASES, sizeof *phases);
	count = timing_read(phases, TIMING_PHASES);
	timing_leave();
	if (option->is_json)
		timing_view_json(phases, count, &out);
	else
		timing_view_text(phases, count, terminal_size(STDERR_FILENO, &columns, &rows) ? columns : 0, terminal_is_utf8(), &out);
	ignore_result(fd_write_all(STDERR_FILENO, out.data, out.length)); /* nobody else to tell */
}
