/* SPDX-License-Identifier: Apache-2.0 */
/* --secret, --ssh: what steps may have for as long as they run. */
#ifndef BIVY_CLI_VALUE_SECRET_H
#define BIVY_CLI_VALUE_SECRET_H

#include "engine/build.h"

/* "id=ID[,src=FILE|,env=NAME]"; with neither the environment's ID if there is one, else the file ID. FILE is relative to DIRECTORY, which is absolute. */
int value_secret_parse(struct arena *arena, const char *text, const char *directory, struct build_secret *ret, struct error *err) _must_check_;

/* "ID[=SOCKET]", "ID=KEY[,KEY…]", relative likewise; without either the environment says. */
int value_ssh_parse(struct arena *arena, const char *text, const char *directory, struct build_secret *ret, struct error *err) _must_check_;

#endif
