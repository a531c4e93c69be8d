/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container that runs. */
#include "engine/containers.h"

#include "cli/command.h"
#include "cli/timing.h"
#include "cli/value_env.h"

extern char **environ;

struct exec_request {
	bool detach, interactive, privileged, tty;
	const char *detach_keys, *user, *working_directory;
	char **env, **env_files;
	int64_t preserve_fds;
	struct timing_option timing;
};

#define AT(member) offsetof(struct exec_request, member)
#define PRESERVE_FDS_LIMIT 13 /* of what can be sent at once */

static const struct option_entry entries[] = {
	{ "detach", 'd', OPTION_FLAG, 0, AT(detach), NULL, "return once it runs, connected to nothing" },
	{ "detach-keys", 0, OPTION_STRING, 0, AT(detach_keys), "KEYS", "keys that leave a terminal; default: ctrl-p,ctrl-q" },
	{ "env", 'e', OPTION_LIST, 0, AT(env), "NAME[=VALUE]", "add to its environment, or replace; may be repeated" },
	{ "env-file", 0, OPTION_LIST, OPTION_FILE, AT(env_files), "FILE", "add the variables in a file; may be repeated" },
	{ "interactive", 'i', OPTION_FLAG, 0, AT(interactive), NULL, "connect its standard input" },
	{ "preserve-fds", 0, OPTION_INT, 0, AT(preserve_fds), "N", "pass on N more descriptors, from 3", 0, PRESERVE_FDS_LIMIT },
	{ "privileged", 0, OPTION_FLAG, 0, AT(privileged), NULL, "give it all capabilities that the container could have" },
	TIMING_ENTRY(AT(timing)),
	{ "tty", 't', OPTION_FLAG, 0, AT(tty), NULL, "give it a terminal" },
	{ "user", 'u', OPTION_STRING, 0, AT(user), "USER[:GROUP]", "who it is in the container: names or numbers" },
	{ "workdir", 'w', OPTION_STRING, 0, AT(working_directory), "DIR", "its working directory in the container" },
	{ 0 },
};

/* Files first: what is said on the command line counts. */
static int read_env(struct arena *arena, const struct exec_request *asked, char ***ret, struct error *err)
{
	struct value_strings env = { .items = NULL };
	int r = 0;

	for (char **file = asked->env_files; file && *file && r == 0; file++)
		r = value_env_add_file(arena, *file, environ, &env, err);
	for (char **text = asked->env; text && *text && r == 0; text++) {
		r = value_env_add(arena, *text, environ, &env, err);
		if (r < 0)
			error_wrap(err, "invalid value '%.100s' of --env", *text);
	}
	if (r == 0)
		*ret = env.items;
	return r;
}

static int execute(const struct command_call *call, struct error *err)
{
	const struct exec_request *asked = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_start_report report;
	struct directories directories;
	struct container_exec_request request = {
		.directories = &directories,
		.container = call->operands[0],
		.attachment = { .in = asked->interactive, .out = true, .err = true, .detach_keys = asked->detach_keys },
		.args = call->operands + 1,
		.user = asked->user,
		.working_directory = asked->working_directory,
		.terminal = asked->tty,
		.privileged = asked->privileged,
		.detach = asked->detach,
		.preserve_fds = asked->preserve_fds,
	};
	int64_t since = timing_now();
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = read_env(arena, asked, &request.env, err);
	timing_phase("options and directories", since);
	if (r == 0)
		r = container_exec(&request, &report, err);
	if (r == 0)
		*call->status = (int)report.exit_code;
	return r;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct exec_request *asked = call->request;
	int r;

	cli_timing_begin(&asked->timing);
	r = execute(call, err);
	cli_timing_end(&asked->timing);
	return r;
}

const struct command cli_exec = {
	.command = {
		.name = "exec",
		.operands = "CONTAINER COMMAND [ARGUMENT…]",
		.summary = "execute a command in a running container",
		.description = "Executes one more process in a container that runs, with its environment, limits and rights, and exits with the process's "
			"status: 126 if the command cannot be executed, 127 if there is none.\n\n"
			"A signal that comes is passed on to it, unless it has a terminal.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 2,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct exec_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
