/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_route.h"

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

static int read_type(void *context, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == RTM_NEWROUTE && message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)))
		*(unsigned char *)context = ((const struct rtmsg *)NLMSG_DATA(message))->rtm_type;
	return 0;
}

bool netlink_is_own_address(int fd, int family, const uint8_t *address)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct rtmsg route = { .rtm_family = (uint8_t)family, .rtm_dst_len = family == AF_INET ? 32 : 128 };
	unsigned char type = RTN_UNSPEC;

	netlink_batch_begin(&batch, RTM_GETROUTE, 0, &route, sizeof route);
	netlink_batch_add(&batch, RTA_DST, address, family == AF_INET ? 4 : 16);
	return netlink_batch_ask(&batch, fd, read_type, &type) == 0 && type == RTN_LOCAL;
}

void netlink_batch_add_default_route(struct netlink_batch *batch, int family, int index, const uint8_t *gateway)
{
	add_default_route(batch, NLM_F_EXCL, family, index, gateway);
}

void netlink_batch_replace_default_route(struct netlink_batch *batch, int family, int index, const uint8_t *gateway)
{
	add_default_route(batch, NLM_F_REPLACE, family, index, gateway);
}
