/* SPDX-License-Identifier: Apache-2.0 */
/* help and version: what the program tells about itself. */
#include "cli/command.h"

struct help_request {
	bool dump;
};

static const struct option_entry entries[] = {
	{ "dump", 0, OPTION_FLAG, OPTION_HIDDEN, offsetof(struct help_request, dump), NULL, "print the tables themselves" },
	{ 0 },
};

static int run_help(const void *request, char **operands, struct buf *out, struct error *err)
{
	const struct help_request *help = request;

	if (help->dump) {
		options_dump(&cli_commands.program, out);
		for (size_t i = 0; i < cli_commands.count; i++)
			options_dump(&cli_commands.list[i]->command, out);
	} else if (operands[0]) {
		const struct command *command = commands_find(&cli_commands, operands[0], err);

		if (!command)
			return -EINVAL;
		options_help(&command->command, CLI_NAME, out);
	} else {
		commands_add_overview(&cli_commands, out);
	}
	return 0;
}

const struct command cli_help = {
	.command = {
		.name = "help",
		.operands = "[COMMAND]",
		.summary = "tell about a command",
		.entries = entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct help_request),
	.run = run_help,
};

static int run_version(const void *request _unused_, char **operands _unused_, struct buf *out, struct error *err _unused_)
{
	commands_add_version(&cli_commands, out);
	return 0;
}

const struct command cli_version = {
	.command = {
		.name = "version",
		.summary = "print the version",
	},
	.run = run_version,
};
