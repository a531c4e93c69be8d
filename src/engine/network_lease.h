/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of containers in networks. */
#ifndef BIVY_ENGINE_NETWORK_LEASE_H
#define BIVY_ENGINE_NETWORK_LEASE_H

#include "engine/directories.h"
#include "spec/network.h"

/* All NULL if the network has no subnet of that family. In the arena. */
struct network_lease {
	char *address; /* "10.66.3.2/24" */
	char *gateway; /* of the subnet, or NULL */
	char *path;    /* of the lease, for the plan */
};

/*
 * An address of FAMILY (AF_INET, AF_INET6) in NETWORK for the container ID: WANTED, or NULL: any that is free. What ID has already it may take
 * again. ERROR_CONFLICT names the container that has it; ERROR_INVALID: it is not of a subnet of the network.
 */
int network_lease_take(struct arena *arena, const struct directories *directories, const struct spec_network *network, int family, const char *wanted,
	const char *id, struct network_lease *ret, struct error *err) _must_check_;

/* Checks WANTED alone, of either family: it is in a subnet of NETWORK, and not the network's own. */
int network_lease_check(const struct spec_network *network, const char *wanted, struct error *err) _must_check_;

#endif
