/* SPDX-License-Identifier: Apache-2.0 */
/* stats: what containers use of the host, again and again. */
#include "engine/stats.h"

#include "base/file.h"
#include "cli/command.h"
#include "cli/stats_view.h"
#include "engine/terminal.h"

struct stats_cli_request {
	bool all, no_stream, no_trunc;
	const char *format;
	int64_t interval_s;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct stats_cli_request, all), NULL, "all containers, not only those that run" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct stats_cli_request, format), "FORMAT", "table, json, or a template for each container" },
	{ "interval", 'i', OPTION_INT, 0, offsetof(struct stats_cli_request, interval_s), "SECONDS", "how long a round is; default: 1", .minimum = 1, .maximum = 86400 },
	{ "no-stream", 0, OPTION_FLAG, 0, offsetof(struct stats_cli_request, no_stream), NULL, "only one round: CPU as used since the start" },
	{ "no-trunc", 0, OPTION_FLAG, 0, offsetof(struct stats_cli_request, no_trunc), NULL, "show whole ids" },
	{ 0 },
};

struct output {
	struct stats_view view;
	struct buf *out; /* of the only round; NULL: rounds are written as they come */
	bool redraws;
	struct error *err;
};

/* Cut at the terminal's width, and its height: what wraps, or scrolls, cannot be drawn over. */
static void cut_to_terminal(const struct buf *text, unsigned columns, unsigned rows, struct buf *out)
{
	const char *line = text->data ? text->data : "";

	for (unsigned row = 0; *line && row + 1 < rows; row++) {
		size_t length = strcspn(line, "\n"), end = 0;

		for (unsigned width = 0; end < length; end++) {
			width += ((unsigned char)line[end] & 0xc0) != 0x80;
			if (width > columns)
				break;
		}
		buf_add(out, line, end);
		buf_add_text(out, "\x1b[K\n");
		line += length + (line[length] == '\n');
	}
}

static int write_round(const struct output *output, const struct buf *text, struct error *err)
{
	_cleanup_buf_ struct buf screen = BUF_INIT;
	unsigned columns, rows;
	int r;

	if (output->redraws && terminal_size(STDOUT_FILENO, &columns, &rows)) {
		buf_add_text(&screen, "\x1b[H");
		cut_to_terminal(text, columns, rows, &screen);
		buf_add_text(&screen, "\x1b[J");
		text = &screen;
	}
	r = fd_write_all(STDOUT_FILENO, text->data, text->length);
	return r < 0 ? error_errno(err, -r, "cannot write to the standard output") : 0;
}

static int take_round(void *context, const struct stats_sample *samples, size_t count)
{
	struct output *output = context;
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned rows;
	int r;

	if (!output->redraws || !terminal_size(STDOUT_FILENO, &output->view.columns, &rows))
		output->view.columns = 0;
	if (output->out)
		return stats_view_add(&output->view, samples, count, output->out, output->err);
	r = stats_view_add(&output->view, samples, count, &text, output->err);
	return r < 0 ? r : write_round(output, &text, output->err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct stats_cli_request *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct output output = { .view = { .format = options->format, .whole_ids = options->no_trunc, .utf8 = terminal_is_utf8() }, .err = err };
	struct directories directories;
	struct stats_request request = { .directories = &directories, .containers = call->operands, .all = options->all, .once = options->no_stream,
		.interval_ms = (unsigned)options->interval_s * 1000, .each = take_round, .context = &output };
	unsigned columns, rows;
	int r = cli_directories(call, arena, &directories, err);

	if (r < 0)
		return r;
	output.redraws = !options->no_stream && terminal_size(STDOUT_FILENO, &columns, &rows);
	output.out = options->no_stream ? out : NULL;
	if (output.redraws)
		ignore_result(fd_write_all(STDOUT_FILENO, "\x1b[H\x1b[J", 6)); /* the first round will tell */
	r = stats_follow(&request, err);
	stats_view_done(&output.view);
	return r;
}

const struct command cli_stats = {
	.command = {
		.name = "stats",
		.operands = "[CONTAINER…]",
		.summary = "show what containers use of the host",
		.description = "Shows CPU, memory, links, disks and processes of the containers named, or of all that run, again each second. On a terminal "
			"it draws how CPU (of all that the container may use) and memory (of its limit) were in the last rounds, and shows the part of "
			"periods in which a CPU limit held it up, and for how much of the time it waited for CPU, memory and disk.\n\n"
			"Fields for --format: .ID, .Name, .CPUPerc, .MemUsage, .MemPerc, .MemMax, .Swap, .NetIO, .BlockIO, .PIDs, .Throttled, "
			".Pressure, .OOMKills, .CPUHistory and .MemHistory.",
		.entries = entries,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct stats_cli_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
