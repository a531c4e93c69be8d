/* SPDX-License-Identifier: Apache-2.0 */
/* events: usage and events of a container, a line of JSON each. */
#include "base/file.h"
#include "runtime/program/program.h"
#include "runtime/program/values.h"

struct events_options {
	unsigned interval_ms;
	bool stats;
};

static const struct events_options defaults = { .interval_ms = 5000 };

static const struct option_entry entries[] = {
	{ "interval", 0, OPTION_CALLBACK, 0, offsetof(struct events_options, interval_ms), "DURATION",
	  "how often usage is printed, such as 500ms or 1m30s; default: 5s", .parse = value_parse_duration },
	{ "stats", 0, OPTION_FLAG, 0, offsetof(struct events_options, stats), NULL, "print the usage once" },
	{ 0 },
};

/* Prints LINE; a reader that went away ends the stream. */
static int print_line(void *context, const char *line)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t length = strlen(line);

	buf_add(&text, line, length);
	if (length == 0 || line[length - 1] != '\n')
		buf_add_char(&text, '\n');
	return program_print(&text, context);
}

static int print_once(struct call *call, struct error *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = runtime_stats(call->runtime, call->operands[0], &line, err);

	return r < 0 ? r : print_line(err, line.data);
}

static int run_events(struct call *call, struct error *err)
{
	const struct events_options *options = call->request;

	if (options->stats)
		return print_once(call, err);
	return runtime_events(call->runtime, call->operands[0], options->interval_ms, print_line, err, err);
}

const struct verb verb_events = {
	.command = {
		.name = "events",
		.operands = "ID",
		.summary = "print the usage and the events of a container",
		.description = "Prints a line of JSON at each interval, and one whenever the kernel kills a process of it for want of memory, until the "
			"container ends.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct events_options),
	.defaults = &defaults,
	.run = run_events,
};
