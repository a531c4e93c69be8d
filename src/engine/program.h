/* SPDX-License-Identifier: Apache-2.0 */
/* The other programs of ours that the engine executes: where they are. */
#ifndef BIVY_ENGINE_PROGRAM_H
#define BIVY_ENGINE_PROGRAM_H

#include "base/error.h"

#include <limits.h>

struct program {
	const char *name;
	const char *variable;      /* of the environment, that names another; for tests */
	const char *const *places; /* directories as seen from our own executable's, "" for that itself; NULL-terminated */
	const char *purpose;       /* "does …", for the message that it is not there */
};

extern const struct program program_home, program_init, program_transfer, program_builder, program_runtime;

/* The path to execute; ERROR_UNSUPPORTED if it is in none of its places. */
int program_find(const struct program *program, char ret[static PATH_MAX], struct error *err) _must_check_;

#endif
