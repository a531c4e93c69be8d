/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/program.h"
#include "base/file.h"
#include "spec/state.h"

const struct verb *const program_verbs[] = {
	&verb_checkpoint,
	&verb_create,
	&verb_delete,
	&verb_events,
	&verb_exec,
	&verb_features,
	&verb_help,
	&verb_kill,
	&verb_list,
	&verb_pause,
	&verb_ps,
	&verb_restore,
	&verb_resume,
	&verb_run,
	&verb_spec,
	&verb_start,
	&verb_state,
	&verb_supervise,
	&verb_update,
};
const size_t program_verb_count = ARRAY_SIZE(program_verbs);

const struct verb *program_find_verb(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(program_verbs)];
	const char *nearest;

	for (size_t i = 0; i < program_verb_count; i++) {
		names[i] = program_verbs[i]->command.name;
		if (str_equal(names[i], name))
			return program_verbs[i];
	}
	error_set(err, ERROR_INVALID, 0, "unknown command '%s'", name);
	nearest = options_nearest(name, names, program_verb_count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	else
		error_hint(err, "'%s help' lists the commands", PROGRAM_NAME);
	return NULL;
}

int program_print(const struct buf *text, struct error *err)
{
	int r = text->length ? fd_write_all(STDOUT_FILENO, text->data, text->length) : 0;

	return r < 0 ? error_errno(err, -r, "cannot write to the standard output") : 0;
}

void program_add_version(struct buf *out)
{
#ifdef __GLIBC__
	const char *libc = "glibc";
#else
	const char *libc = "musl";
#endif

	buf_printf(out, "%s version %s\nspec: %s\nlibc: %s\n", PROGRAM_NAME, BIVY_VERSION, SPEC_OCI_VERSION, libc);
}

void program_add_overview(struct buf *out)
{
	const struct options_command *commands[ARRAY_SIZE(program_verbs)];

	for (size_t i = 0; i < program_verb_count; i++)
		commands[i] = &program_verbs[i]->command;
	buf_printf(out, "%s: %s\n\nusage: %s [OPTION…] COMMAND [ARGUMENT…]\n\ncommands:\n", PROGRAM_NAME, program_command.summary, PROGRAM_NAME);
	options_list_commands(commands, program_verb_count, out);
	buf_add_text(out, "\noptions:\n");
	options_list_entries(program_command.entries, out);
	buf_printf(out, "\n'%s help COMMAND' tells more about a command.\n", PROGRAM_NAME);
}

int program_parse_format(const char *value, void *target, struct error *err)
{
	if (!str_equal(value, "table") && !str_equal(value, "json"))
		return error_set(err, ERROR_INVALID, 0, "expected table or json");
	*(bool *)target = str_equal(value, "json");
	return 0;
}
