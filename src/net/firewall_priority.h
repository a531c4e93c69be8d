/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the packets that wait for one of the host's links goes first: what a
 * container sends gets a priority as it is forwarded (the map "priorities" of
 * our table), by which queueing disciplines order (tc-prio(8), pfifo_fast, mq, fq since 6.7) and links with classes mark (tc-vlan(8), ip-link(8) egress-qos-map).
 *
 * From 1 to 7, first come those with more; without one packets go as with 4, or as their type of service says.
 */
#ifndef BIVY_NET_FIREWALL_PRIORITY_H
#define BIVY_NET_FIREWALL_PRIORITY_H

#include "base/error.h"

#include <stdint.h>

#define FIREWALL_PRIORITY_MAXIMUM 7

/*
 * What comes from MAC (6 bytes) has PRIORITY, in place of what it had; 0: none. Process and privileges as for all of firewall.h; without the
 * table ERROR_UNAVAILABLE, but for 0, where there is nothing to do then.
 */
int firewall_set_priority(const uint8_t *mac, uint32_t priority, struct error *err) _must_check_;

#endif
