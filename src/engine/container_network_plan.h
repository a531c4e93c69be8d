/* SPDX-License-Identifier: Apache-2.0 */
/* Choices for a container's part in networks: names, addresses, routes, ports. For the modules container_network*.c alone. */
#ifndef BIVY_ENGINE_CONTAINER_NETWORK_PLAN_H
#define BIVY_ENGINE_CONTAINER_NETWORK_PLAN_H

#include "engine/container_network.h"
#include "engine/networks.h"
#include "spec/port_range.h"

/* More links than a container can have: the last sign of their names on the host (a digit or letter) tells them apart. */
#define CONTAINER_NETWORK_LINKS 36

/* Whether names of members are resolved there: on the default one they are not, as docker has it. */
bool container_network_has_names(const struct spec_network *network);

/*
 * Appends to PLAN the link of RECORD's container to NETWORK as ENDPOINT has it, with addresses that are leased when it returns. The lists of PLAN
 * are replaced by longer ones; what is leased is in .leases even on failure.
 */
int container_network_plan_link(struct arena *arena, const struct container_record *record, const struct spec_network *network,
	const struct spec_container_endpoint *endpoint, struct spec_network_plan *plan, struct error *err) _must_check_;

/* The place of the link to the network called so, or SIZE_MAX. */
size_t container_network_find_link(const struct spec_network_plan *plan, const char *network);

/* Default routes: of each IP version through the link whose endpoint has the highest priority, of equals the first by name; not through internal ones. */
void container_network_plan_routes(struct spec_network_plan *plan, const struct spec_host_config *host);

/*
 * What PORTS come to on the links of PLAN, and those of EXPOSED (or NULL) that are not among them. A port of the host that is left to us is 0,
 * and *RET_RANGES, of as many, has what it is to be taken from (0: anything). ERROR_INVALID for what cannot be published on those links; if
 * none of them publishes anything there are none, as one may come that does.
 */
int container_network_plan_ports(struct arena *arena, const struct spec_container_port *ports, size_t count, char *const *exposed,
	const struct spec_network_plan *plan, struct spec_published_port **ret, struct spec_port_range **ret_ranges, size_t *ret_count,
	struct error *err) _must_check_;

/* The names of RECORD's container in a network besides those that others gave it, in the arena. */
char **container_network_names(struct arena *arena, const struct spec_container *container, const struct spec_container_endpoint *endpoint);

/* The endpoint of CONTAINER in the network called so, or NULL. */
const struct spec_container_endpoint *container_network_endpoint(const struct spec_container *container, const char *network);

/* Adds the file with names of the last link of PLAN, if names are resolved in NETWORK. */
void container_network_plan_names(struct arena *arena, const struct container_record *record, const struct spec_network *network,
	struct spec_network_plan *plan);
/* Whether there is such a file, as PLAN has it; and writing it. */
bool container_network_is_named(struct arena *arena, const struct container_record *record, const struct spec_network_plan *plan,
	const struct spec_network_link *link);
int container_network_write_names(struct arena *arena, const struct container_record *record, const struct spec_network_link *link, struct error *err)
	_must_check_;

/* RUN_ROOT/networks/ID/NAME, in the arena. */
char *container_network_path(struct arena *arena, const struct directories *directories, const char *network_id, const char *name);

/* Adds TEXT to a list, which is replaced by a longer one. */
char **container_network_add(struct arena *arena, char **list, const char *text);

#endif
