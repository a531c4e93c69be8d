/* SPDX-License-Identifier: Apache-2.0 */
/* attach: our standard streams become those of a container that runs. */
#include "engine/containers.h"

#include "cli/command.h"

struct attach_request {
	bool no_stdin, passes_signals;
	const char *detach_keys;
};

static const struct attach_request defaults = { .passes_signals = true };

static const struct option_entry entries[] = {
	{ "detach-keys", 0, OPTION_STRING, 0, offsetof(struct attach_request, detach_keys), "KEYS",
		"keys that leave a terminal; default: ctrl-p,ctrl-q" },
	{ "no-stdin", 0, OPTION_FLAG, 0, offsetof(struct attach_request, no_stdin), NULL, "do not attach the standard input" },
	{ "sig-proxy", 0, OPTION_FLAG, 0, offsetof(struct attach_request, passes_signals), NULL,
		"pass signals on, without a terminal; default: true" },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct attach_request *asked = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_start_report report;
	struct directories directories;
	const struct container_attach_request request = {
		.directories = &directories,
		.container = call->operands[0],
		.attachment = { .in = !asked->no_stdin, .out = true, .err = true, .detach_keys = asked->detach_keys,
				.no_signal_proxy = !asked->passes_signals },
	};
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_attach(&request, &report, err);
	if (r == 0)
		*call->status = (int)report.exit_code;
	return r;
}

const struct command cli_attach = {
	.command = {
		.name = "attach",
		.operands = "CONTAINER",
		.summary = "attach to a running container",
		.description = "Connects the standard streams to those of the container's first process, from now on; 'bivy logs' shows what was before. "
			"Its input is connected if it was made with --interactive. Ends with the container, and exits with its status. At a container's terminal "
			"the detach keys leave it running.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct attach_request),
	.defaults = &defaults,
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
