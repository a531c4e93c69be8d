/* SPDX-License-Identifier: Apache-2.0 */
/* Subnets of a network that is being made: what was asked for is checked, the rest is chosen. */
#ifndef BIVY_ENGINE_NETWORK_ADDRESSES_H
#define BIVY_ENGINE_NETWORK_ADDRESSES_H

#include "base/memory.h"
#include "net/subnets.h"
#include "spec/network.h"

/* As people give them beside each other; NULL-terminated lists, or NULL. */
struct network_address_texts {
	char **subnets, **ranges, **gateways;
	struct spec_pair *auxiliary; /* name -> address */
	size_t auxiliary_count;
};

/*
 * Makes .subnets of NETWORK of TEXTS: ranges and addresses go to the subnet that they are in. ERROR_INVALID if
 * there is none, or if one has two gateways or ranges. Pure.
 */
int network_addresses_assign(struct arena *arena, const struct network_address_texts *texts, struct spec_network *network, struct error *err)
	_must_check_;

/*
 * Checks and completes those that NETWORK has: canonical texts, version 4 first,
 * each with a gateway, unless it is macvlan or ipvlan and internal. Decides
 * whether there is IP version 6: a subnet of it is asking for it. Pure.
 */
int network_addresses_check(struct arena *arena, struct spec_network *network, struct error *err) _must_check_;

/*
 * Adds a subnet for each version that NETWORK is to have and has none for, and
 * refuses given ones (ERROR_CONFLICT) that overlap USED. Of macvlan and ipvlan
 * only those of OTHERS, the first OTHER_COUNT of USED, are in the way: on the
 * parent's network is where they are meant to be. Pure.
 */
int network_addresses_choose(struct arena *arena, struct spec_network *network, const struct net_subnet *ula, const struct net_used_subnet *used,
	size_t count, size_t other_count, struct error *err) _must_check_;

#endif
