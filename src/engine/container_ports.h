/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports of the host lead to a container, and what that means. */
#ifndef BIVY_ENGINE_CONTAINER_PORTS_H
#define BIVY_ENGINE_CONTAINER_PORTS_H

#include "engine/directories.h"
#include "spec/network_plan.h"

#include <stdbool.h>

/* Published ports in one network, and what is in the way there. */
struct container_port_path {
	const char *network, *bridge;
	char **stopped; /* net/firewall_explain.h, firewall_explain_forward(); NULL: nothing, or not asked */
};

struct container_port {
	const struct spec_published_port *port;
	const struct container_port_path *path; /* NULL: its network is not known any more */
	bool is_missing; /* somebody has taken it out of the firewall in this moment */
};

struct container_ports {
	struct container_port *list;
	size_t count;
	char **bypassed; /* firewall_explain_bypassed() */
	bool are_sockets; /* of the host's, in an ordinary user's home (home/ports.h): nothing is forwarded, and no firewall of others was looked at */
};

/*
 * Those of the container that a user calls TEXT; none if it is not running. With EXPLAIN the firewalls of others are looked
 * at, for which privileges are needed. Rules that somebody flushed are made anew first. All in ARENA.
 */
int container_ports_read(struct arena *arena, const struct directories *directories, const char *text, bool explain, struct container_ports *ret,
	struct error *err) _must_check_;

#endif
