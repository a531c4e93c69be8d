/* SPDX-License-Identifier: Apache-2.0 */
/* Logins that a client has sent along, as a file that bivy-transfer reads: in memory, seen by nobody else. */
#ifndef BIVY_ENGINE_REGISTRY_LOGINS_H
#define BIVY_ENGINE_REGISTRY_LOGINS_H

#include "spec/registry_auth.h"

/* *RET has those and no others, to be handed over by descriptor (struct transfer_request) and read as registry_logins_path(). Close it. */
int registry_logins_open(const struct spec_registry_login *logins, size_t count, int *ret, struct error *err) _must_check_;

/* What the option --authfile calls it in the process that inherits FD. */
char *registry_logins_path(struct arena *arena, int fd);

#endif
