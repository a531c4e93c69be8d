/* SPDX-License-Identifier: Apache-2.0 */
/* start: containers run (again). */
#include "engine/containers.h"

#include "cli/command.h"
#include "cli/timing.h"

struct start_request {
	bool attach, interactive, passes_signals;
	struct timing_option timing;
	const char *detach_keys;
};

static const struct start_request defaults = { .passes_signals = true };

static const struct option_entry entries[] = {
	{ "attach", 'a', OPTION_FLAG, 0, offsetof(struct start_request, attach), NULL, "attach to its output, and exit with its exit status" },
	{ "detach-keys", 0, OPTION_STRING, 0, offsetof(struct start_request, detach_keys), "KEYS",
		"keys that leave an attached terminal; default: ctrl-p,ctrl-q" },
	{ "interactive", 'i', OPTION_FLAG, 0, offsetof(struct start_request, interactive), NULL, "attach to its input, too" },
	{ "sig-proxy", 0, OPTION_FLAG, 0, offsetof(struct start_request, passes_signals), NULL,
		"pass signals on to an attached one without a terminal; default: true" },
	TIMING_ENTRY(offsetof(struct start_request, timing)),
	{ 0 },
};

static int start_one(const struct command_call *call, const char *container, struct buf *out, struct error *err)
{
	const struct start_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	const bool attaches = request->attach || request->interactive;
	const struct container_attachment attachment = {
		.in = request->interactive, .out = true, .err = true,
		.detach_keys = request->detach_keys, .no_signal_proxy = !request->passes_signals,
	};
	struct container_start_report report;
	struct directories directories;
	int64_t since = timing_now();
	int r = cli_directories(call, arena, &directories, err);

	timing_phase("options and directories", since);
	if (r == 0)
		r = container_start(&(const struct container_start_request){ .directories = &directories, .container = container,
									     .attachment = attaches ? &attachment : NULL, .takes_seat = true,
									     .warn = cli_warn }, &report, err);
	if (r < 0)
		return r;
	if (attaches)
		*call->status = (int)report.exit_code;
	else
		buf_printf(out, "%s\n", container);
	return 0;
}

/* Each that fails is told of, the last one by the program's end. */
static int start_all(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct start_request *request = call->request;
	bool failed = false;

	if ((request->attach || request->interactive) && call->operands[1])
		return error_set(err, ERROR_INVALID, 0, "cannot attach to several containers at once");
	for (char **container = call->operands; *container; container++) {
		struct error one = ERROR_INIT;

		if (start_one(call, *container, out, &one) == 0)
			continue;
		if (failed)
			commands_tell(&cli_commands, err);
		failed = true;
		*err = one;
	}
	return failed ? -EINVAL : 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct start_request *request = call->request;
	int r;

	cli_timing_begin(&request->timing);
	r = start_all(call, out, err);
	cli_timing_end(&request->timing);
	return r;
}

const struct command cli_start = {
	.command = {
		.name = "start",
		.operands = "CONTAINER…",
		.summary = "start containers",
		.description = "Starts containers that were created, or have ended, as they were asked for. One that runs already is left alone. Attached, "
			"it ends with the container and exits with its status.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct start_request),
	.defaults = &defaults,
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
