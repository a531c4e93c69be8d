/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of a container on the host, at its start or later. For the modules container_network*.c alone. */
#ifndef BIVY_ENGINE_CONTAINER_NETWORK_PORTS_H
#define BIVY_ENGINE_CONTAINER_NETWORK_PORTS_H

#include "engine/container_network.h"

struct container_network_ports {
	struct arena *arena;
	const struct container_record *record;
	struct spec_network_plan *plan;        /* gets them */
	const struct spec_container_port *asked;
	size_t count;
	char *const *exposed; /* to be published too, or NULL */
};

/*
 * Chooses what is left to us, adds all to .plan, writes that to the volatile directory and publishes: all or none. On failure .plan and what
 * is written are as they were. ERROR_CONFLICT names the owner of a port that is taken.
 */
int container_network_publish_all(const struct container_network_ports *ports, struct error *err) _must_check_;

#endif
