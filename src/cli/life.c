/* SPDX-License-Identifier: Apache-2.0 */
/* stop, restart, kill, pause, unpause, rename: what is done to containers that exist. */
#include "cli/each.h"
#include "engine/containers.h"

#define LIFE_COMMAND(name_, summary_, description_, entries_)      \
	.command = {                                               \
		.name = name_,                                     \
		.operands = "CONTAINER…",                          \
		.summary = summary_,                               \
		.description = description_,                       \
		.entries = entries_,                               \
		.minimum_operands = 1,                             \
		.maximum_operands = OPTIONS_ANY_NUMBER,            \
	},                                                         \
	.properties = COMMAND_KEEPS_OUTPUT, .exit_status = CLI_EXIT_FAILURE

/* ---- stop, restart ---------------------------------------------------------------------- */

struct stop_request {
	const char *signal;
	int64_t timeout_s;
};

static const struct stop_request stop_defaults = { .timeout_s = CONTAINER_TIMEOUT_CONFIGURED };

static const struct option_entry stop_entries[] = {
	{ "signal", 's', OPTION_STRING, 0, offsetof(struct stop_request, signal), "SIGNAL", "what it is sent first; default: its own stop signal" },
	{ "time", 0, OPTION_INT, OPTION_HIDDEN, offsetof(struct stop_request, timeout_s), "SECONDS", "as --timeout", .minimum = -1, .maximum = INT32_MAX },
	{ "timeout", 't', OPTION_INT, 0, offsetof(struct stop_request, timeout_s), "SECONDS",
		"how long it may take before it is killed, -1 for as long as it likes; default: its own, else 10", .minimum = -1, .maximum = INT32_MAX },
	{ 0 },
};

static int stop_one(const struct command_call *call, const struct directories *directories, const char *container, struct buf *out, struct error *err)
{
	const struct stop_request *request = call->request;
	int r = container_stop(directories, container, request->signal, request->timeout_s, err);

	if (r == 0)
		buf_printf(out, "%s\n", container);
	return r;
}

static int run_stop(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, stop_one, out, err);
}

const struct command cli_stop = {
	LIFE_COMMAND("stop", "stop containers",
		"Sends a container its stop signal, and kills it if it is still there after the timeout. One that does not run is left alone.", stop_entries),
	.request_size = sizeof(struct stop_request),
	.defaults = &stop_defaults,
	.run = run_stop,
};

static int restart_one(const struct command_call *call, const struct directories *directories, const char *container, struct buf *out, struct error *err)
{
	const struct stop_request *request = call->request;
	int r = container_restart(directories, container, request->signal, request->timeout_s, err);

	if (r == 0)
		buf_printf(out, "%s\n", container);
	return r;
}

static int run_restart(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, restart_one, out, err);
}

const struct command cli_restart = {
	LIFE_COMMAND("restart", "restart containers", "Stops a container, as 'stop' does, and starts it again; one that does not run is only started.",
		stop_entries),
	.request_size = sizeof(struct stop_request),
	.defaults = &stop_defaults,
	.run = run_restart,
};

/* ---- kill -------------------------------------------------------------------------------- */

struct kill_request {
	const char *signal;
};

static const struct option_entry kill_entries[] = {
	{ "signal", 's', OPTION_STRING, 0, offsetof(struct kill_request, signal), "SIGNAL", "which signal; default: KILL" },
	{ 0 },
};

static int kill_one(const struct command_call *call, const struct directories *directories, const char *container, struct buf *out, struct error *err)
{
	const struct kill_request *request = call->request;
	int r = container_kill(directories, container, request->signal, err);

	if (r == 0)
		buf_printf(out, "%s\n", container);
	return r;
}

static int run_kill(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, kill_one, out, err);
}

const struct command cli_kill = {
	LIFE_COMMAND("kill", "send containers a signal", "Sends the first process of a running container a signal.", kill_entries),
	.request_size = sizeof(struct kill_request),
	.run = run_kill,
};

/* ---- pause, unpause ------------------------------------------------------------------------ */

static int pause_one(const struct command_call *call _unused_, const struct directories *directories, const char *container, struct buf *out,
	struct error *err)
{
	int r = container_pause(directories, container, err);

	if (r == 0)
		buf_printf(out, "%s\n", container);
	return r;
}

static int run_pause(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, pause_one, out, err);
}

const struct command cli_pause = {
	LIFE_COMMAND("pause", "freeze all processes of containers", "The processes stay as they are, and get no time until 'unpause'.", NULL),
	.run = run_pause,
};

static int unpause_one(const struct command_call *call _unused_, const struct directories *directories, const char *container, struct buf *out,
	struct error *err)
{
	int r = container_unpause(directories, container, err);

	if (r == 0)
		buf_printf(out, "%s\n", container);
	return r;
}

static int run_unpause(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, unpause_one, out, err);
}

const struct command cli_unpause = {
	LIFE_COMMAND("unpause", "let frozen containers go on", "Undoes 'pause'.", NULL),
	.run = run_unpause,
};

/* ---- rename -------------------------------------------------------------------------------------- */

static int run_rename(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : container_rename(&directories, call->operands[0], call->operands[1], err);
}

const struct command cli_rename = {
	.command = {
		.name = "rename",
		.operands = "CONTAINER NAME",
		.summary = "give a container another name",
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.run = run_rename,
	.exit_status = CLI_EXIT_FAILURE,
};
