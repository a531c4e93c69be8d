/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_address.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define ADDRESS_LIMIT 4096

/* ---- text ------------------------------------------------------------------------ */

static void set_broadcast(struct netlink_address *address)
{
	uint32_t host_bits = address->prefix == 0 ? UINT32_MAX : (UINT32_C(1) << (32 - address->prefix)) - 1, value;

	memcpy(&value, address->local, sizeof value);
	value |= htonl(host_bits);
	memcpy(address->broadcast, &value, sizeof value);
	address->has_broadcast = true;
}

int netlink_address_parse(const char *text, struct netlink_address *ret)
{
	char host[INET6_ADDRSTRLEN] = "";
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct netlink_address address = { .family = memchr(text, ':', length) ? AF_INET6 : AF_INET };
	uint64_t prefix;

	address.length = address.family == AF_INET ? 4 : 16;
	prefix = address.length * 8;
	if (length >= sizeof host)
		return -EINVAL;
	memcpy(host, text, length);
	if (inet_pton(address.family, host, address.local) != 1)
		return -EINVAL;
	if (slash && (str_to_u64(slash + 1, 10, &prefix) < 0 || prefix > address.length * 8))
		return -EINVAL;
	address.prefix = (unsigned)prefix;
	memcpy(address.peer, address.local, sizeof address.peer);
	if (address.family == AF_INET6)
		address.flags = IFA_F_NODAD;
	else if (prefix < 31)
		set_broadcast(&address);
	*ret = address;
	return 0;
}

/* ---- reading ---------------------------------------------------------------------- */

struct address_list {
	int index;
	struct netlink_address *addresses;
	size_t count;
};

static void read_attribute(struct netlink_address *address, const struct rtattr *a, bool *has_peer)
{
	size_t length = RTA_PAYLOAD(a) < address->length ? RTA_PAYLOAD(a) : address->length;

	switch (a->rta_type) {
	case IFA_LOCAL:
		memcpy(address->local, RTA_DATA(a), length);
		break;
	case IFA_ADDRESS:
		memcpy(address->peer, RTA_DATA(a), length);
		*has_peer = true;
		break;
	case IFA_BROADCAST:
		memcpy(address->broadcast, RTA_DATA(a), length);
		address->has_broadcast = true;
		break;
	case IFA_FLAGS:
		if (RTA_PAYLOAD(a) >= sizeof address->flags)
			memcpy(&address->flags, RTA_DATA(a), sizeof address->flags);
		break;
	}
}

bool netlink_address_read(const struct nlmsghdr *message, int index, struct netlink_address *ret)
{
	static const uint8_t none[16];
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	int length = (int)IFA_PAYLOAD(message);
	struct netlink_address address = { 0 };
	bool has_peer = false;

	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return false;
	if ((int)info->ifa_index != index || (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return false;
	address.family = info->ifa_family;
	address.length = info->ifa_family == AF_INET ? 4 : 16;
	address.prefix = info->ifa_prefixlen;
	address.flags = info->ifa_flags;
	address.scope = info->ifa_scope;
	for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, length); a = RTA_NEXT(a, length))
		read_attribute(&address, a, &has_peer);
	/* IPv6 tells IFA_LOCAL only where there is a peer. */
	if (memcmp(address.local, none, sizeof none) == 0)
		memcpy(address.local, address.peer, sizeof address.local);
	else if (!has_peer)
		memcpy(address.peer, address.local, sizeof address.peer);
	*ret = address;
	return true;
}

static int collect_address(void *context, const struct nlmsghdr *message)
{
	struct address_list *list = context;
	struct netlink_address address;

	if (!netlink_address_read(message, list->index, &address))
		return 0;
	if (list->count == ADDRESS_LIMIT)
		return -E2BIG;
	list->addresses = memory_resize(list->addresses, list->count + 1, sizeof address);
	list->addresses[list->count++] = address;
	return 0;
}

int netlink_get_addresses(int fd, int index, struct netlink_address **ret, size_t *ret_count)
{
	struct address_list list = { .index = index };
	int r = -EINTR;

	for (int attempt = 0; r == -EINTR && attempt < 10; attempt++) {
		_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
		const struct ifaddrmsg info = { .ifa_index = (uint32_t)index };

		list.count = 0;
		netlink_batch_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &info, sizeof info);
		r = netlink_batch_ask(&batch, fd, collect_address, &list);
	}
	if (r < 0) {
		free(list.addresses);
		return r;
	}
	*ret = list.addresses;
	*ret_count = list.count;
	return 0;
}

/* ---- changing ----------------------------------------------------------------------- */

static void begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, int index, const struct netlink_address *address)
{
	const struct ifaddrmsg info = {
		.ifa_family = (uint8_t)address->family,
		.ifa_prefixlen = (uint8_t)address->prefix,
		.ifa_scope = address->scope,
		.ifa_index = (uint32_t)index,
	};

	netlink_batch_begin(batch, type, flags, &info, sizeof info);
	netlink_batch_add(batch, IFA_LOCAL, address->local, address->length);
	netlink_batch_add(batch, IFA_ADDRESS, address->peer, address->length);
}

void netlink_batch_add_address(struct netlink_batch *batch, int index, const struct netlink_address *address)
{
	begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address);
	if (address->has_broadcast)
		netlink_batch_add(batch, IFA_BROADCAST, address->broadcast, address->length);
	netlink_batch_add_u32(batch, IFA_FLAGS, address->flags);
}

void netlink_batch_remove_address(struct netlink_batch *batch, int index, const struct netlink_address *address)
{
	begin(batch, RTM_DELADDR, 0, index, address);
}

int netlink_add_address(int fd, int index, const struct netlink_address *address)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	netlink_batch_add_address(&batch, index, address);
	return netlink_batch_send(&batch, fd, NULL);
}
