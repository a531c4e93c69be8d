/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/memory.h"
#include "cli/command.h"

struct program_request {
	bool version;
};

static const struct option_entry entries[] = {
	{ "version", 'v', OPTION_FLAG, 0, offsetof(struct program_request, version), NULL, "print the version" },
	{ 0 },
};

const struct options_command cli_program = {
	.name = CLI_NAME,
	.operands = "COMMAND",
	.summary = "lightweight isolation for Linux",
	.entries = entries,
	.properties = OPTIONS_STOP_AT_OPERAND,
	.maximum_operands = OPTIONS_ANY_NUMBER,
};

const struct cli_command *const cli_commands[] = {
	&cli_help,
	&cli_info,
	&cli_version,
};
const size_t cli_command_count = ARRAY_SIZE(cli_commands);

const struct cli_command *cli_find_command(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(cli_commands)];
	const char *nearest;

	for (size_t i = 0; i < cli_command_count; i++) {
		names[i] = cli_commands[i]->command.name;
		if (str_equal(names[i], name))
			return cli_commands[i];
	}
	error_set(err, ERROR_INVALID, 0, "unknown command '%s'", name);
	nearest = options_nearest(name, names, cli_command_count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	else
		error_hint(err, "'%s help' lists the commands", CLI_NAME);
	return NULL;
}

void cli_add_overview(struct buf *out)
{
	const struct options_command *commands[ARRAY_SIZE(cli_commands)];

	for (size_t i = 0; i < cli_command_count; i++)
		commands[i] = &cli_commands[i]->command;
	buf_printf(out, "%s: %s\n\nusage: %s [OPTION…] COMMAND [ARGUMENT…]\n\ncommands:\n", CLI_NAME, cli_program.summary, CLI_NAME);
	options_list_commands(commands, cli_command_count, out);
	buf_add_text(out, "\noptions:\n");
	options_list_entries(cli_program.entries, out);
	buf_printf(out, "\n'%s help COMMAND' tells more about a command.\n", CLI_NAME);
}

/* ARGS begin with the command's name. */
static int run_command(char **args, struct buf *out, struct error *err)
{
	const struct cli_command *command = cli_find_command(args[0], err);
	_cleanup_free_ void *request = NULL;
	struct options_result result;
	int r;

	if (!command)
		return -EINVAL;
	request = memory_new(1, command->request_size);
	r = options_parse(&command->command, args + 1, request, &result, err);
	if (r < 0)
		return r;
	if (!result.help_asked)
		return command->run(request, result.operands, out, err);
	options_help(&command->command, CLI_NAME, out);
	return 0;
}

static int run_program(char **args, struct buf *out, struct error *err)
{
	struct program_request request = { 0 };
	struct options_result result;
	int r = options_parse(&cli_program, args, &request, &result, err);

	if (r < 0)
		return r;
	if (request.version)
		cli_add_version(out);
	else if (result.help_asked || result.operand_count == 0)
		cli_add_overview(out);
	else
		r = run_command(result.operands, out, err);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	int r = argc < 1 ? error_set(&err, ERROR_INVALID, 0, "there is no argument 0") : run_program(argv + 1, &out, &err);

	if (r >= 0) {
		r = fd_write_all(STDOUT_FILENO, out.data, out.length);
		if (r < 0)
			error_errno(&err, -r, "cannot write to the standard output");
	}
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: %s\n", CLI_NAME, err.message);
	if (err.hint[0])
		fprintf(stderr, "hint: %s\n", err.hint);
	return err.exit_status ? err.exit_status : CLI_EXIT_ERROR;
}
