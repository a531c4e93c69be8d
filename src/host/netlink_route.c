/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_route.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static void add_default_route(struct netlink_batch *batch, uint16_t flags, int family, int index, const uint8_t *gateway)
{
	const struct rtmsg route = {
		.rtm_family = (uint8_t)family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = gateway || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};

	netlink_batch_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | flags, &route, sizeof route);
	netlink_batch_add_u32(batch, RTA_OIF, (uint32_t)index);
	if (gateway)
		netlink_batch_add(batch, RTA_GATEWAY, gateway, family == AF_INET ? 4 : 16);
}

struct answer {
	unsigned char type;
	bool has_gateway;
};

static int read_route(void *context, const struct nlmsghdr *message)
{
	struct answer *answer = context;
	size_t offset = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct rtmsg)));

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
		return 0;
	answer->type = ((const struct rtmsg *)NLMSG_DATA(message))->rtm_type;
	while (message->nlmsg_len >= offset + sizeof(struct nlattr)) {
		const struct nlattr *attribute = (const void *)((const char *)message + offset);

		if (attribute->nla_len < sizeof *attribute || attribute->nla_len > message->nlmsg_len - offset)
			break;
		answer->has_gateway |= (attribute->nla_type & NLA_TYPE_MASK) == RTA_GATEWAY || (attribute->nla_type & NLA_TYPE_MASK) == RTA_VIA;
		offset += NLA_ALIGN(attribute->nla_len);
	}
	return 0;
}

static struct answer ask(int fd, int family, const uint8_t *address)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct rtmsg route = { .rtm_family = (uint8_t)family, .rtm_dst_len = family == AF_INET ? 32 : 128 };
	struct answer answer = { .type = RTN_UNSPEC };

	netlink_batch_begin(&batch, RTM_GETROUTE, 0, &route, sizeof route);
	netlink_batch_add(&batch, RTA_DST, address, family == AF_INET ? 4 : 16);
	if (netlink_batch_ask(&batch, fd, read_route, &answer) < 0)
		answer.type = RTN_UNSPEC;
	return answer;
}

bool netlink_is_own_address(int fd, int family, const uint8_t *address)
{
	return ask(fd, family, address).type == RTN_LOCAL;
}

bool netlink_is_near(int fd, int family, const uint8_t *address)
{
	struct answer answer = ask(fd, family, address);

	return answer.type == RTN_LOCAL || (answer.type == RTN_UNICAST && !answer.has_gateway);
}

void netlink_batch_add_mark_rule(struct netlink_batch *batch, int family, uint32_t mark, uint32_t table, uint32_t priority)
{
	const struct fib_rule_hdr rule = { .family = (uint8_t)family, .action = FR_ACT_TO_TBL, .table = RT_TABLE_UNSPEC };

	netlink_batch_begin(batch, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &rule, sizeof rule);
	netlink_batch_add_u32(batch, FRA_FWMARK, mark);
	netlink_batch_add_u32(batch, FRA_FWMASK, UINT32_MAX);
	netlink_batch_add_u32(batch, FRA_TABLE, table);
	netlink_batch_add_u32(batch, FRA_PRIORITY, priority);
}

void netlink_batch_add_local_route(struct netlink_batch *batch, int family, int index, uint32_t table)
{
	const struct rtmsg route = {
		.rtm_family = (uint8_t)family,
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};

	netlink_batch_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &route, sizeof route);
	netlink_batch_add_u32(batch, RTA_TABLE, table);
	netlink_batch_add_u32(batch, RTA_OIF, (uint32_t)index);
}

void netlink_batch_add_default_route(struct netlink_batch *batch, int family, int index, const uint8_t *gateway)
{
	add_default_route(batch, NLM_F_EXCL, family, index, gateway);
}

void netlink_batch_replace_default_route(struct netlink_batch *batch, int family, int index, const uint8_t *gateway)
{
	add_default_route(batch, NLM_F_REPLACE, family, index, gateway);
}
