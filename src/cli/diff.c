/* SPDX-License-Identifier: Apache-2.0 */
/* diff: what a container has changed of its image's files. */
#include "engine/container_files.h"

#include "base/printable.h"
#include "cli/command.h"

/* A container chooses names: they must not write to the terminal. */
static void add_path(struct buf *out, const char *path)
{
	printable_add(out, path, strlen(path));
	buf_add_char(out, '\n');
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_change *changes = NULL;
	struct directories directories;
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_diff(arena, &directories, call->operands[0], &changes, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		buf_printf(out, "%c ", changes[i].kind);
		add_path(out, changes[i].path);
	}
	return r;
}

const struct command cli_diff = {
	.command = {
		.name = "diff",
		.operands = "CONTAINER",
		.summary = "show which files a container has changed",
		.description = "Lists what is other than in the container's image: A for what was added, C for what was changed, D for what was deleted.",
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
