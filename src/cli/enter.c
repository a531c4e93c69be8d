/* SPDX-License-Identifier: Apache-2.0 */
/* enter: a command in the namespaces of a process or container. */
#include "primitive/enter.h"

#include "base/narration.h"
#include "cli/command.h"
#include "cli/namespace_options.h"

struct enter_cli_request {
	struct namespace_choice namespaces;
	const char *as;
	bool explain;
};

static const struct option_entry entries[] = {
	NAMESPACE_ENTRIES(struct enter_cli_request, namespaces),
	{ "as", 0, OPTION_STRING, 0, offsetof(struct enter_cli_request, as), "USER[:GROUP]", "who the command is there: names or numbers; default: as the process is" },
	{ "explain", 0, OPTION_FLAG, 0, offsetof(struct enter_cli_request, explain), NULL,
		"print each step as it happens, in the kernel's words, on the standard error" },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct enter_cli_request *asked = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories = { .root = NULL };
	struct enter_request request = {
		.directories = &directories,
		.subject = call->operands[0],
		.namespaces = asked->namespaces.all ? 0 : namespace_choice_flags(&asked->namespaces),
		.user = asked->as,
		.args = call->operands[1] ? call->operands + 1 : NULL,
	};
	int r = enter_begin(err);

	/* An ordinary user's containers are in his home, other processes, and what is kept, need not be. */
	if (r == 0 && str_starts_with(request.subject, ENTER_PINNED))
		r = cli_directories_outside(call, arena, &directories, err);
	else if (r == 0 && !subject_is_process(request.subject))
		r = cli_directories(call, arena, &directories, err);
	if (r < 0)
		return r;
	if (asked->explain)
		narration_open(STDERR_FILENO);
	return enter_run(&request, call->status, err);
}

const struct command cli_enter = {
	.command = {
		.name = "enter",
		.operands = "CONTAINER|PID|ns:NAME [COMMAND [ARGUMENT…]]",
		.summary = "run a command in the namespaces of a container or process",
		.description = "Joins all namespaces of a process, or of the first process of a container, its root, its working directory, its user and its control "
			"groups, and runs a command there, a shell if none is given, as nsenter(1) does. With kinds of namespaces named, it joins those alone: --net is the "
			"host's programs on the container's network. A number is a process.\n\n"
			"ns:NAME are the namespaces that `" CLI_NAME " unshare --keep NAME` has kept; ns:PATH, with a \"/\", a file that somebody else has mounted one on, as "
			"ip-netns(8) does, or a directory of such. There the command is root of the user namespace, if one is among them, and goes on as the caller "
			"else.\n\n"
			"What runs so is not confined as the container: it has all capabilities that the user namespace gives, and no filter of system calls. "
			"`" CLI_NAME " exec` runs commands as the container may.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct enter_cli_request),
	.run = run,
	.exit_status = CLI_EXIT_ERROR,
};
