/* SPDX-License-Identifier: Apache-2.0 */
/* state and list: what is known of one container, and of all. */
#include "base/json.h"
#include "base/memory.h"
#include "runtime/program/program.h"
#include "spec/state.h"

#define COLUMN_WIDTH 12 /* at least */
#define COLUMN_GAP 3

/* Both verbs show the same members. */
static void write_report(struct json_writer *w, const struct container_report *report)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "ociVersion", SPEC_OCI_VERSION);
	json_write_string(w, "id", report->id);
	json_write_int(w, "pid", report->pid);
	json_write_string(w, "status", report->status);
	json_write_string(w, "bundle", report->bundle);
	json_write_string(w, "rootfs", report->rootfs);
	json_write_string(w, "created", report->created);
	if (report->annotation_count) {
		json_write_open(w, "annotations", '{');
		for (size_t i = 0; i < report->annotation_count; i++)
			json_write_string(w, report->annotations[i].key, report->annotations[i].value);
		json_write_close(w, '}');
	}
	json_write_string(w, "owner", report->owner);
	json_write_close(w, '}');
}

static int run_state(struct call *call, struct error *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out, .indent = 2 };
	struct container_report report;
	int r = runtime_state(call->runtime, call->operands[0], &report, err);

	if (r < 0)
		return r;
	write_report(&w, &report);
	buf_add_char(&out, '\n');
	container_report_done(&report);
	return program_print(&out, err);
}

const struct verb verb_state = {
	.command = {
		.name = "state",
		.operands = "ID",
		.summary = "print what is known of a container, as JSON",
		.description = "The status is creating, created, running, paused or stopped.",
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.run = run_state,
};

/* ---- list -------------------------------------------------------------------- */

struct list_options {
	bool json, quiet;
};

static const struct option_entry list_entries[] = {
	{ "format", 'f', OPTION_CALLBACK, 0, offsetof(struct list_options, json), "table|json", "how to print; default: table", .parse = program_parse_format },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct list_options, quiet), NULL, "print ids only" },
	{ 0 },
};

enum { COLUMNS = 6 };

struct row {
	const char *cells[COLUMNS];
	char pid[16];
};

/* How many columns of a terminal a text takes, every character counted as one. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80; /* not a continuation byte of UTF-8 */
	return width;
}

static void add_rows(struct buf *out, const struct row *rows, size_t count)
{
	size_t widths[COLUMNS];

	for (size_t column = 0; column < COLUMNS; column++) {
		widths[column] = COLUMN_WIDTH;
		for (size_t i = 0; i < count; i++) {
			size_t need = width_of(rows[i].cells[column]) + COLUMN_GAP;

			if (need > widths[column])
				widths[column] = need;
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t column = 0; column < COLUMNS; column++) {
			const char *cell = rows[i].cells[column];

			buf_add_text(out, cell);
			if (column + 1 < COLUMNS)
				buf_printf(out, "%*s", (int)(widths[column] - width_of(cell)), "");
		}
		buf_add_char(out, '\n');
	}
}

static void add_table(struct buf *out, const struct container_report *reports, size_t count)
{
	_cleanup_free_ struct row *rows = memory_new(count + 1, sizeof *rows);

	rows[0] = (struct row){ .cells = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" } };
	for (size_t i = 0; i < count; i++) {
		struct row *row = &rows[i + 1];

		snprintf(row->pid, sizeof row->pid, "%d", (int)reports[i].pid);
		row->cells[0] = reports[i].id;
		row->cells[1] = row->pid;
		row->cells[2] = reports[i].status;
		row->cells[3] = reports[i].bundle;
		row->cells[4] = reports[i].created;
		row->cells[5] = reports[i].owner;
	}
	add_rows(out, rows, count + 1);
}

static void add_json(struct buf *out, const struct container_report *reports, size_t count)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++)
		write_report(&w, &reports[i]);
	json_write_close(&w, ']');
	buf_add_char(out, '\n');
}

static int run_list(struct call *call, struct error *err)
{
	const struct list_options *options = call->request;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct container_report *reports = NULL;
	size_t count = 0;
	int r = runtime_list(call->runtime, &reports, &count, err);

	if (r < 0)
		return r;
	if (options->quiet)
		for (size_t i = 0; i < count; i++)
			buf_printf(&out, "%s\n", reports[i].id);
	else if (options->json)
		add_json(&out, reports, count);
	else
		add_table(&out, reports, count);
	for (size_t i = 0; i < count; i++)
		container_report_done(&reports[i]);
	free(reports);
	return program_print(&out, err);
}

const struct verb verb_list = {
	.command = {
		.name = "list",
		.summary = "list the containers of the state directory",
		.entries = list_entries,
	},
	.request_size = sizeof(struct list_options),
	.run = run_list,
};
