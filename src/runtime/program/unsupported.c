/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that callers may know from other runtimes and that this one cannot do yet. */
#include "runtime/program/program.h"

static int run_checkpoint(struct call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "checkpoint is not supported yet");
}

static int run_restore(struct call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "restore is not supported yet");
}

/* Whatever the options are, the answer is the same: they are taken as operands. */
#define UNSUPPORTED_VERB(name_)                                             \
	const struct verb verb_##name_ = {                                   \
		.command = {                                                 \
			.name = #name_,                                      \
			.operands = "ID",                                    \
			.summary = "not supported yet",                      \
			.properties = OPTIONS_HIDDEN | OPTIONS_ALL_OPERANDS, \
			.maximum_operands = OPTIONS_ANY_NUMBER,              \
		},                                                           \
		.properties = VERB_ABOUT_PROGRAM,                            \
		.run = run_##name_,                                          \
	}

UNSUPPORTED_VERB(checkpoint);
UNSUPPORTED_VERB(restore);
