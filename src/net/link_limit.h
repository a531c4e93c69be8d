/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much may go through an interface, and what goes first: .receive_bps, .transmit_bps and .priority of a
 * plan's link. Rates are held on the host's end of a veth, where a container that rules
 * its own namespace does not come to: what goes to it is delayed as it leaves that end (tbf); what comes from it is diverted through a link
 * of kind "ifb" and delayed as it leaves that. The ifb's name is that of the host's end with an i for the v.
 * The priority belongs to its MAC address (firewall_priority.h), and the port of the bridge lets nothing on from any other.
 */
#ifndef BIVY_NET_LINK_LIMIT_H
#define BIVY_NET_LINK_LIMIT_H

#include "base/error.h"
#include "spec/network_plan.h"

#include <stdbool.h>

/* ERROR_UNSUPPORTED if a link of this kind can have no limit. */
int net_link_limit_check(const struct spec_network_link *link, struct error *err) _must_check_;

/* HERE: a netlink socket of the host's namespace. Without limits nothing is done. */
int net_link_limit_set(const struct spec_network_link *link, int here, struct error *err) _must_check_;

/* Takes all limits of LINK, whatever it says of them, and gives it what it says: for a container that runs. ERROR_NOT_FOUND if there is no such link. */
int net_link_limit_change(const struct spec_network_link *link, struct error *err) _must_check_;

/* What the firewall is to know of LINK, to which somebody else's change has made it a stranger; IS_GONE: what it is to forget. */
int net_link_limit_refill(const struct spec_network_link *link, bool is_gone, struct error *err) _must_check_;

/* Removes what remains of limits when the host's end is gone: the ifb, and what the firewall knows of it. 0 or -errno. */
int net_link_limit_remove(const struct spec_network_link *link, int here) _must_check_;

#endif
