/* SPDX-License-Identifier: Apache-2.0 */
/* The constant part of our table (firewall.h has what its sets are for): sets, chains, rules. */
#ifndef BIVY_NET_FIREWALL_TABLE_H
#define BIVY_NET_FIREWALL_TABLE_H

#include "host/nftables.h"

enum firewall_set {
	FIREWALL_NETWORKS,
	FIREWALL_INTERNAL,
	FIREWALL_MASQUERADED,
	FIREWALL_MEMBERS,
	FIREWALL_MEMBERS4,
	FIREWALL_MEMBERS6,
	FIREWALL_PRIORITIES,
	FIREWALL_PORTS4,
	FIREWALL_PORTS6,
	FIREWALL_PORTS4_AT,
	FIREWALL_PORTS6_AT,
	FIREWALL_RANGES4,
	FIREWALL_RANGES6,
	FIREWALL_GENERATION,
	FIREWALL_SET_COUNT,
};

/* Those that networks and ports are in: all but the last. */
#define FIREWALL_CONTENT_COUNT FIREWALL_GENERATION

extern const struct nftables_set firewall_sets[FIREWALL_SET_COUNT];

/* Adds messages that make the table, in place of one that there may be. */
void firewall_table_make(struct netlink_batch *batch);

/* How many rules it has. */
unsigned firewall_table_rule_count(void);

#endif
