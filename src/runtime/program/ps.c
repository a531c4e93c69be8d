/* SPDX-License-Identifier: Apache-2.0 */
/* ps: the processes of a container, shown by the host's ps(1). */
#include "base/json.h"
#include "runtime/program/program.h"
#include "runtime/ps_program.h"

struct ps_options {
	bool json;
};

static const struct option_entry entries[] = {
	{ "format", 'f', OPTION_CALLBACK, 0, offsetof(struct ps_options, json), "table|json", "how to print; default: table", .parse = program_parse_format },
	{ 0 },
};

static void add_json(struct buf *out, const pid_t *pids, size_t count)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++)
		json_write_int(&w, NULL, pids[i]);
	json_write_close(&w, ']');
	buf_add_char(out, '\n');
}

static int run_ps(struct call *call, struct error *err)
{
	const struct ps_options *options = call->request;
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	int r = runtime_ps(call->runtime, call->operands[0], &pids, &count, err);

	if (r < 0)
		return r;
	if (options->json)
		add_json(&out, pids, count);
	else
		r = ps_program_run(call->operands + 1, pids, count, &out, err);
	return r < 0 ? r : program_print(&out, err);
}

const struct verb verb_ps = {
	.command = {
		.name = "ps",
		.operands = "ID [PS-OPTION…]",
		.summary = "show the processes of a container",
		.description = "Executes the host's ps(1) with the options given, -ef by default, and prints those of its lines that show a process of "
			"the container. The output must have a column PID.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct ps_options),
	.run = run_ps,
};
