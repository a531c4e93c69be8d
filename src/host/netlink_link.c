/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_link.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define LINK_LIMIT 65536
#define OPER_UNKNOWN 0 /* IF_OPER_UNKNOWN: of links that do not tell */
#define OPER_UP 6
#define GSO_IPV4_MAX_SIZE 63 /* IFLA_GSO_IPV4_MAX_SIZE of newer headers; others pass over it */
#define SKIP_STATISTICS (1u << 3) /* RTEXT_FILTER_SKIP_STATS: they are three quarters of an answer */

int netlink_set_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* Any socket takes the interface ioctls, see netdevice(7). */
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return -errno;
	return 0;
}

static bool is_name(const char *name)
{
	return *name && strlen(name) < IF_NAMESIZE;
}

/* ---- reading ------------------------------------------------------------------ */

static void copy_text(char *out, size_t size, const struct rtattr *a)
{
	snprintf(out, size, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
}

static uint32_t read_u32(const struct rtattr *a)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(a) >= sizeof value)
		memcpy(&value, RTA_DATA(a), sizeof value);
	return value;
}

static void read_kind(struct netlink_link *link, const struct rtattr *info)
{
	int length = (int)RTA_PAYLOAD(info);

	for (const struct rtattr *a = RTA_DATA(info); RTA_OK(a, length); a = RTA_NEXT(a, length))
		if (a->rta_type == IFLA_INFO_KIND)
			copy_text(link->kind, sizeof link->kind, a);
}

static void read_attribute(struct netlink_link *link, const struct rtattr *a)
{
	switch (a->rta_type & NLA_TYPE_MASK) {
	case IFLA_IFNAME:
		copy_text(link->name, sizeof link->name, a);
		break;
	case IFLA_IFALIAS:
		copy_text(link->alias, sizeof link->alias, a);
		break;
	case IFLA_LINKINFO:
		read_kind(link, a);
		break;
	case IFLA_MASTER:
		link->master = (int)read_u32(a);
		break;
	case IFLA_LINK:
		link->parent = (int)read_u32(a);
		break;
	case IFLA_OPERSTATE:
		link->is_operational = RTA_PAYLOAD(a) == 1 && (*(uint8_t *)RTA_DATA(a) == OPER_UP || *(uint8_t *)RTA_DATA(a) == OPER_UNKNOWN);
		break;
	case IFLA_MTU:
		link->mtu = read_u32(a);
		break;
	case IFLA_GSO_MAX_SIZE:
		link->burst_bytes = read_u32(a);
		break;
	case IFLA_ADDRESS:
		link->has_mac = RTA_PAYLOAD(a) == sizeof link->mac;
		if (link->has_mac)
			memcpy(link->mac, RTA_DATA(a), sizeof link->mac);
		break;
	}
}

bool netlink_link_read(const struct nlmsghdr *message, struct netlink_link *ret)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	int length = (int)IFLA_PAYLOAD(message);

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return false;
	*ret = (struct netlink_link){ .index = info->ifi_index, .flags = info->ifi_flags };
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, length); a = RTA_NEXT(a, length))
		read_attribute(ret, a);
	return true;
}

static int take_link(void *context, const struct nlmsghdr *message)
{
	ignore_result(netlink_link_read(message, context));
	return 0;
}

int netlink_get_link(int fd, const char *name, struct netlink_link *ret)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct ifinfomsg info = { 0 };
	struct netlink_link link = { 0 };
	int r;

	if (!is_name(name))
		return -ENODEV;
	netlink_batch_begin(&batch, RTM_GETLINK, 0, &info, sizeof info);
	netlink_batch_add_text(&batch, IFLA_IFNAME, name);
	netlink_batch_add_u32(&batch, IFLA_EXT_MASK, SKIP_STATISTICS);
	r = netlink_batch_ask(&batch, fd, take_link, &link);
	if (r < 0)
		return r;
	if (link.index == 0)
		return -ENODEV;
	*ret = link;
	return 0;
}

struct link_list {
	struct netlink_link *links;
	size_t count, capacity;
};

static int collect_link(void *context, const struct nlmsghdr *message)
{
	struct link_list *list = context;
	struct netlink_link link;

	if (!netlink_link_read(message, &link))
		return 0;
	if (list->count == LINK_LIMIT)
		return -E2BIG;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->links = memory_resize(list->links, list->capacity, sizeof *list->links);
	}
	list->links[list->count++] = link;
	return 0;
}

int netlink_get_links(int fd, struct netlink_link **ret, size_t *ret_count)
{
	struct link_list list = { 0 };
	int r = -EINTR;

	for (int attempt = 0; r == -EINTR && attempt < 10; attempt++) {
		_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
		const struct ifinfomsg info = { 0 };

		list.count = 0;
		netlink_batch_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &info, sizeof info);
		netlink_batch_add_u32(&batch, IFLA_EXT_MASK, SKIP_STATISTICS);
		r = netlink_batch_ask(&batch, fd, collect_link, &list);
	}
	if (r < 0) {
		free(list.links);
		return r;
	}
	*ret = list.links;
	*ret_count = list.count;
	return 0;
}

int netlink_get_index(int fd, const char *name, int *ret)
{
	struct ifreq request = { 0 };

	if (!is_name(name))
		return -ENODEV;
	memcpy(request.ifr_name, name, strlen(name));
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return -errno;
	*ret = request.ifr_ifindex;
	return 0;
}

/* ---- making ---------------------------------------------------------------------- */

static void add_burst(struct netlink_batch *batch, uint32_t bytes)
{
	if (!bytes)
		return;
	netlink_batch_add_u32(batch, IFLA_GSO_MAX_SIZE, bytes);
	netlink_batch_add_u32(batch, GSO_IPV4_MAX_SIZE, bytes);
}

static void add_properties(struct netlink_batch *batch, const struct netlink_new_link *link)
{
	netlink_batch_add_text(batch, IFLA_IFNAME, link->name);
	if (link->is_elsewhere)
		netlink_batch_add_u32(batch, IFLA_NET_NS_FD, (uint32_t)link->netns_fd);
	if (link->mtu)
		netlink_batch_add_u32(batch, IFLA_MTU, link->mtu);
	add_burst(batch, link->burst_bytes);
	if (link->mac)
		netlink_batch_add(batch, IFLA_ADDRESS, link->mac, NETLINK_MAC_LENGTH);
}

/*
 * That many an end of a pair uses anyway. Of more that it has the kernel takes the rest away again, and waits for a grace period of RCU
 * with the lock on all links for it (veth_init_queues(), netif_set_real_num_tx_queues()): 1 to 5 ms for each end.
 */
static void add_single_queues(struct netlink_batch *batch)
{
	netlink_batch_add_u32(batch, IFLA_NUM_TX_QUEUES, 1);
	netlink_batch_add_u32(batch, IFLA_NUM_RX_QUEUES, 1);
}

static void add_peer(struct netlink_batch *batch, const struct netlink_new_link *peer)
{
	const struct ifinfomsg info = { 0 };
	size_t open = netlink_batch_open(batch, VETH_INFO_PEER);

	/* The attribute begins with the fixed part of a message. Up it cannot be: the kernel comes to that before the ends know each other. */
	buf_add(&batch->bytes, &info, sizeof info);
	add_properties(batch, peer);
	add_single_queues(batch);
	netlink_batch_close(batch, open);
}

static void add_kind_data(struct netlink_batch *batch, const struct netlink_new_link *link)
{
	size_t open = netlink_batch_open(batch, IFLA_INFO_DATA);

	if (link->peer)
		add_peer(batch, link->peer);
	if (strcmp(link->kind, "bridge") == 0) {
		netlink_batch_add_u32(batch, IFLA_BR_STP_STATE, 0);
		netlink_batch_add_u32(batch, IFLA_BR_FORWARD_DELAY, 0);
	} else if (strcmp(link->kind, "macvlan") == 0 && link->has_mode) {
		netlink_batch_add_u32(batch, IFLA_MACVLAN_MODE, link->mode);
	} else if (strcmp(link->kind, "ipvlan") == 0 && link->has_mode) {
		netlink_batch_add_u16(batch, IFLA_IPVLAN_MODE, (uint16_t)link->mode);
	}
	netlink_batch_close(batch, open);
}

void netlink_add_link(struct netlink_batch *batch, const struct netlink_new_link *link)
{
	const struct ifinfomsg info = { .ifi_flags = link->is_up ? IFF_UP : 0, .ifi_change = link->is_up ? IFF_UP : 0 };
	size_t open;

	netlink_batch_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	add_properties(batch, link);
	if (link->peer)
		add_single_queues(batch);
	if (link->master)
		netlink_batch_add_u32(batch, IFLA_MASTER, (uint32_t)link->master);
	if (link->parent)
		netlink_batch_add_u32(batch, IFLA_LINK, (uint32_t)link->parent);
	open = netlink_batch_open(batch, IFLA_LINKINFO);
	netlink_batch_add_text(batch, IFLA_INFO_KIND, link->kind);
	add_kind_data(batch, link);
	netlink_batch_close(batch, open);
}

int netlink_mac_parse(const char *text, uint8_t *out)
{
	for (size_t i = 0; i < NETLINK_MAC_LENGTH; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";

		if (strspn(text + 3 * i, digits) != 2 || text[3 * i + 2] != (i + 1 < NETLINK_MAC_LENGTH ? ':' : '\0'))
			return -EINVAL;
		out[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
	}
	return 0;
}

/* ---- changing ---------------------------------------------------------------------- */

static void add_ipv4_settings(struct netlink_batch *batch, const struct netlink_link_change *change)
{
	size_t family = netlink_batch_open(batch, AF_INET), settings = netlink_batch_open(batch, IFLA_INET_CONF);

	if (change->arp_notify)
		netlink_batch_add_u32(batch, IPV4_DEVCONF_ARP_NOTIFY, 1);
	if (change->route_localnet)
		netlink_batch_add_u32(batch, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
	netlink_batch_close(batch, settings);
	netlink_batch_close(batch, family);
}

/* The kernel comes to these last in a message, when the link is up already: they have one of their own. */
static void change_families(struct netlink_batch *batch, const char *name, const struct netlink_link_change *change)
{
	const struct ifinfomsg info = { 0 };
	size_t open;

	netlink_batch_begin(batch, RTM_NEWLINK, 0, &info, sizeof info);
	netlink_batch_add_text(batch, IFLA_IFNAME, name);
	open = netlink_batch_open(batch, IFLA_AF_SPEC);
	if (change->arp_notify || change->route_localnet)
		add_ipv4_settings(batch, change);
	if (change->no_link_local) {
		size_t family = netlink_batch_open(batch, AF_INET6);

		netlink_batch_add_u8(batch, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		netlink_batch_close(batch, family);
	}
	netlink_batch_close(batch, open);
}

/* Of a port: what it is one of must be known to the kernel before. */
static void change_port(struct netlink_batch *batch, const char *name, const struct netlink_link_change *change)
{
	const struct ifinfomsg info = { 0 };
	size_t open, data;

	netlink_batch_begin(batch, RTM_NEWLINK, 0, &info, sizeof info);
	netlink_batch_add_text(batch, IFLA_IFNAME, name);
	open = netlink_batch_open(batch, IFLA_LINKINFO);
	netlink_batch_add_text(batch, IFLA_INFO_SLAVE_KIND, "bridge");
	data = netlink_batch_open(batch, IFLA_INFO_SLAVE_DATA);
	if (change->hairpin)
		netlink_batch_add_u8(batch, IFLA_BRPORT_MODE, 1);
	if (change->isolated)
		netlink_batch_add_u8(batch, IFLA_BRPORT_ISOLATED, 1);
	netlink_batch_close(batch, data);
	netlink_batch_close(batch, open);
}

void netlink_change_link(struct netlink_batch *batch, const char *name, const struct netlink_link_change *change)
{
	const struct ifinfomsg info = { .ifi_flags = change->is_up ? IFF_UP : 0, .ifi_change = change->is_up ? IFF_UP : 0 };

	if (change->arp_notify || change->route_localnet || change->no_link_local)
		change_families(batch, name, change);
	if (!change->is_up && !change->master && !change->mtu && !change->burst_bytes && !change->alias)
		return;
	netlink_batch_begin(batch, RTM_NEWLINK, 0, &info, sizeof info);
	netlink_batch_add_text(batch, IFLA_IFNAME, name);
	if (change->master)
		netlink_batch_add_u32(batch, IFLA_MASTER, (uint32_t)change->master);
	if (change->mtu)
		netlink_batch_add_u32(batch, IFLA_MTU, change->mtu);
	add_burst(batch, change->burst_bytes);
	if (change->alias)
		netlink_batch_add(batch, IFLA_IFALIAS, change->alias, strlen(change->alias));
	if (change->hairpin || change->isolated)
		change_port(batch, name, change);
}

void netlink_remove_link(struct netlink_batch *batch, const char *name)
{
	const struct ifinfomsg info = { 0 };

	netlink_batch_begin(batch, RTM_DELLINK, 0, &info, sizeof info);
	netlink_batch_add_text(batch, IFLA_IFNAME, name);
}

void netlink_remove_index(struct netlink_batch *batch, int index)
{
	const struct ifinfomsg info = { .ifi_index = index };

	netlink_batch_begin(batch, RTM_DELLINK, 0, &info, sizeof info);
}

void netlink_retire_link(struct netlink_batch *batch, int index)
{
	const struct ifinfomsg info = { .ifi_index = index, .ifi_change = IFF_UP };

	netlink_batch_begin(batch, RTM_NEWLINK, 0, &info, sizeof info);
	netlink_batch_add_u32(batch, IFLA_MASTER, 0);
}

int netlink_move_link(int fd, int index, int netns_fd, const char *new_name)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct ifinfomsg info = { .ifi_index = index };

	if (!is_name(new_name))
		return -EINVAL;
	netlink_batch_begin(&batch, RTM_NEWLINK, 0, &info, sizeof info);
	netlink_batch_add_u32(&batch, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	/* In one step with the move: the name may be taken on this side, or the old one on the other. */
	netlink_batch_add_text(&batch, IFLA_IFNAME, new_name);
	return netlink_batch_send(&batch, fd, NULL);
}

static int set_link_flags(int fd, int index, unsigned flags)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct ifinfomsg info = { .ifi_index = index, .ifi_flags = flags, .ifi_change = IFF_UP };

	netlink_batch_begin(&batch, RTM_NEWLINK, 0, &info, sizeof info);
	return netlink_batch_send(&batch, fd, NULL);
}

int netlink_set_link_up(int fd, int index)
{
	return set_link_flags(fd, index, IFF_UP);
}

int netlink_set_link_down(int fd, int index)
{
	return set_link_flags(fd, index, 0);
}
