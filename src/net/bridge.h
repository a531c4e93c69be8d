/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of a network: its bridge with the gateways' addresses, what
 * the kernel must be told to forward (net.ipv4.ip_forward,
 * net.ipv6.conf.all.forwarding, route_localnet of the bridge), and its place in
 * the firewall (net/firewall.h). For macvlan and ipvlan the parent must be
 * there; nothing is made.
 */
#ifndef BIVY_NET_BRIDGE_H
#define BIVY_NET_BRIDGE_H

#include "base/error.h"
#include "spec/network.h"

#include <stdbool.h>

/* Whether it is all there and up: one question to the kernel. */
bool net_bridge_is_up(const struct spec_network *network);

/*
 * Makes what is missing of it, whatever part somebody else has removed. For one
 * caller at a time per network (engine/networks.h has the lock).
 * ERROR_CONFLICT, naming the route and its interface, if one of its subnets
 * overlaps a route of the host that is not its own.
 */
int net_bridge_up(const struct spec_network *network, struct error *err) _must_check_;

/*
 * The same in an ordinary user's home, where nothing is outside but behind its way out: the MTU is that one's by default, and what passes within a
 * bridge does not go through the firewall, whatever the host has that do (br_netfilter): nothing in ours is about it.
 */
int net_bridge_up_in_home(const struct spec_network *network, struct error *err) _must_check_;

/* Removes all that net_bridge_up() makes; what is not there is no error. Global sysctls stay. */
int net_bridge_down(const struct spec_network *network, struct error *err) _must_check_;

#endif
