/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of several commands: the options before the command, the command
 * by its name, its own options, its run; help for all of it. What is printed
 * is gathered and written at the end, so that an error prints nothing else.
 *
 * A command whose name is two words ("image ls") belongs to the group that is
 * called as the first, which is in the list too, with neither .run nor .same_as.
 */
#ifndef BIVY_BASE_COMMANDS_H
#define BIVY_BASE_COMMANDS_H

#include "base/error.h"
#include "base/options.h"

struct commands;

/* What a command is run with. */
struct command_call {
	const struct commands *commands; /* of the program */
	const void *globals; /* what the options before the command filled: a struct commands_globals, and what the program has behind it */
	const void *request; /* what its own options filled */
	char **operands;     /* NULL-terminated */
	int *status;         /* what the program exits with if .run succeeds; 0 before */
};

enum command_property {
	COMMAND_KEEPS_OUTPUT = 1 << 0, /* what was printed before an error stays: for operands that succeed or fail one by one */
};

struct command {
	struct options_command command;
	size_t request_size;  /* of what its options fill */
	const void *defaults; /* what that is before they do; NULL: zeros */
	/* Adds to OUT what is to be printed. */
	int (*run)(const struct command_call *call, struct buf *out, struct error *err);
	const struct command *same_as; /* another name of that command: all but .name and .properties of .command is taken from there */
	unsigned properties;           /* enum command_property */
	int exit_status;               /* for errors of .run; 0: the program's */
};

/* The beginning of what a program's options before the command fill. */
struct commands_globals {
	bool version;
};

/* The option that every program has before the command. */
#define COMMANDS_VERSION_ENTRY \
	{ "version", 'v', OPTION_FLAG, 0, offsetof(struct commands_globals, version), NULL, "print the version" }

/* For a program that has no other. */
extern const struct option_entry commands_entries[];

/* The command `version`, for each program. */
extern const struct command commands_version;

struct commands {
	struct options_command program;    /* OPTIONS_STOP_AT_OPERAND */
	size_t globals_size;               /* of what its entries fill; 0: a struct commands_globals */
	const struct command *const *list; /* in the order of the alphabet */
	size_t count;
	const char *lister; /* the command line that lists them: "bivy help" */
	const char *ending; /* the last line of the overview, or NULL */
	bool suggests;      /* the nearest name for an unknown one */
	int exit_status;    /* for an error that has none of its own */
	/* Whether it has told of the error in another way than on the standard error; or NULL: there is none. */
	bool (*tell)(const void *globals, const struct error *err);
};

/*
 * The command, or group, that WORDS (NULL-terminated, one at least) begin
 * with; *RET_WORDS of them are its name. NULL with *err filled if there is none.
 */
const struct command *commands_find(const struct commands *commands, char *const *words, size_t *ret_words, struct error *err);

bool command_is_group(const struct command *command);

/* What the command's options and help are: its own, with those of .same_as in place. */
struct options_command command_options(const struct command *command);

/* Adds the text of --help: of the program, a group or a command; and of --version. */
void commands_add_overview(const struct commands *commands, struct buf *out);
void commands_add_help(const struct commands *commands, const struct command *command, struct buf *out);
void commands_add_version(const struct commands *commands, struct buf *out);

/* Adds the tables of all of them (options_dump()), and for each group a line "group NAME SUMMARY". */
void commands_dump(const struct commands *commands, struct buf *out);

/* Tells of an error on the standard error, as the program does at its end. */
void commands_tell(const struct commands *commands, const struct error *err);

/* The whole program; returns its exit status. An error is told on the standard error. */
int commands_main(const struct commands *commands, int argc, char **argv);

/*
 * The same of one that other programs start: OWN has the name and summary of
 * .program, .list and .count, and what else is its own. Without .entries its
 * only option before the command is --version.
 */
int commands_main_plain(const struct commands *own, int argc, char **argv);

#endif
