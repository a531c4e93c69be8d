/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nftables_rule.h"

#include <linux/netfilter/nfnetlink.h>
#include <string.h>

static uint32_t number(unsigned r)
{
	return NFT_REG32_00 + r;
}

void nftables_rule_begin(struct nftables_rule *rule, struct netlink_batch *batch, const char *table, const char *chain)
{
	struct nfgenmsg body = { .nfgen_family = NFTABLES_INET, .version = NFNETLINK_V0 };

	netlink_batch_begin(batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, &body, sizeof body);
	netlink_batch_add_text(batch, NFTA_RULE_TABLE, table);
	netlink_batch_add_text(batch, NFTA_RULE_CHAIN, chain);
	rule->batch = batch;
	rule->expressions = netlink_batch_open(batch, NFTA_RULE_EXPRESSIONS);
}

void nftables_rule_end(struct nftables_rule *rule)
{
	netlink_batch_close(rule->batch, rule->expressions);
}

/* ---- expressions ----------------------------------------------------------- */

/* One that is being added. */
struct expression {
	size_t item, data;
};

static struct expression begin(struct nftables_rule *rule, const char *name)
{
	struct expression e = { .item = netlink_batch_open(rule->batch, NFTA_LIST_ELEM) };

	netlink_batch_add_text(rule->batch, NFTA_EXPR_NAME, name);
	e.data = netlink_batch_open(rule->batch, NFTA_EXPR_DATA);
	return e;
}

static void end(struct nftables_rule *rule, struct expression e)
{
	netlink_batch_close(rule->batch, e.data);
	netlink_batch_close(rule->batch, e.item);
}

static void add_value(struct nftables_rule *rule, uint16_t type, const void *value, size_t length)
{
	size_t open = netlink_batch_open(rule->batch, type);

	netlink_batch_add(rule->batch, NFTA_DATA_VALUE, value, length);
	netlink_batch_close(rule->batch, open);
}

void nftables_rule_meta(struct nftables_rule *rule, uint32_t what, unsigned to)
{
	struct expression e = begin(rule, "meta");

	nftables_add_u32(rule->batch, NFTA_META_KEY, what);
	nftables_add_u32(rule->batch, NFTA_META_DREG, number(to));
	end(rule, e);
}

void nftables_rule_ct(struct nftables_rule *rule, uint32_t what, unsigned to)
{
	struct expression e = begin(rule, "ct");

	nftables_add_u32(rule->batch, NFTA_CT_KEY, what);
	nftables_add_u32(rule->batch, NFTA_CT_DREG, number(to));
	end(rule, e);
}

void nftables_rule_payload(struct nftables_rule *rule, uint32_t header, uint32_t offset, uint32_t length, unsigned to)
{
	struct expression e = begin(rule, "payload");

	nftables_add_u32(rule->batch, NFTA_PAYLOAD_DREG, number(to));
	nftables_add_u32(rule->batch, NFTA_PAYLOAD_BASE, header);
	nftables_add_u32(rule->batch, NFTA_PAYLOAD_OFFSET, offset);
	nftables_add_u32(rule->batch, NFTA_PAYLOAD_LEN, length);
	end(rule, e);
}

void nftables_rule_socket(struct nftables_rule *rule, uint32_t what, unsigned to)
{
	struct expression e = begin(rule, "socket");

	nftables_add_u32(rule->batch, NFTA_SOCKET_KEY, what);
	nftables_add_u32(rule->batch, NFTA_SOCKET_DREG, number(to));
	end(rule, e);
}

void nftables_rule_value(struct nftables_rule *rule, const void *value, size_t length, unsigned to)
{
	struct expression e = begin(rule, "immediate");

	nftables_add_u32(rule->batch, NFTA_IMMEDIATE_DREG, number(to));
	add_value(rule, NFTA_IMMEDIATE_DATA, value, length);
	end(rule, e);
}

static void load_kind(struct nftables_rule *rule, uint32_t address, unsigned to)
{
	struct expression e = begin(rule, "fib");

	nftables_add_u32(rule->batch, NFTA_FIB_DREG, number(to));
	nftables_add_u32(rule->batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftables_add_u32(rule->batch, NFTA_FIB_FLAGS, address);
	end(rule, e);
}

void nftables_rule_destination_kind(struct nftables_rule *rule, unsigned to)
{
	load_kind(rule, NFTA_FIB_F_DADDR, to);
}

void nftables_rule_source_kind(struct nftables_rule *rule, unsigned to)
{
	load_kind(rule, NFTA_FIB_F_SADDR, to);
}

static void compare(struct nftables_rule *rule, uint32_t how, unsigned from, const void *value, size_t length)
{
	struct expression e = begin(rule, "cmp");

	nftables_add_u32(rule->batch, NFTA_CMP_SREG, number(from));
	nftables_add_u32(rule->batch, NFTA_CMP_OP, how);
	add_value(rule, NFTA_CMP_DATA, value, length);
	end(rule, e);
}

void nftables_rule_equals(struct nftables_rule *rule, unsigned from, const void *value, size_t length)
{
	compare(rule, NFT_CMP_EQ, from, value, length);
}

void nftables_rule_differs(struct nftables_rule *rule, unsigned from, const void *value, size_t length)
{
	compare(rule, NFT_CMP_NEQ, from, value, length);
}

void nftables_rule_has_bits(struct nftables_rule *rule, unsigned from, uint32_t mask)
{
	const uint32_t zero = 0;
	struct expression e = begin(rule, "bitwise");

	nftables_add_u32(rule->batch, NFTA_BITWISE_SREG, number(from));
	nftables_add_u32(rule->batch, NFTA_BITWISE_DREG, number(from));
	nftables_add_u32(rule->batch, NFTA_BITWISE_LEN, sizeof mask);
	add_value(rule, NFTA_BITWISE_MASK, &mask, sizeof mask);
	add_value(rule, NFTA_BITWISE_XOR, &zero, sizeof zero);
	end(rule, e);
	compare(rule, NFT_CMP_NEQ, from, &zero, sizeof zero);
}

void nftables_rule_is_in(struct nftables_rule *rule, unsigned from, const char *set, bool is_in)
{
	struct expression e = begin(rule, "lookup");

	netlink_batch_add_text(rule->batch, NFTA_LOOKUP_SET, set);
	nftables_add_u32(rule->batch, NFTA_LOOKUP_SREG, number(from));
	if (!is_in)
		nftables_add_u32(rule->batch, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	end(rule, e);
}

void nftables_rule_map(struct nftables_rule *rule, unsigned from, const char *map, unsigned to)
{
	struct expression e = begin(rule, "lookup");

	netlink_batch_add_text(rule->batch, NFTA_LOOKUP_SET, map);
	nftables_add_u32(rule->batch, NFTA_LOOKUP_SREG, number(from));
	nftables_add_u32(rule->batch, NFTA_LOOKUP_DREG, number(to));
	end(rule, e);
}

void nftables_rule_verdict(struct nftables_rule *rule, int32_t verdict, const char *chain)
{
	struct expression e = begin(rule, "immediate");
	size_t data, inner;

	nftables_add_u32(rule->batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_batch_open(rule->batch, NFTA_IMMEDIATE_DATA);
	inner = netlink_batch_open(rule->batch, NFTA_DATA_VERDICT);
	nftables_add_u32(rule->batch, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		netlink_batch_add_text(rule->batch, NFTA_VERDICT_CHAIN, chain);
	netlink_batch_close(rule->batch, inner);
	netlink_batch_close(rule->batch, data);
	end(rule, e);
}

void nftables_rule_dnat(struct nftables_rule *rule, uint8_t family, unsigned address, int port)
{
	struct expression e = begin(rule, "nat");

	nftables_add_u32(rule->batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	nftables_add_u32(rule->batch, NFTA_NAT_FAMILY, family);
	nftables_add_u32(rule->batch, NFTA_NAT_REG_ADDR_MIN, number(address));
	if (port >= 0)
		nftables_add_u32(rule->batch, NFTA_NAT_REG_PROTO_MIN, number((unsigned)port));
	end(rule, e);
}

static void set_meta(struct nftables_rule *rule, uint32_t what, unsigned from)
{
	struct expression e = begin(rule, "meta");

	nftables_add_u32(rule->batch, NFTA_META_KEY, what);
	nftables_add_u32(rule->batch, NFTA_META_SREG, number(from));
	end(rule, e);
}

void nftables_rule_set_priority(struct nftables_rule *rule, unsigned from)
{
	set_meta(rule, NFT_META_PRIORITY, from);
}

void nftables_rule_set_mark(struct nftables_rule *rule, unsigned from)
{
	set_meta(rule, NFT_META_MARK, from);
}

void nftables_rule_set_connection_mark(struct nftables_rule *rule, unsigned from)
{
	struct expression e = begin(rule, "ct");

	nftables_add_u32(rule->batch, NFTA_CT_KEY, NFT_CT_MARK);
	nftables_add_u32(rule->batch, NFTA_CT_SREG, number(from));
	end(rule, e);
}

void nftables_rule_masquerade(struct nftables_rule *rule)
{
	end(rule, begin(rule, "masq"));
}
