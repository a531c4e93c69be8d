/* SPDX-License-Identifier: Apache-2.0 */
/* create: a container that is not started. */
#include "cli/creation.h"

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct creation creation;
	int r = creation_decode(arena, call, &creation, err);

	if (r == 0)
		r = creation_make(arena, call->request, &creation, err);
	if (r == 0)
		buf_printf(out, "%s\n", creation.id);
	return r;
}

const struct command cli_create = {
	.command = {
		.name = "create",
		.operands = "IMAGE [COMMAND [ARGUMENT…]]",
		.summary = "make a container of an image",
		.description = "Makes a container of an image, which is pulled if it is not here, and prints its id. 'bivy start' starts it. What the image says "
			"of command, variables, user and the like counts where nothing else is said.",
		.entries = create_entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct create_request),
	.defaults = &create_defaults,
	.run = run,
};
