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
		options_dump(&cli_program, out);
		for (size_t i = 0; i < cli_command_count; i++)
			options_dump(&cli_commands[i]->command, out);
	} else if (operands[0]) {
		const struct cli_command *command = cli_find_command(operands[0], err);

		if (!command)
			return -EINVAL;
		options_help(&command->command, CLI_NAME, out);
	} else {
		cli_add_overview(out);
	}
	return 0;
}

const struct cli_command cli_help = {
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

void cli_add_version(struct buf *out)
{
	buf_printf(out, "%s version %s\n", CLI_NAME, BIVY_VERSION);
}

static int run_version(const void *request _unused_, char **operands _unused_, struct buf *out, struct error *err _unused_)
{
	cli_add_version(out);
	return 0;
}

const struct cli_command cli_version = {
	.command = {
		.name = "version",
		.summary = "print the version",
	},
	.run = run_version,
};
