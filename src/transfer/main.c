/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/command.h"

#include <stdlib.h>

static const struct commands commands;

static int run_version(const struct command_call *call _unused_, struct buf *out, struct error *err _unused_)
{
	commands_add_version(&commands, out);
	return 0;
}

static const struct command transfer_version = {
	.command = {
		.name = "version",
		.summary = "print the version",
	},
	.run = run_version,
};

static const struct command *const list[] = {
	&transfer_pack,
	&transfer_unpack,
	&transfer_version,
};

static const struct commands commands = {
	.program = {
		.name = TRANSFER_NAME,
		.operands = "COMMAND",
		.summary = "registries and archives for bivy",
		.entries = commands_entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.list = list,
	.count = ARRAY_SIZE(list),
	.lister = TRANSFER_NAME " --help",
	.exit_status = EXIT_FAILURE,
};

int main(int argc, char **argv)
{
	return commands_main(&commands, argc, argv);
}
