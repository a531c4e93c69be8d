/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What killed commands left of memberships, leases and names of containers that do not have them, and of networks that are gone. A part of
 * container_check().
 */
#ifndef BIVY_ENGINE_NETWORK_CHECK_H
#define BIVY_ENGINE_NETWORK_CHECK_H

#include "engine/directories.h"

#include <stdbool.h>

/* Calls FOUND for each; with REPAIR it is gone then. Those of a container that somebody starts or changes just now are left alone. */
int network_check(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context, struct error *err)
	_must_check_;

#endif
