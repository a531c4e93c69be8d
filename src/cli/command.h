/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `bivy`: each decodes, makes one call of the engine, and prints the report. */
#ifndef BIVY_CLI_COMMAND_H
#define BIVY_CLI_COMMAND_H

#include "base/commands.h"

#define CLI_NAME "bivy"

/* What an error of ours exits with, as Docker's command line; lower numbers are a container's. */
#define CLI_EXIT_ERROR 125

extern const struct command cli_help, cli_info, cli_version;

/* All of them. */
extern const struct commands cli_commands;

#endif
