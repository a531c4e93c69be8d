/* SPDX-License-Identifier: Apache-2.0 */
/* system pool: what the supervisor of a container that has ended becomes (engine/pool.h). */
#include "cli/command.h"
#include "engine/pool.h"

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *layer = call->operands[1];
	const struct seat_kind kind = { call->operands[0], str_equal(layer, "-") ? NULL : layer, str_equal(call->operands[2], "volatile"),
		str_equal(call->operands[3], "groups") };
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : pool_serve(&directories, &kind, err);
}

const struct command cli_system_pool = {
	.command = {
		.name = "system pool",
		.operands = "NETWORK LAYER|- volatile|lasting [groups]",
		.summary = "prepare for containers of a network and an image",
		.properties = OPTIONS_HIDDEN,
		.minimum_operands = 3,
		.maximum_operands = 4,
	},
	.run = run,
};
