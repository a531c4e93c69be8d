/* SPDX-License-Identifier: Apache-2.0 */
#include "base/commands.h"

#include "base/file.h"
#include "base/memory.h"

struct program_request {
	bool version;
};

const struct option_entry commands_entries[] = {
	{ "version", 'v', OPTION_FLAG, 0, offsetof(struct program_request, version), NULL, "print the version" },
	{ 0 },
};

const struct command *commands_find(const struct commands *commands, const char *name, struct error *err)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < commands->count; i++)
		if (str_equal(commands->list[i]->command.name, name))
			return commands->list[i];
	error_set(err, ERROR_INVALID, 0, "unknown command '%s'", name);
	if (commands->suggests) {
		_cleanup_free_ const char **names = memory_new(commands->count, sizeof *names);

		for (size_t i = 0; i < commands->count; i++)
			names[i] = commands->list[i]->command.name;
		nearest = options_nearest(name, names, commands->count);
	}
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	else
		error_hint(err, "'%s' lists the commands", commands->lister);
	return NULL;
}

void commands_add_overview(const struct commands *commands, struct buf *out)
{
	const struct options_command *program = &commands->program;
	_cleanup_free_ const struct options_command **list = memory_new(commands->count, sizeof *list);

	for (size_t i = 0; i < commands->count; i++)
		list[i] = &commands->list[i]->command;
	buf_printf(out, "%s: %s\n\nusage: %s [OPTION…] COMMAND [ARGUMENT…]\n\ncommands:\n", program->name, program->summary, program->name);
	options_list_commands(list, commands->count, out);
	buf_add_text(out, "\noptions:\n");
	options_list_entries(program->entries, out);
	if (commands->ending)
		buf_printf(out, "\n%s\n", commands->ending);
}

void commands_add_version(const struct commands *commands, struct buf *out)
{
	buf_printf(out, "%s version %s\n", commands->program.name, BIVY_VERSION);
}

/* ARGS begin with the command's name. */
static int run_command(const struct commands *commands, char **args, struct buf *out, struct error *err)
{
	const struct command *command = commands_find(commands, args[0], err);
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
	options_help(&command->command, commands->program.name, out);
	return 0;
}

static int run_program(const struct commands *commands, char **args, struct buf *out, struct error *err)
{
	struct program_request request = { 0 };
	struct options_result result;
	int r = options_parse(&commands->program, args, &request, &result, err);

	if (r < 0)
		return r;
	if (request.version)
		commands_add_version(commands, out);
	else if (result.help_asked || result.operand_count == 0)
		commands_add_overview(commands, out);
	else
		r = run_command(commands, result.operands, out, err);
	return r;
}

int commands_main(const struct commands *commands, int argc, char **argv)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	int r = argc < 1 ? error_set(&err, ERROR_INVALID, 0, "there is no argument 0") : run_program(commands, argv + 1, &out, &err);

	if (r >= 0) {
		r = fd_write_all(STDOUT_FILENO, out.data, out.length);
		if (r < 0)
			error_errno(&err, -r, "cannot write to the standard output");
	}
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: %s\n", commands->program.name, err.message);
	if (err.hint[0])
		fprintf(stderr, "hint: %s\n", err.hint);
	return err.exit_status ? err.exit_status : commands->exit_status;
}
