/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/memory.h"
#include "transfer/command.h"

struct program_request {
	bool version;
};

static const struct option_entry entries[] = {
	{ "version", 'v', OPTION_FLAG, 0, offsetof(struct program_request, version), NULL, "print the version" },
	{ 0 },
};

static const struct options_command program = {
	.name = TRANSFER_NAME,
	.operands = "COMMAND",
	.summary = "registries and archives for bivy",
	.entries = entries,
	.properties = OPTIONS_STOP_AT_OPERAND,
	.maximum_operands = OPTIONS_ANY_NUMBER,
};

static int run_version(const void *request _unused_, char **operands _unused_, struct buf *out, struct error *err _unused_)
{
	buf_printf(out, "%s version %s\n", TRANSFER_NAME, BIVY_VERSION);
	return 0;
}

static const struct transfer_command transfer_version = {
	.command = {
		.name = "version",
		.summary = "print the version",
	},
	.run = run_version,
};

/* In the order of the alphabet. */
static const struct transfer_command *const commands[] = {
	&transfer_pack,
	&transfer_unpack,
	&transfer_version,
};

static const struct transfer_command *find_command(const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_equal(commands[i]->command.name, name))
			return commands[i];
	error_set(err, ERROR_INVALID, 0, "unknown command '%s'", name);
	error_hint(err, "'%s --help' lists the commands", TRANSFER_NAME);
	return NULL;
}

static void add_overview(struct buf *out)
{
	const struct options_command *list[ARRAY_SIZE(commands)];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		list[i] = &commands[i]->command;
	buf_printf(out, "%s: %s\n\nusage: %s [OPTION…] COMMAND [ARGUMENT…]\n\ncommands:\n", TRANSFER_NAME, program.summary, TRANSFER_NAME);
	options_list_commands(list, ARRAY_SIZE(list), out);
	buf_add_text(out, "\noptions:\n");
	options_list_entries(program.entries, out);
}

/* ARGS begin with the command's name. */
static int run_command(char **args, struct buf *out, struct error *err)
{
	const struct transfer_command *command = find_command(args[0], err);
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
	options_help(&command->command, TRANSFER_NAME, out);
	return 0;
}

static int run_program(char **args, struct buf *out, struct error *err)
{
	struct program_request request = { 0 };
	struct options_result result;
	int r = options_parse(&program, args, &request, &result, err);

	if (r < 0)
		return r;
	if (request.version)
		return run_version(NULL, NULL, out, err);
	if (!result.help_asked && result.operand_count > 0)
		return run_command(result.operands, out, err);
	add_overview(out);
	return 0;
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
	fprintf(stderr, "%s: %s\n", TRANSFER_NAME, err.message);
	if (err.hint[0])
		fprintf(stderr, "hint: %s\n", err.hint);
	return err.exit_status ? err.exit_status : EXIT_FAILURE;
}
