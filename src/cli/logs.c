/* SPDX-License-Identifier: Apache-2.0 */
/* logs: what a container has written. */
#include "engine/log_text.h"
#include "engine/logs.h"
#include "base/file.h"

#include "cli/command.h"

#define ALL_LINES "all"
#define FLUSH_BYTES (32u << 10)

struct logs_options {
	bool follow, timestamps, details;
	int64_t tail;
	const char *since, *until;
};

static int parse_tail(const char *value, void *target, struct error *err)
{
	int64_t *tail = target;

	if (str_equal(value, ALL_LINES))
		*tail = -1;
	else if (str_to_i64(value, 10, tail) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a number of lines, or " ALL_LINES);
	if (*tail < 0)
		*tail = -1;
	return 0;
}

static const struct option_entry entries[] = {
	{ "details", 0, OPTION_FLAG, 0, offsetof(struct logs_options, details), NULL, "show what --log-opt has sent along: labels, variables and the tag" },
	{ "follow", 'f', OPTION_FLAG, 0, offsetof(struct logs_options, follow), NULL, "go on with what is written from now on, until the container has ended" },
	{ "since", 0, OPTION_STRING, 0, offsetof(struct logs_options, since), "TIME", "only lines from then on: 2024-05-07T12:34:56, seconds since 1970, or an age such as 10m" },
	{ "tail", 'n', OPTION_CALLBACK, 0, offsetof(struct logs_options, tail), "N", "only the last N lines; default: " ALL_LINES, .parse = parse_tail },
	{ "timestamps", 't', OPTION_FLAG, 0, offsetof(struct logs_options, timestamps), NULL, "show when each line was written" },
	{ "until", 0, OPTION_STRING, 0, offsetof(struct logs_options, until), "TIME", "only lines up to then" },
	{ 0 },
};

/* Where it goes, in as few pieces as do not change the order of the two streams. */
struct printer {
	bool timestamps, details;
	struct buf pending;
	int fd;           /* of .pending */
	bool in_line[2];  /* the last record of the stream was a piece */
	int write_result;
};

static void flush(void *context)
{
	struct printer *printer = context;

	if (printer->pending.length > 0 && printer->write_result == 0)
		printer->write_result = fd_write_all(printer->fd, printer->pending.data, printer->pending.length);
	printer->pending.length = 0;
}

static int print(void *context, const struct spec_log_record *record)
{
	struct printer *printer = context;
	int fd = record->stream == 2 ? STDERR_FILENO : STDOUT_FILENO;
	bool *in_line = &printer->in_line[record->stream == 2];

	if (fd != printer->fd)
		flush(printer);
	printer->fd = fd;
	if (printer->timestamps && !*in_line)
		log_text_add_timestamp(&printer->pending, record->time_ns);
	if (printer->details && !*in_line)
		log_text_add_details(&printer->pending, record);
	buf_add(&printer->pending, record->text, record->length);
	if (!record->partial)
		buf_add_char(&printer->pending, '\n');
	*in_line = record->partial;
	if (printer->pending.length >= FLUSH_BYTES)
		flush(printer);
	return printer->write_result;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct logs_options *options = call->request;
	struct printer printer = { .timestamps = options->timestamps, .details = options->details, .fd = STDOUT_FILENO };
	struct directories directories;
	const struct logs_request request = { .directories = &directories, .container = call->operands[0], .follow = options->follow, .out = true,
		.err = true, .tail = options->tail, .since = options->since, .until = options->until, .each = print, .idle = flush, .context = &printer };
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = logs_read(&request, err);
	flush(&printer);
	buf_done(&printer.pending);
	if (printer.write_result < 0)
		return error_errno(err, -printer.write_result, "cannot write to the standard %s", printer.fd == STDERR_FILENO ? "error" : "output");
	return r;
}

const struct command cli_logs = {
	.command = {
		.name = "logs",
		.operands = "CONTAINER",
		.summary = "show what a container has written",
		.description = "Shows what the container has written, its standard output on ours and its standard error on ours. Lines are kept by the log "
			"driver of the container (--log-driver and --log-opt of bivy run): local, of which there are 100 MB at most if nothing else was said, "
			"json-file, or journald.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct logs_options),
	.defaults = &(const struct logs_options){ .tail = -1 },
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
