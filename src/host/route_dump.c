/* SPDX-License-Identifier: Apache-2.0 */
#include "host/route_dump.h"
#include "base/memory.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define DESTINATION_LIMIT 1000000u
#define ATTEMPTS 10 /* at a table that changes meanwhile */

struct dump {
	struct route_destination *destinations;
	size_t count, capacity;
};

bool route_destination_read(const struct nlmsghdr *message, struct route_destination *ret)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	int length = (int)RTM_PAYLOAD(message);
	struct route_destination destination = { 0 };
	size_t bytes;

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return false;
	/* Clones of IP version 6 are what was looked up, not what was configured. */
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) || (info->rtm_flags & RTM_F_CLONED))
		return false;
	bytes = info->rtm_family == AF_INET ? 4 : 16;
	if (info->rtm_dst_len > bytes * 8)
		return false;
	destination.family = info->rtm_family;
	destination.prefix = info->rtm_dst_len;
	destination.type = info->rtm_type;
	for (const struct rtattr *a = RTM_RTA(info); RTA_OK(a, length); a = RTA_NEXT(a, length)) {
		if (a->rta_type == RTA_DST && RTA_PAYLOAD(a) >= bytes)
			memcpy(destination.address, RTA_DATA(a), bytes);
		else if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) >= sizeof destination.interface)
			memcpy(&destination.interface, RTA_DATA(a), sizeof destination.interface);
	}
	*ret = destination;
	return true;
}

static int collect_destination(void *context, const struct nlmsghdr *message)
{
	struct dump *dump = context;
	struct route_destination destination;

	if (!route_destination_read(message, &destination))
		return 0;
	if (dump->count == DESTINATION_LIMIT)
		return -E2BIG;
	if (dump->count == dump->capacity) {
		dump->capacity = dump->capacity ? dump->capacity * 2 : 64;
		dump->destinations = memory_resize(dump->destinations, dump->capacity, sizeof destination);
	}
	dump->destinations[dump->count++] = destination;
	return 0;
}

static int dump_family(int fd, int family, struct dump *dump)
{
	size_t before = dump->count;
	int r = -EINTR;

	for (int attempt = 0; r == -EINTR && attempt < ATTEMPTS; attempt++) {
		_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
		const struct rtmsg info = { .rtm_family = (unsigned char)family };

		dump->count = before;
		netlink_batch_begin(&batch, RTM_GETROUTE, NLM_F_DUMP, &info, sizeof info);
		r = netlink_batch_ask(&batch, fd, collect_destination, dump);
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
