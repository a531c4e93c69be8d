/* SPDX-License-Identifier: Apache-2.0 */
/* stats: what containers use of the host, again and again. */
#include "engine/stats.h"

#include "cli/command.h"
#include "cli/screen.h"
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

static int take_round(void *context, const struct stats_sample *samples, size_t count)
{
	struct output *output = context;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	output->view.columns = screen_columns(output->redraws);
	if (output->out)
		return stats_view_add(&output->view, samples, count, output->out, output->err);
	r = stats_view_add(&output->view, samples, count, &text, output->err);
	return r < 0 ? r : screen_write(output->redraws, &text, output->err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct stats_cli_request *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct output output = { .view = { .format = options->format, .whole_ids = options->no_trunc, .utf8 = terminal_is_utf8() }, .err = err };
	struct directories directories;
	struct stats_request request = { .directories = &directories, .containers = call->operands, .all = options->all, .once = options->no_stream,
		.interval_ms = (unsigned)options->interval_s * 1000, .each = take_round, .context = &output };
	int r = cli_directories(call, arena, &directories, err);

	if (r < 0)
		return r;
	output.redraws = !options->no_stream && screen_begin();
	output.out = options->no_stream ? out : NULL;
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
