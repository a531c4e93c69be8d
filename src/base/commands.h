/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of several commands: the options before the command, the command
 * by its name, its own options, its run; help for all of it. What is printed
 * is gathered and written at the end, so that an error prints nothing else.
 */
#ifndef BIVY_BASE_COMMANDS_H
#define BIVY_BASE_COMMANDS_H

#include "base/error.h"
#include "base/options.h"

struct command {
	struct options_command command;
	size_t request_size; /* of what its options fill */
	/* Adds to OUT what is to be printed; OPERANDS are NULL-terminated. */
	int (*run)(const void *request, char **operands, struct buf *out, struct error *err);
};

/* The only option before the command: --version. */
extern const struct option_entry commands_entries[];

struct commands {
	struct options_command program;   /* of commands_entries, OPTIONS_STOP_AT_OPERAND */
	const struct command *const *list; /* in the order of the alphabet */
	size_t count;
	const char *lister; /* the command line that lists them: "bivy help" */
	const char *ending; /* the last line of the overview, or NULL */
	bool suggests;      /* the nearest name for an unknown one */
	int exit_status;    /* for an error that has none of its own */
};

/* The command called NAME; or NULL with *err filled. */
const struct command *commands_find(const struct commands *commands, const char *name, struct error *err);

/* Adds the text of --help without a command, and of --version. */
void commands_add_overview(const struct commands *commands, struct buf *out);
void commands_add_version(const struct commands *commands, struct buf *out);

/* The whole program; returns its exit status. An error is told on the standard error. */
int commands_main(const struct commands *commands, int argc, char **argv);

#endif
