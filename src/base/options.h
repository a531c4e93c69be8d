/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines described by tables. One table per command yields the parser,
 * `--help`, and through options_dump() the manual page and the completions of
 * the shells, so that none of them can say something else than the others.
 *
 * The dialect: `--name value`, `--name=value`, `-n value`, `-nvalue`, flags
 * bundled (`-it`), `--flag=false`, options repeated, `--` ends the options, a
 * lone `-` is an operand, and `-name` stands for `--name` if there is such a
 * name. Options and operands may be mixed, unless the command says that its
 * options end at its first operand.
 */
#ifndef BIVY_BASE_OPTIONS_H
#define BIVY_BASE_OPTIONS_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_STRING,   /* const char *, points into the argument */
	OPTION_LIST,     /* char **, NULL-terminated, grows with each use; the strings point into the arguments */
	OPTION_INT,      /* int64_t, within the entry's bounds */
	OPTION_CALLBACK, /* whatever the entry's parser makes of it */
};

enum option_property {
	OPTION_HIDDEN = 1 << 0,    /* accepted, not shown */
	OPTION_FILE = 1 << 1,      /* its value is a path: completed as one */
	OPTION_DIRECTORY = 1 << 2, /* likewise, of a directory */
	OPTION_OPTIONAL = 1 << 3,  /* of OPTION_CALLBACK: has a value only behind "="; without one its parser is given NULL */
};

struct option_entry {
	const char *name;     /* long, without dashes */
	char letter;          /* short, or 0 */
	enum option_kind kind;
	unsigned properties;  /* enum option_property */
	size_t offset;        /* of its member in the request struct */
	const char *argument; /* what the value is called: "DIR"; NULL for a flag. "a|b" lists the words it can be */
	const char *help;     /* one line, lower case, no full stop */
	int64_t minimum, maximum; /* OPTION_INT; both 0: any */
	/* OPTION_CALLBACK: stores VALUE at TARGET; says "expected …" in ERR on failure. */
	int (*parse)(const char *value, void *target, struct error *err);
};

enum options_property {
	OPTIONS_STOP_AT_OPERAND = 1 << 0, /* what follows the first operand belongs to somebody else */
	OPTIONS_HIDDEN = 1 << 1,          /* accepted, not shown */
	OPTIONS_ALL_OPERANDS = 1 << 2,    /* nothing is an option, not even --help */
};

#define OPTIONS_ANY_NUMBER (-1)

struct options_command {
	const char *name;        /* "kill" */
	const char *operands;    /* "ID [SIGNAL]", or NULL */
	const char *summary;     /* one line, lower case, no full stop */
	const char *description; /* sentences for --help and the manual page; an empty line parts paragraphs; or NULL */
	const struct option_entry *entries; /* the last has no name; or NULL */
	unsigned properties;     /* enum options_property */
	int minimum_operands, maximum_operands; /* or OPTIONS_ANY_NUMBER as maximum */
};

struct options_result {
	char **operands; /* NULL-terminated, a part of the ARGS given */
	size_t operand_count;
	bool help_asked; /* --help or -h was among them: nothing else of the result counts */
};

/*
 * Parses ARGS, which are NULL-terminated and start behind the command's name,
 * into REQUEST, which holds the defaults. Operands are moved to the front of
 * the list; with OPTIONS_STOP_AT_OPERAND the list stays as it is. Unknown
 * options come with the nearest known one as hint. The lists of OPTION_LIST
 * are allocated: options_done().
 */
int options_parse(const struct options_command *command, char **args, void *request, struct options_result *ret, struct error *err) _must_check_;

/* What a flag was set to, for a default that is neither. */
struct option_choice {
	bool is_given, value;
};

/* A parser of OPTION_CALLBACK with OPTION_OPTIONAL, of a struct option_choice: "--x", "--x=false". */
int option_parse_choice(const char *value, void *target, struct error *err);

/* Releases the lists in REQUEST; may be called after a failure, too. */
void options_done(const struct options_command *command, void *request);

/* Adds `--help`'s text of one command; PROGRAM is what is typed before it. */
void options_help(const struct options_command *command, const char *program, struct buf *out);

/* Adds the list of all commands that are not hidden, name and summary, aligned. */
void options_list_commands(const struct options_command *const *commands, size_t count, struct buf *out);

/* Adds the entries that are not hidden, aligned, one per line. */
void options_list_entries(const struct option_entry *entries, struct buf *out);

/*
 * Adds the table itself, one line per fact, fields parted by tabs, for the
 * generator of manual pages and completions (share/generate.py):
 *   command NAME OPERANDS SUMMARY
 *   text PARAGRAPH
 *   option LETTER NAME ARGUMENT KIND HELP   (LETTER and ARGUMENT may be empty, ARGUMENT "[=WORD]" if it is
 *                                            optional; KIND: value, file, directory, flag)
 */
void options_dump(const struct options_command *command, struct buf *out);

/* The word of WORDS (COUNT of them, NULLs skipped) that TEXT was most likely meant to be, or NULL. */
const char *options_nearest(const char *text, const char *const *words, size_t count);

#endif
