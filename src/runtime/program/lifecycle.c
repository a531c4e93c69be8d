/* SPDX-License-Identifier: Apache-2.0 */
/* start, kill, pause, resume and delete: what happens to a container that exists. */
#include "runtime/program/program.h"
#include "runtime/program/values.h"

#include <signal.h>

static int run_start(struct call *call, struct error *err)
{
	return runtime_start(call->runtime, call->operands[0], err);
}

static int run_pause(struct call *call, struct error *err)
{
	return runtime_pause(call->runtime, call->operands[0], err);
}

static int run_resume(struct call *call, struct error *err)
{
	return runtime_resume(call->runtime, call->operands[0], err);
}

#define SIMPLE_VERB(name_, summary_, description_)      \
	const struct verb verb_##name_ = {               \
		.command = {                             \
			.name = #name_,                  \
			.operands = "ID",                \
			.summary = summary_,             \
			.description = description_,     \
			.minimum_operands = 1,           \
			.maximum_operands = 1,           \
		},                                       \
		.run = run_##name_,                      \
	}

SIMPLE_VERB(start, "execute the command of a container that was created", "Fails for a container that runs already or has ended.");
SIMPLE_VERB(pause, "stop all processes of a container where they are", "The processes stay frozen until 'resume', or until they are killed.");
SIMPLE_VERB(resume, "let the processes of a paused container go on", "Fails for a container that is not paused.");

/* ---- kill -------------------------------------------------------------------- */

struct kill_options {
	bool all;
};

static const struct option_entry kill_entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct kill_options, all), NULL, "signal every process of the container" },
	{ 0 },
};

static int run_kill(struct call *call, struct error *err)
{
	const struct kill_options *options = call->request;
	int signal_number = SIGTERM;

	if (call->operands[1]) {
		int r = value_parse_signal(call->operands[1], &signal_number, err);

		if (r < 0)
			return r;
	}
	return runtime_kill(call->runtime, call->operands[0], signal_number, options->all ? KILL_ALL : 0, err);
}

const struct verb verb_kill = {
	.command = {
		.name = "kill",
		.operands = "ID [SIGNAL]",
		.summary = "send a signal to a container's init",
		.description = "SIGNAL is a name with or without SIG in front, in any case, or a number; SIGRTMIN+N and SIGRTMAX-N are names too. "
			"The default is TERM.",
		.entries = kill_entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct kill_options),
	.run = run_kill,
};

/* ---- delete ------------------------------------------------------------------ */

struct delete_options {
	bool force;
};

static const struct option_entry delete_entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct delete_options, force), NULL,
	  "kill it first if it runs; no error if it does not exist" },
	{ 0 },
};

static int run_delete(struct call *call, struct error *err)
{
	const struct delete_options *options = call->request;

	return runtime_delete(call->runtime, call->operands[0], options->force ? DELETE_FORCE : 0, err);
}

const struct verb verb_delete = {
	.command = {
		.name = "delete",
		.operands = "ID",
		.summary = "remove a container that has ended",
		.description = "Removes its cgroups and its record. The bundle and its root file system stay.",
		.entries = delete_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct delete_options),
	.run = run_delete,
};
