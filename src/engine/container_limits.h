/* SPDX-License-Identifier: Apache-2.0 */
/* Other limits for a container: what its record says then, and what of it is to be told to the kernel. Pure functions. */
#ifndef BIVY_ENGINE_CONTAINER_LIMITS_H
#define BIVY_ENGINE_CONTAINER_LIMITS_H

#include "base/error.h"
#include "spec/container.h"

/*
 * *HOST with what CHANGES gives in place of what it said, as *RET_HOST, which
 * shares its strings and lists; *RET_LIMITS has the limits alone that become
 * others, each with those that it cannot be set without. HAS_MEMORY_SWAP: 0 of
 * .memory_swap is given, too: the default. ERROR_INVALID for what contradicts
 * what stays.
 */
int container_limits_merge(const struct spec_host_config *host, const struct spec_host_config *changes, bool has_memory_swap,
	struct spec_host_config *ret_host, struct spec_host_config *ret_limits, struct error *err) _must_check_;

/* Whether there is any limit in it. */
bool container_limits_are_given(const struct spec_host_config *limits);

#endif
