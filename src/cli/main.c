/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cli/command.h"

/* A command by another name: of a group's, or docker's older one. */
#define ALSO(name_, command_) \
	&(const struct command) { .command = { .name = name_ }, .same_as = &(command_) }
#define ALSO_HIDDEN(name_, command_) \
	&(const struct command) { .command = { .name = name_, .properties = OPTIONS_HIDDEN }, .same_as = &(command_) }

static const struct command *const list[] = {
	&cli_attach,
	&cli_container,
	ALSO("container attach", cli_attach),
	&cli_container_cleanup,
	ALSO("container create", cli_create),
	ALSO("container exec", cli_exec),
	ALSO("container kill", cli_kill),
	ALSO_HIDDEN("container list", cli_ps),
	ALSO("container ls", cli_ps),
	ALSO("container pause", cli_pause),
	ALSO_HIDDEN("container ps", cli_ps),
	ALSO_HIDDEN("container remove", cli_rm),
	ALSO("container rename", cli_rename),
	ALSO("container restart", cli_restart),
	ALSO("container rm", cli_rm),
	ALSO("container run", cli_run),
	ALSO("container start", cli_start),
	ALSO("container stop", cli_stop),
	ALSO("container unpause", cli_unpause),
	ALSO("container wait", cli_wait),
	&cli_create,
	&cli_cp,
	&cli_diff,
	&cli_exec,
	&cli_export,
	&cli_help,
	&cli_history,
	&cli_image,
	&cli_image_bootstrap,
	&cli_image_copy,
	ALSO("image export", cli_export),
	ALSO("image history", cli_history),
	ALSO("image import", cli_import),
	&cli_image_inspect,
	ALSO_HIDDEN("image list", cli_images),
	ALSO("image load", cli_load),
	ALSO("image ls", cli_images),
	&cli_image_prune,
	ALSO("image pull", cli_pull),
	ALSO("image push", cli_push),
	&cli_image_referrers,
	ALSO_HIDDEN("image remove", cli_rmi),
	ALSO("image rm", cli_rmi),
	ALSO("image save", cli_save),
	ALSO("image tag", cli_tag),
	&cli_image_tags,
	&cli_image_unpack,
	&cli_images,
	&cli_import,
	&cli_info,
	&cli_inspect,
	&cli_kill,
	&cli_load,
	&cli_login,
	&cli_logout,
	&cli_logs,
	&cli_pause,
	&cli_port,
	&cli_ps,
	&cli_pull,
	&cli_push,
	&cli_rename,
	&cli_restart,
	&cli_rm,
	&cli_rmi,
	&cli_run,
	&cli_save,
	&cli_start,
	&cli_stats,
	&cli_stop,
	&cli_system,
	&cli_system_check,
	&cli_system_df,
	ALSO("system info", cli_info),
	&cli_system_prune,
	&cli_tag,
	&cli_top,
	&cli_unpause,
	&cli_version,
	&cli_wait,
};

static const struct option_entry entries[] = {
	{ "root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct cli_globals, root), "DIR",
		"keep what lasts there; default: /var/lib/bivy, or bivy in $XDG_DATA_HOME for users" },
	{ "run-root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct cli_globals, run_root), "DIR",
		"keep what does not last there; default: /run/bivy, bivy in $XDG_RUNTIME_DIR for users, or one of its own for --root" },
	COMMANDS_VERSION_ENTRY,
	{ 0 },
};

const struct commands cli_commands = {
	.program = {
		.name = CLI_NAME,
		.operands = "COMMAND",
		.summary = "lightweight isolation for Linux",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.globals_size = sizeof(struct cli_globals),
	.list = list,
	.count = ARRAY_SIZE(list),
	.lister = CLI_NAME " help",
	.ending = "'" CLI_NAME " help COMMAND' tells more about a command.",
	.suggests = true,
	.exit_status = CLI_EXIT_ERROR,
};

int main(int argc, char **argv)
{
	fd_fill_stdio();
	return commands_main(&cli_commands, argc, argv);
}
