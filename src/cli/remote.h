/* SPDX-License-Identifier: Apache-2.0 */
/* What registries have, for commands that are about images here, too. */
#ifndef BIVY_CLI_REMOTE_H
#define BIVY_CLI_REMOTE_H

#include "cli/transfer.h"

struct remote_inspect_request {
	struct registry_request registry;
	const char *platform;
	bool raw, config; /* the documents as they are */
};

/* A JSON document about the image NAME of a registry, in the arena. */
int remote_inspect(const struct command_call *call, const struct remote_inspect_request *request, const char *name, const char **ret_text,
	struct arena *arena, struct error *err) _must_check_;

/* Deletes it there. */
int remote_delete(const struct command_call *call, const struct registry_request *registry, const char *name, struct error *err) _must_check_;

#endif
