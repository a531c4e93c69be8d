/* SPDX-License-Identifier: Apache-2.0 */
/* top: the processes of a container. */
#include "engine/stats.h"

#include "base/printable.h"
#include "cli/command.h"

#define COLUMN_GAP 3

static size_t width_of(const char *cell)
{
	size_t width = 0;

	for (; *cell; cell++)
		width += ((unsigned char)*cell & 0xc0) != 0x80;
	return width;
}

/* What a process calls itself must not write to the terminal. */
static void add_cell(struct buf *out, const char *cell)
{
	printable_add(out, cell, strlen(cell));
}

/* All columns but the last are as wide as their widest cell. */
static void print(char ***rows, struct buf *out)
{
	size_t columns = strv_length(rows[0]);
	_cleanup_free_ size_t *widths = memory_new(columns + 1, sizeof *widths);

	for (char ***row = rows; *row; row++)
		for (size_t i = 0; i < columns; i++)
			if (width_of((*row)[i]) > widths[i])
				widths[i] = width_of((*row)[i]);
	for (char ***row = rows; *row; row++) {
		for (size_t i = 0; i < columns; i++) {
			add_cell(out, (*row)[i]);
			for (size_t pad = width_of((*row)[i]); i + 1 < columns && pad < widths[i] + COLUMN_GAP; pad++)
				buf_add_char(out, ' ');
		}
		buf_add_char(out, '\n');
	}
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char **args = call->operands + 1;
	struct directories directories;
	struct top_table table = { .rows = NULL };
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_top(arena, &directories, call->operands[0], *args ? args : NULL, &table, err);
	if (r == 0)
		print(table.rows, out);
	return r;
}

const struct command cli_top = {
	.command = {
		.name = "top",
		.operands = "CONTAINER [PS-OPTION…]",
		.summary = "show the processes of a container",
		.description = "Shows the processes that run in a container: users by the names that they have in it, process ids as the host has them. With "
			"options, those of the host's ps(1), shows what that says of them; its output must have a column PID.",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
