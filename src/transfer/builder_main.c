/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-builder: what `bivy build` has done with files, by libraries that bivy does not link. Nothing here touches the network. */
#include "transfer/build_work.h"

#include <signal.h>

static const struct commands commands;

static int run_version(const struct command_call *call _unused_, struct buf *out, struct error *err _unused_)
{
	commands_add_version(&commands, out);
	return 0;
}

static const struct command version_command = {
	.command = {
		.name = "version",
		.summary = "print the version",
	},
	.run = run_version,
};

static const struct command *const list[] = {
	&build_copy_command,
	&build_digest_command,
	&build_image_command,
	&build_layer_command,
	&version_command,
};

static const struct option_entry entries[] = {
	{ "root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct transfer_globals, root), "DIR", "bivy's lasting state; the images are in DIR/images" },
	{ "events", 0, OPTION_INT, 0, offsetof(struct transfer_globals, events), "FD", "tell descriptor FD what happens, a JSON document per line",
		.minimum = STDERR_FILENO + 1, .maximum = INT32_MAX },
	COMMANDS_VERSION_ENTRY,
	{ 0 },
};

static bool tell_error(const void *globals, const struct error *err)
{
	return session_tell_error(globals, err);
}

static const struct commands commands = {
	.program = {
		.name = BUILDER_NAME,
		.operands = "COMMAND",
		.summary = "files, layers and images for `bivy build`",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.globals_size = sizeof(struct transfer_globals),
	.list = list,
	.count = ARRAY_SIZE(list),
	.lister = BUILDER_NAME " --help",
	.exit_status = EXIT_FAILURE,
	.tell = tell_error,
};

int main(int argc, char **argv)
{
	/* A peer that goes away is an error of what is written to it. */
	signal(SIGPIPE, SIG_IGN);
	return commands_main(&commands, argc, argv);
}
