/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any datagram as what the kernel answers: the first byte says to which question. What is read of it is whole: texts have an
 * end, lengths are those that families have, nothing is read behind the datagram's end.
 */
#include "host/conntrack.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/nftables.h"
#include "host/route_dump.h"
#include "host/sock_diag.h"

#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_family(int family)
{
	return family == AF_INET || family == AF_INET6;
}

static int look_at_link(_unused_ void *context, const struct nlmsghdr *message)
{
	struct netlink_link link;

	if (netlink_link_read(message, &link))
		require(memchr(link.name, '\0', sizeof link.name) && memchr(link.kind, '\0', sizeof link.kind) && memchr(link.alias, '\0', sizeof link.alias));
	return 0;
}

static int look_at_address(_unused_ void *context, const struct nlmsghdr *message)
{
	struct netlink_address address;

	if (netlink_address_read(message, 1, &address))
		require(is_family(address.family) && address.length == (address.family == AF_INET ? 4 : 16));
	return 0;
}

static int look_at_route(_unused_ void *context, const struct nlmsghdr *message)
{
	struct route_destination route;

	if (route_destination_read(message, &route))
		require(is_family(route.family) && route.prefix <= (route.family == AF_INET ? 32 : 128) && !*route.interface_name);
	return 0;
}

static int look_at_socket(_unused_ void *context, const struct nlmsghdr *message)
{
	struct sock_diag_socket found;

	if (sock_diag_read_socket(message, &found))
		require(is_family(found.family));
	return 0;
}

static int look_at_flow(_unused_ void *context, const struct nlmsghdr *message)
{
	struct conntrack_flow flow;

	if (conntrack_read_flow(message, IPPROTO_UDP, &flow))
		require(is_family(flow.family));
	return 0;
}

static int look_at_element(void *context, const struct nftables_element *element)
{
	size_t *left = context;

	require(element->key_length <= NFTABLES_KEY_SIZE && element->end_length <= NFTABLES_KEY_SIZE && element->data_length <= NFTABLES_KEY_SIZE);
	require(element->comment && strlen(element->comment) < NFTABLES_COMMENT_SIZE);
	return (*left)-- > 0 ? 0 : -E2BIG;
}

static int look_at_elements(_unused_ void *context, const struct nlmsghdr *message)
{
	size_t left = message->nlmsg_len / NLA_HDRLEN;

	require(nftables_each_element(message, look_at_element, &left) == 0);
	return 0;
}

static netlink_reader *const readers[] = { look_at_link, look_at_address, look_at_route, look_at_socket, look_at_flow, look_at_elements };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_answer answer = { .sequence = 1 };
	struct netlink_outcome outcome = { .first = 1, .last = 3 };
	_cleanup_free_ char *datagram = NULL;

	if (size < 1)
		return 0;
	/* Of that size and no more: what is read behind it is seen. */
	datagram = memory_new(1, size);
	memcpy(datagram, data + 1, size - 1);
	answer.reader = readers[data[0] % ARRAY_SIZE(readers)];
	netlink_answer_read(&answer, datagram, size - 1);
	if (netlink_outcome_note(&outcome, datagram, size - 1) && outcome.result < 0)
		require(outcome.failed <= 2);
	return 0;
}
