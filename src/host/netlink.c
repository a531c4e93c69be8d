/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define ADDRESS_LIMIT 4096
#define REPLY_SIZE 32768 /* NLMSG_GOODSIZE and more: what one recv may bring of a dump */

/* A message under construction. 512 bytes hold every request of this file. */
struct request {
	struct nlmsghdr header;
	char body[512];
};

int netlink_open(int *ret_fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	/* Only a nicety: dumps are then filtered by what the request says. */
	ignore_result(setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* ---- building -------------------------------------------------------------- */

static void *begin(struct request *request, uint16_t type, uint16_t flags, size_t body)
{
	memset(request, 0, sizeof *request);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
	return request->body;
}

static void add_attribute(struct request *request, uint16_t type, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *)((char *)request + at);

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(length);
	memcpy(RTA_DATA(attribute), data, length);
	request->header.nlmsg_len = (uint32_t)(at + RTA_ALIGN(attribute->rta_len));
}

/* ---- talking ----------------------------------------------------------------- */

static int send_request(int fd, struct request *request)
{
	static uint32_t sequence;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	request->header.nlmsg_seq = ++sequence;
	while (sendto(fd, request, request->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* What a reader of replies does with each message; non-zero ends the reading. */
typedef int (*message_reader)(const struct nlmsghdr *message, void *context);

/* Handles one datagram; 1: more is to come. */
static int read_messages(char *data, size_t length, uint32_t sequence, message_reader reader, void *context)
{
	for (struct nlmsghdr *m = (struct nlmsghdr *)data; NLMSG_OK(m, length); m = NLMSG_NEXT(m, length)) {
		int r;

		if (m->nlmsg_seq != sequence)
			continue;
		if (m->nlmsg_type == NLMSG_ERROR)
			return m->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) ? ((struct nlmsgerr *)NLMSG_DATA(m))->error : -EPROTO;
		if (m->nlmsg_type == NLMSG_DONE)
			return 0;
		r = reader ? reader(m, context) : 0;
		if (r < 0)
			return r;
		if (!(m->nlmsg_flags & NLM_F_MULTI))
			return 0;
	}
	return 1;
}

static int talk(int fd, struct request *request, message_reader reader, void *context)
{
	_cleanup_free_ char *reply = memory_new(1, REPLY_SIZE);
	int r = send_request(fd, request);

	while (r == 0) {
		ssize_t length = recv(fd, reply, REPLY_SIZE, 0);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		r = read_messages(reply, (size_t)length, request->header.nlmsg_seq, reader, context);
		if (r <= 0)
			return r;
		r = 0;
	}
	return r;
}

/* ---- links ---------------------------------------------------------------------- */

int netlink_set_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* Any socket takes the interface ioctls, see netdevice(7). */
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return -errno;
	return 0;
}

static int read_link(const struct nlmsghdr *message, void *context)
{
	struct netlink_link *link = context;
	const struct ifinfomsg *info = NLMSG_DATA(message);
	int length = (int)IFLA_PAYLOAD(message);

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return 0;
	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, length); a = RTA_NEXT(a, length))
		if (a->rta_type == IFLA_IFNAME)
			snprintf(link->name, sizeof link->name, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
	return 0;
}

int netlink_get_link(int fd, const char *name, struct netlink_link *ret)
{
	struct request request;
	struct ifinfomsg *info = begin(&request, RTM_GETLINK, 0, sizeof *info);
	struct netlink_link link = { 0 };
	int r;

	if (!*name || strlen(name) >= IF_NAMESIZE)
		return -ENODEV;
	add_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	r = talk(fd, &request, read_link, &link);
	if (r < 0)
		return r;
	if (link.index == 0)
		return -ENODEV;
	*ret = link;
	return 0;
}

int netlink_move_link(int fd, int index, int netns_fd, const char *new_name)
{
	struct request request;
	struct ifinfomsg *info = begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof *info);
	uint32_t netns = (uint32_t)netns_fd;

	if (!*new_name || strlen(new_name) >= IF_NAMESIZE)
		return -EINVAL;
	info->ifi_index = index;
	add_attribute(&request, IFLA_NET_NS_FD, &netns, sizeof netns);
	/* In one step with the move: the name may be taken on this side, or the old one on the other. */
	add_attribute(&request, IFLA_IFNAME, new_name, strlen(new_name) + 1);
	return talk(fd, &request, NULL, NULL);
}

static int set_link_flags(int fd, int index, unsigned flags)
{
	struct request request;
	struct ifinfomsg *info = begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof *info);

	info->ifi_index = index;
	info->ifi_flags = flags;
	info->ifi_change = IFF_UP;
	return talk(fd, &request, NULL, NULL);
}

int netlink_set_link_up(int fd, int index)
{
	return set_link_flags(fd, index, IFF_UP);
}

int netlink_set_link_down(int fd, int index)
{
	return set_link_flags(fd, index, 0);
}

/* ---- addresses --------------------------------------------------------------------- */

struct address_list {
	int index;
	struct netlink_address *addresses;
	size_t count;
};

static void read_address_attribute(struct netlink_address *address, const struct rtattr *a, bool *has_peer)
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

static int read_address(const struct nlmsghdr *message, void *context)
{
	static const uint8_t none[16];
	struct address_list *list = context;
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	int length = (int)IFA_PAYLOAD(message);
	struct netlink_address address = { 0 };
	bool has_peer = false;

	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return 0;
	if ((int)info->ifa_index != list->index || (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return 0;
	if (list->count == ADDRESS_LIMIT)
		return -E2BIG;
	address.family = info->ifa_family;
	address.length = info->ifa_family == AF_INET ? 4 : 16;
	address.prefix = info->ifa_prefixlen;
	address.flags = info->ifa_flags;
	address.scope = info->ifa_scope;
	for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, length); a = RTA_NEXT(a, length))
		read_address_attribute(&address, a, &has_peer);
	/* IPv6 tells IFA_LOCAL only where there is a peer. */
	if (memcmp(address.local, none, sizeof none) == 0)
		memcpy(address.local, address.peer, sizeof address.local);
	else if (!has_peer)
		memcpy(address.peer, address.local, sizeof address.peer);
	list->addresses = memory_resize(list->addresses, list->count + 1, sizeof address);
	list->addresses[list->count++] = address;
	return 0;
}

int netlink_get_addresses(int fd, int index, struct netlink_address **ret, size_t *ret_count)
{
	struct request request;
	struct ifaddrmsg *info = begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof *info);
	struct address_list list = { .index = index };
	int r;

	info->ifa_index = (uint32_t)index;
	r = talk(fd, &request, read_address, &list);
	if (r < 0) {
		free(list.addresses);
		return r;
	}
	*ret = list.addresses;
	*ret_count = list.count;
	return 0;
}

int netlink_add_address(int fd, int index, const struct netlink_address *address)
{
	struct request request;
	struct ifaddrmsg *info = begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof *info);

	info->ifa_family = (uint8_t)address->family;
	info->ifa_prefixlen = (uint8_t)address->prefix;
	info->ifa_scope = address->scope;
	info->ifa_index = (uint32_t)index;
	add_attribute(&request, IFA_LOCAL, address->local, address->length);
	add_attribute(&request, IFA_ADDRESS, address->peer, address->length);
	if (address->has_broadcast)
		add_attribute(&request, IFA_BROADCAST, address->broadcast, address->length);
	add_attribute(&request, IFA_FLAGS, &address->flags, sizeof address->flags);
	return talk(fd, &request, NULL, NULL);
}
