/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of commands, and what commands are called in them. */
#include "cli/command.h"

const struct command cli_container = {
	.command = {
		.name = "container",
		.operands = "COMMAND",
		.summary = "work with containers",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

const struct command cli_image = {
	.command = {
		.name = "image",
		.operands = "COMMAND",
		.summary = "work with images",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

const struct command cli_system = {
	.command = {
		.name = "system",
		.operands = "COMMAND",
		.summary = "look after the whole",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};
