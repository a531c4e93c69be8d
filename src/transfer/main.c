/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/session.h"

#include <signal.h>
#include <stdlib.h>

static const struct commands commands;

static int run_version(const struct command_call *call _unused_, struct buf *out, struct error *err _unused_)
{
	commands_add_version(&commands, out);
	return 0;
}

static const struct command transfer_version = {
	.command = {
		.name = "version",
		.summary = "print the version",
	},
	.run = run_version,
};

static const struct command *const list[] = {
	&transfer_bootstrap,
	&transfer_cache_export,
	&transfer_cache_fetch,
	&transfer_cache_import,
	&transfer_check,
	&transfer_commit,
	&transfer_compress,
	&transfer_copy,
	&transfer_copy_files,
	&transfer_decompress,
	&transfer_download,
	&transfer_export,
	&transfer_export_root,
	&transfer_git_checkout,
	&transfer_git_resolve,
	&transfer_import,
	&transfer_load,
	&transfer_login,
	&transfer_logout,
	&transfer_pack,
	&transfer_pull,
	&transfer_push,
	&transfer_referrers,
	&transfer_remote_delete,
	&transfer_remote_inspect,
	&transfer_save,
	&transfer_tags,
	&transfer_unpack,
	&transfer_unpack_image,
	&transfer_version,
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
		.name = TRANSFER_NAME,
		.operands = "COMMAND",
		.summary = "registries and archives for bivy",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.globals_size = sizeof(struct transfer_globals),
	.list = list,
	.count = ARRAY_SIZE(list),
	.lister = TRANSFER_NAME " --help",
	.exit_status = EXIT_FAILURE,
	.tell = tell_error,
};

int main(int argc, char **argv)
{
	/* A peer that goes away is an error of what is written to it. */
	signal(SIGPIPE, SIG_IGN);
	return commands_main(&commands, argc, argv);
}
