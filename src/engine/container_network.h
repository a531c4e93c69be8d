/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in its networks: from what its record asks for (spec/container.h, .endpoints) to the plan that counts while it runs
 * (spec/network_plan.h), made before it starts, changed while it runs, released at its end.
 */
#ifndef BIVY_ENGINE_CONTAINER_NETWORK_H
#define BIVY_ENGINE_CONTAINER_NETWORK_H

#include "engine/bundle_plan.h"
#include "spec/network_plan.h"

/*
 * At `create`: networks exist (their names become canonical), addresses are in their subnets, names are well-formed, ports can be
 * published unless PORTS_MAY_WAIT for a network that is connected later.
 */
int container_network_check(struct arena *arena, const struct directories *directories, struct spec_container *container, bool ports_may_wait,
	struct error *err) _must_check_;

/*
 * At each start by a command, from bundle_make(): brings the networks up, takes addresses, writes network.json, publishes the ports,
 * writes names, starts name servers. *RET is NULL if the container has no network of its own to be a member of. On failure all is released.
 */
int container_network_prepare(struct bundle_plan *plan, const struct spec_network_plan **ret, struct error *err) _must_check_;

/* Whether HOST's mode is that of networks, not of "none", "host" or somebody else's namespace. */
bool container_network_is_member(const struct spec_host_config *host);

/* The plan of a container that runs or did, from its volatile directory; *RET is NULL if there is none. */
int container_network_read(struct arena *arena, const struct container_record *record, const struct spec_network_plan **ret, struct error *err)
	_must_check_;

/* Replaces it, in one step. */
int container_network_write(const struct container_record *record, const struct spec_network_plan *plan, struct error *err) _must_check_;

/* What is left of a container without supervisor: net_release() of its plan. Before bundle_remove(). */
int container_network_release(const struct container_record *record, struct error *err) _must_check_;
/* Of one whose supervisor is there still and has told of its end: net_release_but_links(). */
int container_network_release_but_links(const struct container_record *record, struct error *err) _must_check_;
/* As the first, of a container whose record is gone. */
int container_network_release_orphan(const struct directories *directories, const char *id, struct error *err) _must_check_;

/* The container has another name: so it is found in its networks. */
int container_network_rename(const struct container_record *record, struct error *err) _must_check_;

/* Takes the container out of the networks that a `connect` or `disconnect` which was killed has left it half in. */
int container_network_mend(const struct directories *directories, const char *container, struct error *err) _must_check_;

/* `network connect` and `disconnect`, of a container in any state. ENDPOINT: as asked. */
int container_network_connect(const struct directories *directories, const char *container, const struct spec_container_endpoint *endpoint,
	struct error *err) _must_check_;
int container_network_disconnect(const struct directories *directories, const char *container, const char *network, bool force, struct error *err)
	_must_check_;

/* Publishes PORTS of a container in any state besides those it has, or takes some of those back. */
int container_network_publish(const struct directories *directories, const char *container, const struct spec_container_port *ports, size_t count,
	struct error *err) _must_check_;
int container_network_unpublish(const struct directories *directories, const char *container, const struct spec_container_port *ports, size_t count,
	struct error *err) _must_check_;

/* What it receives and sends is limited as TEXT (spec/net_limit.h) has it, in place of what limited it, at once if it runs. */
int container_network_limit(const struct directories *directories, const char *container, const char *text, struct error *err) _must_check_;

/* The member "NetworkSettings" of docker's inspect. */
void container_network_write_inspect(struct json_writer *w, const struct container_record *record);
/* "Networks" of that alone. */
void container_network_write_networks(struct json_writer *w, const struct container_record *record);

#endif
