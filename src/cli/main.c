/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

static const struct command *const list[] = {
	&cli_help,
	&cli_info,
	&cli_version,
};

const struct commands cli_commands = {
	.program = {
		.name = CLI_NAME,
		.operands = "COMMAND",
		.summary = "lightweight isolation for Linux",
		.entries = commands_entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.list = list,
	.count = ARRAY_SIZE(list),
	.lister = CLI_NAME " help",
	.ending = "'" CLI_NAME " help COMMAND' tells more about a command.",
	.suggests = true,
	.exit_status = CLI_EXIT_ERROR,
};

int main(int argc, char **argv)
{
	return commands_main(&cli_commands, argc, argv);
}
