/* SPDX-License-Identifier: Apache-2.0 */
/* system enter: a look at one's own files as containers have them. */
#include "cli/command.h"
#include "cli/namespace_options.h"
#include "engine/home.h"

struct enter_options {
	bool network;
};

static const struct option_entry entries[] = {
	{ "network", 0, OPTION_FLAG, 0, offsetof(struct enter_options, network), NULL, "where the networks of containers are, too" },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct enter_options *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : home_execute(options->network, call->operands[0] ? call->operands : cli_shell(arena), err);
}

const struct command cli_system_enter = {
	.command = {
		.name = "system enter",
		.operands = "[COMMAND [ARG...]]",
		.summary = "run a command in the namespaces of a user's containers",
		.description = "Runs a command, or a shell, as root of the user and mount namespaces in which the containers of an ordinary user have their files: "
			"there it sees, changes and removes what belongs to other users of containers, as a shell of root's would. Of root's containers those are "
			"the host's own namespaces.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct enter_options),
	.run = run,
};
