/* SPDX-License-Identifier: Apache-2.0 */
/* Which name servers containers ask, and the life of those that are ours (net/resolver.h). */
#ifndef BIVY_ENGINE_NETWORK_RESOLVER_H
#define BIVY_ENGINE_NETWORK_RESOLVER_H

#include "engine/directories.h"
#include "spec/network.h"
#include "spec/network_plan.h"

/* What /etc/resolv.conf of a container says besides what its user asked for. In the arena. */
struct network_resolution {
	char **servers; /* addresses in place of the host's; NULL: the host's */
	bool has_names; /* names of other containers are resolved */
	char **stopped; /* where one was started now: what firewalls of others stop questions to it (net/firewall_explain.h); or NULL */
	const char *network; /* and its network's name */
};

/*
 * The name server for a container with PLAN, whose networks are up, runs: one for each set of networks that resolve
 * names, and list of servers DNS that it forwards to (the container's own, or NULL: those of the networks, or else the host's). Without such a
 * network DNS is the answer itself, and without DNS there is one only where all servers of the host are on its loopback interface, to forward to those.
 */
int network_resolver_prepare(struct arena *arena, const struct directories *directories, const struct spec_network_plan *plan, char *const *dns,
	struct network_resolution *ret, struct error *err) _must_check_;

/*
 * Adds to the plan's .names, before it is written, the file with which network_resolver_prepare() notes that the container asks a
 * name server that is not everyone's, and which that one ends with. One of before, of other networks, may stay there.
 */
int network_resolver_plan(struct arena *arena, const struct directories *directories, struct spec_network_plan *plan, char *const *dns,
	struct error *err) _must_check_;

/* RUN_ROOT/networks/ID/names, made if it is missing, in the arena: where net_names_write() puts its members' names. */
int network_names_directory(struct arena *arena, const struct directories *directories, const struct spec_network *network, char **ret,
	struct error *err) _must_check_;

/* Those that somebody has killed run again. What cannot be is logged: nobody waits for them here. */
void network_resolvers_revive(const struct directories *directories);

/* Ends all that know names of NETWORK, which is about to be removed. */
int network_resolvers_stop(const struct directories *directories, const struct spec_network *network, struct error *err) _must_check_;

/* Whether OWNER, as leases have it, is a name server of ours; if so, *RET_ALIVE tells whether it runs. */
bool network_resolver_owns(const struct directories *directories, const char *owner, bool *ret_alive);

#endif
