/* SPDX-License-Identifier: Apache-2.0 */
/* help: the texts of all tables, for people and for the generator of manual pages and completions. */
#include "runtime/program/program.h"

struct help_options {
	bool dump;
};

static const struct option_entry entries[] = {
	{ "dump", 0, OPTION_FLAG, OPTION_HIDDEN, offsetof(struct help_options, dump), NULL, "print the tables themselves" },
	{ 0 },
};

static int run_help(struct call *call, struct error *err)
{
	const struct help_options *options = call->request;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (options->dump) {
		options_dump(&program_command, &text);
		for (size_t i = 0; i < program_verb_count; i++)
			if (!(program_verbs[i]->command.properties & OPTIONS_HIDDEN))
				options_dump(&program_verbs[i]->command, &text);
	} else if (call->operand_count) {
		const struct verb *verb = program_find_verb(call->operands[0], err);

		if (!verb)
			return -EINVAL;
		options_help(&verb->command, PROGRAM_NAME, &text);
	} else {
		program_add_overview(&text);
	}
	return program_print(&text, err);
}

const struct verb verb_help = {
	.command = {
		.name = "help",
		.operands = "[COMMAND]",
		.summary = "tell about a command",
		.entries = entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct help_options),
	.properties = VERB_ABOUT_PROGRAM,
	.run = run_help,
};
