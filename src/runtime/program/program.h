/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of bivy-runtime, which is runc's. A verb decodes its
 * options, makes one call of runtime/verbs.h and prints the report; nothing
 * else is decided here.
 */
#ifndef BIVY_RUNTIME_PROGRAM_H
#define BIVY_RUNTIME_PROGRAM_H

#include "base/error.h"
#include "base/options.h"
#include "runtime/verbs.h"

#define PROGRAM_NAME "bivy-runtime"

/* One use of a verb. */
struct call {
	const struct runtime *runtime;
	void *request;   /* the verb's own struct, filled by its table */
	char **operands; /* NULL-terminated */
	size_t operand_count;
	int status;      /* what the program exits with when the verb succeeds */
};

enum verb_property {
	VERB_ENTERS_CONTAINER = 1 << 0, /* executes the program once more, out of the container's reach */
	VERB_ABOUT_PROGRAM = 1 << 1,    /* tells about the program: needs no state directory */
};

struct verb {
	struct options_command command;
	size_t request_size;
	const void *defaults; /* a request to start from, or NULL: zeroes */
	unsigned properties;  /* enum verb_property */
	/* Returns 0 (then call->status counts), or a negative errno with *err filled. */
	int (*run)(struct call *call, struct error *err);
};

extern const struct verb verb_checkpoint, verb_create, verb_delete, verb_events, verb_exec, verb_features, verb_help, verb_kill,
	verb_list, verb_pause, verb_ps, verb_restore, verb_resume, verb_run, verb_spec, verb_start, verb_state, verb_supervise, verb_update;

/* All verbs in the order of the alphabet, and how many. */
extern const struct verb *const program_verbs[];
extern const size_t program_verb_count;

/* The options that stand before the verb, as a command without a summary of its own. */
extern const struct options_command program_command;

/* The verb called NAME; or NULL with *err filled and the nearest name as hint. */
const struct verb *program_find_verb(const char *name, struct error *err);

/* Writes to the standard output; a reader that went away is an error like any other. */
int program_print(const struct buf *text, struct error *err) _must_check_;

/* Adds the text of `bivy-runtime --help` and `--version`. */
void program_add_overview(struct buf *out);
void program_add_version(struct buf *out);

/* For --format of `list` and `ps`: stores a bool at TARGET, whether VALUE is "json". */
int program_parse_format(const char *value, void *target, struct error *err);

#endif
