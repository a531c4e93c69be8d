/* SPDX-License-Identifier: Apache-2.0 */
#include "host/route_dump.h"
#include "base/memory.h"
#include "host/netlink.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define DESTINATION_LIMIT 1000000u
#define REPLY_SIZE 32768 /* what one recv may bring of a dump: see NLMSG_GOODSIZE */

struct dump {
	struct route_destination *destinations;
	size_t count, capacity;
};

static int read_route(struct dump *dump, const struct nlmsghdr *message)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	int length = (int)RTM_PAYLOAD(message);
	struct route_destination destination = { 0 };
	size_t bytes;

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return 0;
	/* Clones of IP version 6 are what was looked up, not what was configured. */
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) || (info->rtm_flags & RTM_F_CLONED))
		return 0;
	if (dump->count == DESTINATION_LIMIT)
		return -E2BIG;
	bytes = info->rtm_family == AF_INET ? 4 : 16;
	destination.family = info->rtm_family;
	destination.prefix = info->rtm_dst_len;
	destination.type = info->rtm_type;
	for (const struct rtattr *a = RTM_RTA(info); RTA_OK(a, length); a = RTA_NEXT(a, length)) {
		if (a->rta_type == RTA_DST && RTA_PAYLOAD(a) >= bytes)
			memcpy(destination.address, RTA_DATA(a), bytes);
		else if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) >= sizeof destination.interface)
			memcpy(&destination.interface, RTA_DATA(a), sizeof destination.interface);
	}
	if (dump->count == dump->capacity) {
		dump->capacity = dump->capacity ? dump->capacity * 2 : 64;
		dump->destinations = memory_resize(dump->destinations, dump->capacity, sizeof destination);
	}
	dump->destinations[dump->count++] = destination;
	return 0;
}

/* One datagram: 1 if more is to come. */
static int read_messages(struct dump *dump, const char *data, size_t length)
{
	int r = 1;

	for (const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)data; r > 0 && NLMSG_OK(m, length); m = NLMSG_NEXT(m, length)) {
		if (m->nlmsg_type == NLMSG_DONE)
			return 0;
		if (m->nlmsg_type == NLMSG_ERROR)
			return m->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) ? ((const struct nlmsgerr *)NLMSG_DATA(m))->error : -EPROTO;
		r = read_route(dump, m);
		r = r < 0 ? r : 1;
	}
	return r;
}

static int dump_family(int fd, int family, struct dump *dump)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
	} request = {
		.header = { .nlmsg_len = sizeof request, .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = (unsigned char)family },
	};
	_cleanup_free_ char *reply = memory_new(1, REPLY_SIZE);
	int r = 1;

	if (send(fd, &request, sizeof request, 0) < 0)
		return -errno;
	while (r > 0) {
		ssize_t length = recv(fd, reply, REPLY_SIZE, 0);

		if (length < 0 && errno != EINTR)
			return -errno;
		r = length < 0 ? 1 : read_messages(dump, reply, (size_t)length);
	}
	return r;
}

/* A name for each index; routes come in runs of the same. */
static void name_interfaces(struct dump *dump)
{
	for (size_t i = 0; i < dump->count; i++) {
		struct route_destination *now = &dump->destinations[i];

		if (i > 0 && now->interface == now[-1].interface)
			memcpy(now->interface_name, now[-1].interface_name, sizeof now->interface_name);
		else if (now->interface == 0 || !if_indextoname((unsigned)now->interface, now->interface_name))
			now->interface_name[0] = '\0';
	}
}

int route_dump(struct route_destination **ret, size_t *ret_count)
{
	struct dump dump = { 0 };
	_cleanup_close_ int fd = -EBADF;
	int r = netlink_open(&fd);

	if (r == 0)
		r = dump_family(fd, AF_INET, &dump);
	if (r == 0)
		r = dump_family(fd, AF_INET6, &dump);
	/* Without IP version 6 (ipv6.disable=1) nobody answers for it. */
	if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
		r = 0;
	if (r < 0) {
		free(dump.destinations);
		return r;
	}
	name_interfaces(&dump);
	*ret = dump.destinations;
	*ret_count = dump.count;
	return 0;
}
