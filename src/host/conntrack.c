/* SPDX-License-Identifier: Apache-2.0 */
#include "host/conntrack.h"

#include "host/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define TYPE(message) ((uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | (message)))

struct forgetting {
	uint8_t protocol;
	conntrack_choose *choose;
	void *context;
	struct netlink_batch deletions;
};

static void copy_address(const struct nlattr *tuple, bool is_source, int family, uint8_t *out)
{
	uint16_t type = family == AF_INET ? (is_source ? CTA_IP_V4_SRC : CTA_IP_V4_DST) : (is_source ? CTA_IP_V6_SRC : CTA_IP_V6_DST);
	size_t length = 0;
	const void *address = nftables_payload(nftables_nested(nftables_nested(tuple, CTA_TUPLE_IP), type), &length);

	if (address && length == (family == AF_INET ? 4 : 16))
		memcpy(out, address, length);
}

static bool is_of(const struct nlattr *tuple, uint8_t protocol)
{
	size_t length = 0;
	const uint8_t *number = nftables_payload(nftables_nested(nftables_nested(tuple, CTA_TUPLE_PROTO), CTA_PROTO_NUM), &length);

	return number && length == 1 && *number == protocol;
}

static uint16_t port_of(const struct nlattr *tuple)
{
	size_t length = 0;
	const void *port = nftables_payload(nftables_nested(nftables_nested(tuple, CTA_TUPLE_PROTO), CTA_PROTO_DST_PORT), &length);
	uint16_t value = 0;

	if (port && length == sizeof value)
		memcpy(&value, port, sizeof value);
	return ntohs(value);
}

bool conntrack_read_flow(const struct nlmsghdr *message, uint8_t protocol, struct conntrack_flow *ret)
{
	const struct nfgenmsg *body = NLMSG_DATA(message);
	const struct nlattr *tuple = nftables_attribute(message, CTA_TUPLE_ORIG);
	struct conntrack_flow flow;

	if (!tuple || !is_of(tuple, protocol) || (body->nfgen_family != AF_INET && body->nfgen_family != AF_INET6))
		return false;
	flow = (struct conntrack_flow){
		.family = body->nfgen_family,
		.port = port_of(tuple),
		.is_answered = nftables_u32(nftables_attribute(message, CTA_STATUS)) & IPS_SEEN_REPLY,
	};
	copy_address(tuple, false, flow.family, flow.destination);
	copy_address(nftables_attribute(message, CTA_TUPLE_REPLY), true, flow.family, flow.answering);
	*ret = flow;
	return true;
}

static void add_attribute(struct netlink_batch *batch, uint16_t type, const struct nlattr *attribute)
{
	size_t length = 0;
	const void *bytes = nftables_payload(attribute, &length);

	if (bytes)
		netlink_batch_add(batch, type, bytes, length);
}

static int look_at(void *context, const struct nlmsghdr *message)
{
	struct forgetting *forgetting = context;
	struct nfgenmsg header = { .version = NFNETLINK_V0 };
	struct conntrack_flow flow;

	if (!conntrack_read_flow(message, forgetting->protocol, &flow) || !forgetting->choose(forgetting->context, &flow))
		return 0;
	header.nfgen_family = (uint8_t)flow.family;
	netlink_batch_begin(&forgetting->deletions, TYPE(IPCTNL_MSG_CT_DELETE), 0, &header, sizeof header);
	add_attribute(&forgetting->deletions, CTA_TUPLE_ORIG | NLA_F_NESTED, nftables_attribute(message, CTA_TUPLE_ORIG));
	add_attribute(&forgetting->deletions, CTA_ZONE, nftables_attribute(message, CTA_ZONE));
	return 0;
}

int conntrack_forget(uint8_t protocol, conntrack_choose *choose, void *context)
{
	struct forgetting forgetting = { .protocol = protocol, .choose = choose, .context = context };
	_cleanup_netlink_batch_ struct netlink_batch question = NETLINK_BATCH_INIT;
	const struct nfgenmsg body = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	if (r < 0)
		return r;
	netlink_batch_begin(&question, TYPE(IPCTNL_MSG_CT_GET), NLM_F_DUMP, &body, sizeof body);
	r = netlink_batch_ask(&question, fd, look_at, &forgetting);
	if (r == 0)
		r = netlink_batch_send(&forgetting.deletions, fd, NULL);
	netlink_batch_done(&forgetting.deletions);
	return r == -ENOENT ? 0 : r;
}
