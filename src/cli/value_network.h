/* SPDX-License-Identifier: Apache-2.0 */
/* --network and what is said of a container's place in one. All is made in the arena. */
#ifndef BIVY_CLI_VALUE_NETWORK_H
#define BIVY_CLI_VALUE_NETWORK_H

#include "spec/value_list.h"
#include "spec/container.h"

/* Whether TEXT is no network but "none", "host", "container:NAME" or "ns:PATH". */
bool value_network_is_mode(const char *text);

/*
 * "NAME", Podman's "NAME:ip=…,mac=…,alias=…,interface_name=…" or docker's "name=NAME,ip=…,alias=…,gw-priority=…,driver-opt=KEY=VALUE": what
 * comes of it, .network NULL for the default one ("default", "bridge"). .links stay NULL.
 */
int value_network_parse(struct arena *arena, const char *text, struct spec_container_endpoint *ret, struct error *err) _must_check_;

/* What several options say of one endpoint, before its lists end. */
struct value_endpoint {
	const char *ipv4, *ipv6, *mac; /* as given, or NULL */
	char *const *link_local, *const *aliases, *const *links, *const *options; /* NULL-terminated, or NULL */
	const char *priority;
};

/* Adds that to *ENDPOINT; ERROR_INVALID for what it has already. Each failure names its option. */
int value_endpoint_add(struct arena *arena, const struct value_endpoint *more, struct spec_container_endpoint *endpoint, struct error *err)
	_must_check_;

#endif
