/* SPDX-License-Identifier: Apache-2.0 */
#include "base/commands.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/printable.h"

const struct option_entry commands_entries[] = {
	COMMANDS_VERSION_ENTRY,
	{ 0 },
};

bool command_is_group(const struct command *command)
{
	return !command->run && !command->same_as;
}

struct options_command command_options(const struct command *command)
{
	struct options_command options = command->same_as ? command->same_as->command : command->command;

	options.name = command->command.name;
	options.properties |= command->command.properties;
	return options;
}

/* ---- finding -------------------------------------------------------------------- */

/* Whether NAME is a command of the group, and what it is called there. */
static const char *name_in_group(const char *name, const char *group)
{
	size_t length = strlen(group);

	return str_starts_with(name, group) && name[length] == ' ' ? name + length + 1 : NULL;
}

static const struct command *find_name(const struct commands *commands, const char *name)
{
	for (size_t i = 0; i < commands->count; i++)
		if (str_equal(commands->list[i]->command.name, name))
			return commands->list[i];
	return NULL;
}

/* Says that there is no command WORD; GROUP is "" for the program itself. */
static void refuse_unknown(const struct commands *commands, const char *group, const char *word, struct error *err)
{
	_cleanup_free_ const char **names = memory_new(commands->count, sizeof *names);
	const char *nearest = NULL;

	for (size_t i = 0; i < commands->count; i++) {
		const char *name = commands->list[i]->command.name;

		names[i] = *group ? name_in_group(name, group) : strchr(name, ' ') ? NULL : name;
		if (commands->list[i]->command.properties & OPTIONS_HIDDEN)
			names[i] = NULL;
	}
	error_set(err, ERROR_INVALID, 0, "unknown command '%s%s%s'", group, *group ? " " : "", word);
	if (commands->suggests)
		nearest = options_nearest(word, names, commands->count);
	if (nearest)
		error_hint(err, "did you mean '%s%s%s'?", group, *group ? " " : "", nearest);
	else
		error_hint(err, "'%s%s%s' lists the commands", commands->lister, *group ? " " : "", group);
}

const struct command *commands_find(const struct commands *commands, char *const *words, size_t *ret_words, struct error *err)
{
	const struct command *command = find_name(commands, words[0]);
	_cleanup_free_ char *name = NULL;

	*ret_words = 1;
	if (!command) {
		refuse_unknown(commands, "", words[0], err);
		return NULL;
	}
	if (!command_is_group(command) || !words[1] || words[1][0] == '-')
		return command;
	name = str_printf("%s %s", words[0], words[1]);
	command = find_name(commands, name);
	*ret_words = 2;
	if (!command)
		refuse_unknown(commands, words[0], words[1], err);
	return command;
}

/* ---- text ------------------------------------------------------------------------- */

/* The commands of GROUP ("": those that are in none); or the groups themselves. */
static void list_commands(const struct commands *commands, const char *group, bool groups, struct buf *out)
{
	_cleanup_free_ struct options_command *shown = memory_new(commands->count, sizeof *shown);
	_cleanup_free_ const struct options_command **list = memory_new(commands->count, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < commands->count; i++) {
		const char *name = commands->list[i]->command.name;

		name = *group ? name_in_group(name, group) : strchr(name, ' ') ? NULL : name;
		if (!name || command_is_group(commands->list[i]) != groups)
			continue;
		shown[count] = command_options(commands->list[i]);
		shown[count].name = name;
		list[count] = &shown[count];
		count++;
	}
	options_list_commands(list, count, out);
}

static bool has_groups(const struct commands *commands)
{
	for (size_t i = 0; i < commands->count; i++)
		if (command_is_group(commands->list[i]))
			return true;
	return false;
}

void commands_add_overview(const struct commands *commands, struct buf *out)
{
	const struct options_command *program = &commands->program;

	buf_printf(out, "%s: %s\n\nusage: %s [OPTION…] COMMAND [ARGUMENT…]\n\ncommands:\n", program->name, program->summary, program->name);
	list_commands(commands, "", false, out);
	if (has_groups(commands)) {
		buf_add_text(out, "\ngroups of commands:\n");
		list_commands(commands, "", true, out);
	}
	buf_add_text(out, "\noptions:\n");
	options_list_entries(program->entries, out);
	if (commands->ending)
		buf_printf(out, "\n%s\n", commands->ending);
}

void commands_add_help(const struct commands *commands, const struct command *command, struct buf *out)
{
	struct options_command options = command_options(command);

	if (!command_is_group(command)) {
		options_help(&options, commands->program.name, out);
		return;
	}
	buf_printf(out, "%s %s: %s\n\nusage: %s %s COMMAND [ARGUMENT…]\n\ncommands:\n", commands->program.name, options.name, options.summary,
		   commands->program.name, options.name);
	list_commands(commands, options.name, false, out);
}

void commands_add_version(const struct commands *commands, struct buf *out)
{
	buf_printf(out, "%s version %s\n", commands->program.name, BIVY_VERSION);
}

static int run_version(const struct command_call *call, struct buf *out, struct error *err _unused_)
{
	commands_add_version(call->commands, out);
	return 0;
}

const struct command commands_version = {
	.command = { .name = "version", .summary = "print the version" },
	.run = run_version,
};

void commands_dump(const struct commands *commands, struct buf *out)
{
	options_dump(&commands->program, out);
	for (size_t i = 0; i < commands->count; i++) {
		struct options_command options = command_options(commands->list[i]);

		if (options.properties & OPTIONS_HIDDEN)
			continue;
		if (command_is_group(commands->list[i]))
			buf_printf(out, "group\t%s\t%s\n", options.name, options.summary);
		else
			options_dump(&options, out);
	}
}

void commands_tell(const struct commands *commands, const struct error *err)
{
	fprintf(stderr, "%s: %s\n", commands->program.name, err->message);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
}

/* ---- running ------------------------------------------------------------------------ */

/* What a run of the program leaves behind. */
struct outcome {
	struct buf out;
	struct error err;
	unsigned properties; /* of the command that was run */
	int status;          /* that it chose */
	bool is_told;        /* of the error */
};

/* Runs what COMMAND is, called as OPTIONS says. */
static int run_found(const struct command *command, const struct options_command *options, struct command_call *call, struct outcome *outcome)
{
	const struct command *actual = command->same_as ? command->same_as : command;
	_cleanup_free_ void *request = memory_new(1, actual->request_size);
	struct options_result result;
	int r;

	if (actual->defaults)
		memcpy(request, actual->defaults, actual->request_size);
	r = options_parse(options, call->operands, request, &result, &outcome->err);

	if (r == 0 && !result.help_asked) {
		outcome->properties = actual->properties;
		call->request = request;
		call->operands = result.operands;
		call->status = &outcome->status;
		r = actual->run(call, &outcome->out, &outcome->err);
		if (r < 0 && !outcome->err.exit_status)
			outcome->err.exit_status = actual->exit_status;
	}
	options_done(options, request);
	return r < 0 ? r : result.help_asked;
}

/* CALL's operands begin with the command's name. */
static int run_command(const struct commands *commands, struct command_call *call, struct outcome *outcome)
{
	size_t words;
	const struct command *command = commands_find(commands, call->operands, &words, &outcome->err);
	struct options_command options;
	int r;

	if (!command)
		return -EINVAL;
	call->operands += words;
	options = command_options(command);
	if (command_is_group(command)) {
		struct options_result result;

		r = options_parse(&options, call->operands, NULL, &result, &outcome->err);
		r = r < 0 ? r : 1;
	} else {
		r = run_found(command, &options, call, outcome);
	}
	if (r > 0)
		commands_add_help(commands, command, &outcome->out);
	return r;
}

static int run_program(const struct commands *commands, char **args, struct outcome *outcome)
{
	size_t size = commands->globals_size ? commands->globals_size : sizeof(struct commands_globals);
	_cleanup_free_ struct commands_globals *globals = memory_new(1, size);
	struct command_call call = { .commands = commands, .globals = globals };
	struct options_result result;
	int r = options_parse(&commands->program, args, globals, &result, &outcome->err);

	call.operands = result.operands;
	if (r < 0)
		ignore_result(r); /* told below */
	else if (globals->version)
		commands_add_version(commands, &outcome->out);
	else if (result.help_asked || result.operand_count == 0)
		commands_add_overview(commands, &outcome->out);
	else
		r = run_command(commands, &call, outcome);
	outcome->is_told = r < 0 && commands->tell && commands->tell(globals, &outcome->err);
	options_done(&commands->program, globals);
	return r;
}

int commands_main(const struct commands *commands, int argc, char **argv)
{
	struct outcome outcome = { .err = ERROR_INIT };
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = argc < 1 ? error_set(&outcome.err, ERROR_INVALID, 0, "there is no argument 0") : run_program(commands, argv + 1, &outcome);

	out = outcome.out;
	/* What images and containers say of themselves must not write to the terminal. */
	if (out.length && isatty(STDOUT_FILENO))
		printable_replace(out.data, out.length, "\n\t", '?');
	if (r >= 0 || outcome.properties & COMMAND_KEEPS_OUTPUT) {
		int written = fd_write_all(STDOUT_FILENO, out.data, out.length);

		if (r >= 0 && written < 0)
			r = error_errno(&outcome.err, -written, "cannot write to the standard output");
	}
	if (r >= 0)
		return outcome.status;
	if (!outcome.is_told)
		commands_tell(commands, &outcome.err);
	return outcome.err.exit_status ? outcome.err.exit_status : commands->exit_status;
}

int commands_main_plain(const struct commands *own, int argc, char **argv)
{
	_cleanup_free_ char *lister = str_printf("%s --help", own->program.name);
	struct commands commands = *own;

	commands.program.operands = "COMMAND";
	commands.program.properties = OPTIONS_STOP_AT_OPERAND;
	commands.program.maximum_operands = OPTIONS_ANY_NUMBER;
	if (!commands.program.entries)
		commands.program.entries = commands_entries;
	commands.lister = lister;
	commands.exit_status = EXIT_FAILURE;
	return commands_main(&commands, argc, argv);
}
