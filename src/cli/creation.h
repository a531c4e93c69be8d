/* SPDX-License-Identifier: Apache-2.0 */
/* What `run` and `create` have in common: a container is made from the command line. */
#ifndef BIVY_CLI_CREATION_H
#define BIVY_CLI_CREATION_H

#include "cli/command.h"
#include "cli/create_options.h"

struct creation {
	struct directories directories;
	struct spec_container asked;
	const char *id; /* once it is made */
	struct seat *seat; /* of run: gets what is prepared for it (engine/pool.h); NULL: it does without */
};

/* Decodes CALL, whose request is a struct create_request, into *RET, in the arena. Nothing is made yet. */
int creation_decode(struct arena *arena, const struct command_call *call, struct creation *ret, struct error *err) _must_check_;

/* Makes the container, and the file with its id if there is to be one; a pull is shown on the standard error, and warnings. */
int creation_make(struct arena *arena, const struct create_request *request, struct creation *creation, struct error *err) _must_check_;

#endif
