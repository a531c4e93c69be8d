/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp: filters of system calls, without containers. */
#include "primitive/call_trace.h"

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"

#include <inttypes.h>

const struct command cli_seccomp = {
	.command = {
		.name = "seccomp",
		.operands = "COMMAND",
		.summary = "work with filters of system calls",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

struct trace_request {
	const char *format, *output;
	bool quiet;
};

static const struct option_entry entries[] = {
	{ "format", 0, OPTION_STRING, 0, offsetof(struct trace_request, format), "table|json", "how the counts are shown; default: table" },
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct trace_request, output), "FILE", "write a filter that lets these calls through alone" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct trace_request, quiet), NULL, "do not show the counts" },
	{ 0 },
};

static void add_table(const struct call_trace *trace, struct buf *out)
{
	const char *usual = trace->count ? trace->calls[0].architecture : NULL;

	buf_printf(out, "%10s  %6s  %s\n", "CALLS", "SHARE", "NAME");
	for (size_t i = 0; i < trace->count; i++) {
		const struct call_count *call = &trace->calls[i];

		buf_printf(out, "%10" PRIu64 "  %5.1f%%  %s%s%s\n", call->count, (double)call->count * 100 / (double)trace->total, call->name,
			str_equal(call->architecture, usual) ? "" : "  ", str_equal(call->architecture, usual) || !call->architecture ? "" : call->architecture);
	}
	buf_printf(out, "%10" PRIu64 "  100.0%%  %zu different ones\n", trace->total, trace->count);
}

static void add_json(const struct call_trace *trace, struct buf *out)
{
	struct json_writer w = { .out = out, .indent = 2 };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "total", trace->total);
	json_write_open(&w, "calls", '[');
	for (size_t i = 0; i < trace->count; i++) {
		json_write_open(&w, NULL, '{');
		json_write_string(&w, "name", trace->calls[i].name);
		json_write_string(&w, "architecture", trace->calls[i].architecture);
		json_write_uint(&w, "count", trace->calls[i].count);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* On the standard error, as the standard output is the command's. */
static int tell(const struct trace_request *request, const struct call_trace *trace, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (request->quiet)
		return 0;
	(str_equal(request->format, "json") ? add_json : add_table)(trace, &text);
	r = fd_write_all(STDERR_FILENO, text.data, text.length);
	return r < 0 ? error_errno(err, -r, "cannot write to the standard error") : 0;
}

static int run_trace(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct trace_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf profile = BUF_INIT;
	struct call_trace trace;
	int r;

	if (request->format && !str_equal(request->format, "table") && !str_equal(request->format, "json"))
		return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --format: expected table or json", request->format);
	r = call_trace_run(arena, call->operands, &trace, call->status, err);
	if (r == 0 && request->output) {
		call_trace_add_profile(&trace, &profile);
		r = call_trace_write(request->output, &profile, err);
	}
	return r == 0 ? tell(request, &trace, err) : r;
}

const struct command cli_seccomp_trace = {
	.command = {
		.name = "seccomp trace",
		.operands = "COMMAND [ARGUMENT…]",
		.summary = "count the system calls that a command makes",
		.description = "Runs a command and, when the last of its processes has ended, shows on the standard error how often it has made which system call; then exits "
			"as the command did. Each call asks a filter of the kernel's (seccomp_unotify(2)) and goes on: that takes no privilege, and less time than ptrace(2), but "
			"what a call answers is not seen. Without privileges programs gain none by set-user-ID.\n\n"
			"--output writes a filter in Docker's form, for --security-opt seccomp=FILE of `" CLI_NAME " run`: others than these calls answer EPERM. What a command "
			"did once need not be all that it does; `" CLI_NAME " run --learn` adds up runs of a container, and sees more than calls.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct trace_request),
	.run = run_trace,
	.exit_status = CLI_EXIT_ERROR,
};
