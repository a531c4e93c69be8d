/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `bivy`: each decodes, makes one call of the engine, and prints the report. */
#ifndef BIVY_CLI_COMMAND_H
#define BIVY_CLI_COMMAND_H

#include "base/error.h"
#include "base/options.h"

#define CLI_NAME "bivy"

/* What an error of ours exits with, as Docker's command line; lower numbers are a container's. */
#define CLI_EXIT_ERROR 125

struct cli_command {
	struct options_command command;
	size_t request_size;
	/* Adds to OUT what is to be printed; OPERANDS are NULL-terminated. */
	int (*run)(const void *request, char **operands, struct buf *out, struct error *err);
};

extern const struct cli_command cli_help, cli_info, cli_version;

/* All commands in the order of the alphabet, and how many. */
extern const struct cli_command *const cli_commands[];
extern const size_t cli_command_count;

/* The options that stand before the command. */
extern const struct options_command cli_program;

/* The command called NAME; or NULL with *err filled and the nearest name as hint. */
const struct cli_command *cli_find_command(const char *name, struct error *err);

/* Adds the text of `bivy --help` and `bivy version`. */
void cli_add_overview(struct buf *out);
void cli_add_version(struct buf *out);

#endif
