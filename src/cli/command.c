/* SPDX-License-Identifier: Apache-2.0 */
/* What several commands need. */
#include "cli/command.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/home.h"

int cli_directories_outside(const struct command_call *call, struct arena *arena, struct directories *ret, struct error *err)
{
	const struct cli_globals *globals = call->globals;
	const struct directories_caller caller = directories_caller();

	return directories_decide(arena, &caller, globals->root, globals->run_root, ret, err);
}

int cli_directories(const struct command_call *call, struct arena *arena, struct directories *ret, struct error *err)
{
	int r = cli_directories_outside(call, arena, ret, err);

	return r < 0 ? r : home_enter(ret, cli_warn, NULL, err);
}

int cli_confirm(const char *warning, const char *what, struct error *err)
{
	_cleanup_free_ char *question = str_printf("%s\nAre you sure you want to continue? [y/N] ", warning);
	char answer[16] = "";
	int r = fd_write_all(STDOUT_FILENO, question, strlen(question));

	if (r < 0)
		return error_errno(err, -r, "cannot write to the standard output");
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	error_set(err, ERROR_CONFLICT, 0, "%s was not confirmed", what);
	error_hint(err, "--force does not ask");
	return -EINVAL;
}

const char *cli_short_id(struct arena *arena, const char *digest, bool whole)
{
	const char *digits = strchr(digest, ':');

	if (whole || !digits)
		return digest;
	return arena_strndup(arena, digits + 1, strnlen(digits + 1, 12));
}

void cli_warn(void *context _unused_, const char *text)
{
	fprintf(stderr, "%s: %s\n", CLI_NAME, text);
}

/* Each once: a list may be read several times. CONTEXT: lines that were told. */
static void print_warning(void *context, enum log_level level, const char *text)
{
	struct buf *told = context;
	_cleanup_free_ char *line = str_printf("\n%s\n", text);

	if (level > LOG_LEVEL_WARNING || (told->data && strstr(told->data, line)))
		return;
	buf_add_text(told, line);
	cli_warn(NULL, text);
}

void cli_tell_left_out(void)
{
	static struct buf told;

	log_copy(print_warning, &told);
}
