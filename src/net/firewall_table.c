/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall_table.h"

#include "host/nftables_rule.h"
#include "net/firewall.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#define ETHERNET_SOURCE 6
#define IPV4_SOURCE 12 /* offsets in headers, RFC 791 and 8200 */
#define IPV4_DESTINATION 16
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24
#define DOMAIN_PORT 53
#define DESTINATION_PORT 2 /* of TCP, UDP and SCTP */

const struct nftables_set firewall_sets[FIREWALL_SET_COUNT] = {
	[FIREWALL_NETWORKS] = { "networks", { NFTABLES_INTERFACE } },
	[FIREWALL_INTERNAL] = { "internal", { NFTABLES_INTERFACE } },
	[FIREWALL_MASQUERADED] = { "masqueraded", { NFTABLES_INTERFACE } },
	[FIREWALL_MEMBERS] = { "members", { NFTABLES_INTERFACE, NFTABLES_INTERFACE } },
	[FIREWALL_MEMBERS4] = { "members4", { NFTABLES_IPV4_ADDRESS, NFTABLES_IPV4_ADDRESS }, .intervals = true },
	[FIREWALL_MEMBERS6] = { "members6", { NFTABLES_IPV6_ADDRESS, NFTABLES_IPV6_ADDRESS }, .intervals = true },
	[FIREWALL_PRIORITIES] = { "priorities", { NFTABLES_MAC }, { NFTABLES_MARK } },
	[FIREWALL_PORTS4] = { "ports4", { NFTABLES_PROTOCOL, NFTABLES_PORT }, { NFTABLES_IPV4_ADDRESS, NFTABLES_PORT } },
	[FIREWALL_PORTS6] = { "ports6", { NFTABLES_PROTOCOL, NFTABLES_PORT }, { NFTABLES_IPV6_ADDRESS, NFTABLES_PORT } },
	[FIREWALL_PORTS4_AT] = { "ports4_at", { NFTABLES_IPV4_ADDRESS, NFTABLES_PROTOCOL, NFTABLES_PORT }, { NFTABLES_IPV4_ADDRESS, NFTABLES_PORT } },
	[FIREWALL_PORTS6_AT] = { "ports6_at", { NFTABLES_IPV6_ADDRESS, NFTABLES_PROTOCOL, NFTABLES_PORT }, { NFTABLES_IPV6_ADDRESS, NFTABLES_PORT } },
	[FIREWALL_RANGES4] = { "ranges4", { NFTABLES_IPV4_ADDRESS, NFTABLES_PROTOCOL, NFTABLES_PORT }, { NFTABLES_IPV4_ADDRESS }, true },
	[FIREWALL_RANGES6] = { "ranges6", { NFTABLES_IPV6_ADDRESS, NFTABLES_PROTOCOL, NFTABLES_PORT }, { NFTABLES_IPV6_ADDRESS }, true },
	[FIREWALL_GENERATION] = { "generation", { NFTABLES_MARK } },
};

/*
 * The hooks come at the places that all who do the same have (nft(8), "Standard priority names"): a packet that an earlier chain has
 * translated is not translated again, and what a filter of others drops stays dropped.
 */
static const struct nftables_chain chains[] = {
	{ "raw", "filter", NFTABLES_PREROUTING, NFTABLES_RAW },
	{ "prerouting", "nat", NFTABLES_PREROUTING, NFTABLES_NAT_DESTINATION },
	{ "output", "nat", NFTABLES_OUTPUT, NFTABLES_NAT_DESTINATION },
	{ "input", "filter", NFTABLES_INPUT, NFTABLES_FILTER },
	{ "forward", "filter", NFTABLES_FORWARD, NFTABLES_FILTER },
	{ "postrouting", "nat", NFTABLES_POSTROUTING, NFTABLES_NAT_SOURCE },
	{ "published" },
	{ "inbound" },
};

/* ---- parts of rules ------------------------------------------------------------ */

static void match_family(struct nftables_rule *rule, uint8_t family)
{
	nftables_rule_meta(rule, NFT_META_NFPROTO, 0);
	nftables_rule_equals(rule, 0, &family, sizeof family);
}

/* The interface that packets come in by, or leave by, is in SET. */
static void match_interface(struct nftables_rule *rule, uint32_t which, enum firewall_set set, bool is_in)
{
	nftables_rule_meta(rule, which, 0);
	nftables_rule_is_in(rule, 0, firewall_sets[set].name, is_in);
}

/* 127.0.0.0/8; nft(8) shows a comparison of one byte so. */
static void match_loopback(struct nftables_rule *rule, uint32_t offset)
{
	const uint8_t loopback = 127;

	match_family(rule, NFTABLES_IPV4);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof loopback, 0);
	nftables_rule_equals(rule, 0, &loopback, sizeof loopback);
}

/* Both interfaces are the same bridge of ours. */
static void match_members(struct nftables_rule *rule)
{
	nftables_rule_meta(rule, NFT_META_IIFNAME, 0);
	nftables_rule_meta(rule, NFT_META_OIFNAME, 4);
	nftables_rule_is_in(rule, 0, firewall_sets[FIREWALL_MEMBERS].name, true);
}

/*
 * Both addresses are of one network of ours. With br_netfilter packets between ports of a bridge come to the hook postrouting
 * without the interface that they came in by.
 */
static void match_member_addresses(struct nftables_rule *rule, uint8_t family)
{
	bool is4 = family == NFTABLES_IPV4;
	uint32_t size = is4 ? 4 : 16;

	match_family(rule, family);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, is4 ? IPV4_SOURCE : IPV6_SOURCE, size, 0);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, is4 ? IPV4_DESTINATION : IPV6_DESTINATION, size, size / 4);
	nftables_rule_is_in(rule, 0, firewall_sets[is4 ? FIREWALL_MEMBERS4 : FIREWALL_MEMBERS6].name, true);
}

/* The destination, which is the host's own, is an address of one of our networks, and the source is in another. */
static void match_foreign_gateway(struct nftables_rule *rule, uint8_t family)
{
	bool is4 = family == NFTABLES_IPV4;
	uint32_t size = is4 ? 4 : 16, from = is4 ? IPV4_SOURCE : IPV6_SOURCE, to = is4 ? IPV4_DESTINATION : IPV6_DESTINATION;
	const char *members = firewall_sets[is4 ? FIREWALL_MEMBERS4 : FIREWALL_MEMBERS6].name;

	match_family(rule, family);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, to, size, 0);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, to, size, size / 4);
	nftables_rule_is_in(rule, 0, members, true);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, from, size, 0);
	nftables_rule_is_in(rule, 0, members, false);
}

static void match_translated(struct nftables_rule *rule)
{
	nftables_rule_ct(rule, NFT_CT_STATUS, 0);
	nftables_rule_has_bits(rule, 0, IPS_DST_NAT);
}

/* ---- rules --------------------------------------------------------------------------- */

/* Nearly all packets match none of the rules for what is wrong: what sets are asked for comes behind what is compared, which costs less. */

/* Invariant 4. Since bridges have route_localnet, the kernel would take such packets. */
static void drop_to_loopback(struct nftables_rule *rule)
{
	match_loopback(rule, IPV4_DESTINATION);
	match_interface(rule, NFT_META_IIFNAME, FIREWALL_NETWORKS, true);
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
}

/* And those that say that they are the host's own. */
static void drop_from_loopback(struct nftables_rule *rule)
{
	match_loopback(rule, IPV4_SOURCE);
	match_interface(rule, NFT_META_IIFNAME, FIREWALL_NETWORKS, true);
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
}

/* What comes in by a link is not for 127.0.0.1, whatever it says: a neighbour would reach ports that are published there. */
static void pass_loopback(struct nftables_rule *rule)
{
	match_loopback(rule, IPV4_DESTINATION);
	nftables_rule_verdict(rule, NFT_RETURN, NULL);
}

/* Invariant 4: sent on, it would have no answer, and who asks "localhost" would wait for one before he tries 127.0.0.1. */
static void pass_loopback6(struct nftables_rule *rule)
{
	const uint8_t loopback[16] = { [15] = 1 };

	match_family(rule, NFTABLES_IPV6);
	nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, IPV6_DESTINATION, sizeof loopback, 0);
	nftables_rule_equals(rule, 0, loopback, sizeof loopback);
	nftables_rule_verdict(rule, NFT_RETURN, NULL);
}

static void look_at_ports(struct nftables_rule *rule)
{
	const uint32_t local = RTN_LOCAL;

	nftables_rule_destination_kind(rule, 0);
	nftables_rule_equals(rule, 0, &local, sizeof local);
	nftables_rule_verdict(rule, NFT_JUMP, "published");
}

/* Invariant 7: who asks the name server of another network learns who is there. */
static void drop_question(struct nftables_rule *rule, uint8_t family, uint8_t protocol)
{
	const uint16_t domain = htons(DOMAIN_PORT);

	nftables_rule_meta(rule, NFT_META_L4PROTO, 0);
	nftables_rule_equals(rule, 0, &protocol, sizeof protocol);
	nftables_rule_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION_PORT, sizeof domain, 0);
	nftables_rule_equals(rule, 0, &domain, sizeof domain);
	match_interface(rule, NFT_META_IIFNAME, FIREWALL_NETWORKS, true);
	match_foreign_gateway(rule, family);
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
}

static void drop_udp_question4(struct nftables_rule *rule)
{
	drop_question(rule, NFTABLES_IPV4, IPPROTO_UDP);
}

static void drop_tcp_question4(struct nftables_rule *rule)
{
	drop_question(rule, NFTABLES_IPV4, IPPROTO_TCP);
}

static void drop_udp_question6(struct nftables_rule *rule)
{
	drop_question(rule, NFTABLES_IPV6, IPPROTO_UDP);
}

static void drop_tcp_question6(struct nftables_rule *rule)
{
	drop_question(rule, NFTABLES_IPV6, IPPROTO_TCP);
}

/* By one of the maps of ports: what is in its key, and whether its data has a port, firewall_sets[] tells. */
static void translate(struct nftables_rule *rule, uint8_t family, enum firewall_set map)
{
	bool is4 = family == NFTABLES_IPV4;
	uint32_t size = is4 ? 4 : 16;
	bool has_address = firewall_sets[map].key[0] != NFTABLES_PROTOCOL;
	unsigned behind = has_address ? size / 4 : 0; /* the register behind the address */

	match_family(rule, family);
	if (has_address)
		nftables_rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, is4 ? IPV4_DESTINATION : IPV6_DESTINATION, size, 0);
	nftables_rule_meta(rule, NFT_META_L4PROTO, behind);
	nftables_rule_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION_PORT, sizeof(uint16_t), behind + 1);
	nftables_rule_map(rule, 0, firewall_sets[map].name, 0);
	nftables_rule_dnat(rule, family, 0, firewall_sets[map].data[1] ? (int)(size / 4) : -1);
}

static void translate_ports4(struct nftables_rule *rule)
{
	translate(rule, NFTABLES_IPV4, FIREWALL_PORTS4);
}

static void translate_ports4_at(struct nftables_rule *rule)
{
	translate(rule, NFTABLES_IPV4, FIREWALL_PORTS4_AT);
}

static void translate_ranges4(struct nftables_rule *rule)
{
	translate(rule, NFTABLES_IPV4, FIREWALL_RANGES4);
}

static void translate_ports6(struct nftables_rule *rule)
{
	translate(rule, NFTABLES_IPV6, FIREWALL_PORTS6);
}

static void translate_ports6_at(struct nftables_rule *rule)
{
	translate(rule, NFTABLES_IPV6, FIREWALL_PORTS6_AT);
}

static void translate_ranges6(struct nftables_rule *rule)
{
	translate(rule, NFTABLES_IPV6, FIREWALL_RANGES6);
}

/* Here it lasts: at the hook before, ip_forward() of the kernel has given the packet the priority that its type of service says. */
static void set_priority(struct nftables_rule *rule)
{
	const uint16_t ethernet = ARPHRD_ETHER;

	nftables_rule_meta(rule, NFT_META_IIFTYPE, 0);
	nftables_rule_equals(rule, 0, &ethernet, sizeof ethernet);
	nftables_rule_payload(rule, NFT_PAYLOAD_LL_HEADER, ETHERNET_SOURCE, ETH_ALEN, 0);
	nftables_rule_map(rule, 0, firewall_sets[FIREWALL_PRIORITIES].name, 0);
	nftables_rule_set_priority(rule, 0);
}

static void accept_members(struct nftables_rule *rule)
{
	match_members(rule);
	nftables_rule_verdict(rule, NFTABLES_ACCEPT, NULL);
}

static void drop_from_internal(struct nftables_rule *rule)
{
	match_interface(rule, NFT_META_IIFNAME, FIREWALL_INTERNAL, true);
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
}

static void drop_to_internal(struct nftables_rule *rule)
{
	match_interface(rule, NFT_META_OIFNAME, FIREWALL_INTERNAL, true);
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
}

static void look_at_inbound(struct nftables_rule *rule)
{
	match_interface(rule, NFT_META_OIFNAME, FIREWALL_NETWORKS, true);
	nftables_rule_verdict(rule, NFT_JUMP, "inbound");
}

static void accept_answers(struct nftables_rule *rule)
{
	nftables_rule_ct(rule, NFT_CT_STATE, 0);
	nftables_rule_has_bits(rule, 0, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	nftables_rule_verdict(rule, NFTABLES_ACCEPT, NULL);
}

static void accept_published(struct nftables_rule *rule)
{
	match_translated(rule);
	nftables_rule_verdict(rule, NFTABLES_ACCEPT, NULL);
}

static void drop_rest(struct nftables_rule *rule)
{
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
}

static void masquerade_outbound(struct nftables_rule *rule)
{
	match_interface(rule, NFT_META_IIFNAME, FIREWALL_MASQUERADED, true);
	match_interface(rule, NFT_META_OIFNAME, FIREWALL_NETWORKS, false);
	nftables_rule_masquerade(rule);
}

/* Invariant 5: the one asked would answer to its neighbour directly, who does not know it by that address. */
static void masquerade_members4(struct nftables_rule *rule)
{
	match_translated(rule);
	match_member_addresses(rule, NFTABLES_IPV4);
	nftables_rule_masquerade(rule);
}

static void masquerade_members6(struct nftables_rule *rule)
{
	match_translated(rule);
	match_member_addresses(rule, NFTABLES_IPV6);
	nftables_rule_masquerade(rule);
}

static void masquerade_loopback(struct nftables_rule *rule)
{
	match_interface(rule, NFT_META_OIFNAME, FIREWALL_NETWORKS, true);
	match_loopback(rule, IPV4_SOURCE);
	nftables_rule_masquerade(rule);
}

/* In their order. */
static const struct {
	const char *chain;
	void (*write)(struct nftables_rule *rule);
} rules[] = {
	{ "raw", drop_to_loopback },
	{ "raw", drop_from_loopback },
	{ "prerouting", pass_loopback },
	{ "prerouting", look_at_ports },
	{ "output", pass_loopback6 },
	{ "output", look_at_ports },
	{ "input", drop_udp_question4 },
	{ "input", drop_tcp_question4 },
	{ "input", drop_udp_question6 },
	{ "input", drop_tcp_question6 },
	{ "published", translate_ports4 },
	{ "published", translate_ports4_at },
	{ "published", translate_ranges4 },
	{ "published", translate_ports6 },
	{ "published", translate_ports6_at },
	{ "published", translate_ranges6 },
	{ "forward", set_priority },
	{ "forward", accept_members },
	{ "forward", drop_from_internal },
	{ "forward", drop_to_internal },
	{ "forward", look_at_inbound },
	{ "inbound", accept_answers },
	{ "inbound", accept_published },
	{ "inbound", drop_rest },
	{ "postrouting", masquerade_outbound },
	{ "postrouting", masquerade_members4 },
	{ "postrouting", masquerade_members6 },
	{ "postrouting", masquerade_loopback },
};

unsigned firewall_table_rule_count(void)
{
	return ARRAY_SIZE(rules);
}

void firewall_table_make(struct netlink_batch *batch)
{
	/* Deleting one that is not there would fail: it is made first. */
	nftables_add_table(batch, FIREWALL_TABLE);
	nftables_delete_table(batch, FIREWALL_TABLE);
	nftables_add_table(batch, FIREWALL_TABLE);
	for (uint32_t i = 0; i < FIREWALL_SET_COUNT; i++)
		nftables_add_set(batch, FIREWALL_TABLE, &firewall_sets[i], i + 1);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		nftables_add_chain(batch, FIREWALL_TABLE, &chains[i]);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct nftables_rule rule;

		nftables_rule_begin(&rule, batch, FIREWALL_TABLE, rules[i].chain);
		rules[i].write(&rule);
		nftables_rule_end(&rule);
	}
}
