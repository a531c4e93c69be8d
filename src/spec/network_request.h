/* SPDX-License-Identifier: Apache-2.0 */
/* What docker's API is asked about networks: the bodies of /networks/create, connect and disconnect. Pure. */
#ifndef BIVY_SPEC_NETWORK_REQUEST_H
#define BIVY_SPEC_NETWORK_REQUEST_H

#include "spec/container.h"
#include "spec/network.h"

#define SPEC_NETWORK_REQUEST_LIMIT (1u << 20) /* bytes of one */

struct spec_network_create {
	struct spec_network network; /* .ipv6 only if it was asked for, as docker has it */
	char *scope, *address_driver; /* or NULL */
	bool ingress, config_only;    /* of swarms */
	char *config_from;            /* likewise; or NULL */
	struct spec_pair *address_options;
	size_t address_option_count;
};

int spec_network_create_decode(struct arena *arena, const char *text, size_t length, struct spec_network_create *ret, struct error *err) _must_check_;

struct spec_network_member {
	char *container;
	bool force;
	struct spec_container_endpoint endpoint; /* without its network */
};

int spec_network_member_decode(struct arena *arena, const char *text, size_t length, struct spec_network_member *ret, struct error *err) _must_check_;

#endif
