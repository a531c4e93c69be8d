/* SPDX-License-Identifier: Apache-2.0 */
/* help: what the program tells about itself. */
#include "cli/command.h"

struct help_request {
	bool dump;
};

static const struct option_entry entries[] = {
	{ "dump", 0, OPTION_FLAG, OPTION_HIDDEN, offsetof(struct help_request, dump), NULL, "print the tables themselves" },
	{ 0 },
};

static int run_help(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct help_request *help = call->request;

	if (help->dump) {
		commands_dump(&cli_commands, out);
	} else if (call->operands[0]) {
		size_t words;
		const struct command *command = commands_find(&cli_commands, call->operands, &words, err);

		if (!command)
			return -EINVAL;
		commands_add_help(&cli_commands, command, out);
	} else {
		commands_add_overview(&cli_commands, out);
	}
	return 0;
}

const struct command cli_help = {
	.command = {
		.name = "help",
		.operands = "[COMMAND…]",
		.summary = "tell about a command",
		.entries = entries,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct help_request),
	.run = run_help,
};
