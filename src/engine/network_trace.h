/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has of networks, found where that is when its plan cannot be read. */
#ifndef BIVY_ENGINE_NETWORK_TRACE_H
#define BIVY_ENGINE_NETWORK_TRACE_H

#include "engine/directories.h"
#include "spec/network_plan.h"

/*
 * A plan for net_release(), in the arena: leases and names of the container ID, whatever their network, and the ports that lead to
 * those addresses. Its links are not in it: they go with its network namespace.
 */
int network_trace(struct arena *arena, const struct directories *directories, const char *id, const struct spec_network_plan **ret, struct error *err)
	_must_check_;

#endif
