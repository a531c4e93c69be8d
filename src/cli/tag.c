/* SPDX-License-Identifier: Apache-2.0 */
/* tag: another name for an image. */
#include "engine/images.h"
#include "cli/command.h"

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : images_tag(&directories, call->operands[0], call->operands[1], err);
}

const struct command cli_tag = {
	.command = {
		.name = "tag",
		.operands = "IMAGE NAME[:TAG]",
		.summary = "give an image another name",
		.description = "Gives the image one more name. An image that had the name before loses it, and stays.",
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
