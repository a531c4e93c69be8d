/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of nf_tables: expressions in a row, each of which loads a register,
 * compares one, or acts. One that does not compare well ends the rule.
 *
 * Registers have 4 bytes; a longer value goes on in the next. Register 0 is the first.
 */
#ifndef BIVY_HOST_NFTABLES_RULE_H
#define BIVY_HOST_NFTABLES_RULE_H

#include "host/nftables.h"

/* Of a chain; its end until nftables_rule_end(). */
struct nftables_rule {
	struct netlink_batch *batch;
	size_t expressions;
};
void nftables_rule_begin(struct nftables_rule *rule, struct netlink_batch *batch, const char *table, const char *chain);
void nftables_rule_end(struct nftables_rule *rule);

/* What is loaded: NFT_META_* (linux/netfilter/nf_tables.h), NFT_CT_*, bytes of a header. */
void nftables_rule_meta(struct nftables_rule *rule, uint32_t what, unsigned to);
void nftables_rule_ct(struct nftables_rule *rule, uint32_t what, unsigned to);
void nftables_rule_payload(struct nftables_rule *rule, uint32_t header, uint32_t offset, uint32_t length, unsigned to);
/* NFT_SOCKET_*, one byte, of the socket that the packet is for, whatever the route says; with none of them that ends the rule. */
void nftables_rule_socket(struct nftables_rule *rule, uint32_t what, unsigned to);
void nftables_rule_value(struct nftables_rule *rule, const void *value, size_t length, unsigned to);
/* The kind of the destination, or of the source: RTN_LOCAL, … */
void nftables_rule_destination_kind(struct nftables_rule *rule, unsigned to);
void nftables_rule_source_kind(struct nftables_rule *rule, unsigned to);

/* Conditions. */
void nftables_rule_equals(struct nftables_rule *rule, unsigned from, const void *value, size_t length);
void nftables_rule_differs(struct nftables_rule *rule, unsigned from, const void *value, size_t length);
/* Any of the bits of MASK, in the host's order. */
void nftables_rule_has_bits(struct nftables_rule *rule, unsigned from, uint32_t mask);
/* What begins at FROM is in SET or, IS_IN false, not. */
void nftables_rule_is_in(struct nftables_rule *rule, unsigned from, const char *set, bool is_in);
/* The same in a map, whose data is loaded. */
void nftables_rule_map(struct nftables_rule *rule, unsigned from, const char *map, unsigned to);

/* Actions. */
void nftables_rule_verdict(struct nftables_rule *rule, int32_t verdict, const char *chain); /* NFTABLES_DROP, NFT_JUMP, …; CHAIN: of a jump */
void nftables_rule_dnat(struct nftables_rule *rule, uint8_t family, unsigned address, int port); /* registers; PORT negative: it stays as it is */
void nftables_rule_set_priority(struct nftables_rule *rule, unsigned from); /* of the packet, for queueing disciplines */
void nftables_rule_set_mark(struct nftables_rule *rule, unsigned from);     /* of the packet, for ip-rule(8) and the like */
void nftables_rule_set_connection_mark(struct nftables_rule *rule, unsigned from); /* of all packets of the connection, both ways: NFT_CT_MARK */
void nftables_rule_masquerade(struct nftables_rule *rule);

#endif
