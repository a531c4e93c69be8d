/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_socket.h"

#include "host/netlink_route.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define LOOPBACK4 127
#define BACKLOG 4096 /* as far as net.core.somaxconn goes */

socklen_t forwarder_address_size(const union forwarder_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

/* What is besides address, port and scope says nothing of who it is. */
bool forwarder_address_equals(const union forwarder_address *a, const union forwarder_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
		memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

uint64_t forwarder_mix(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ p[i]) * 0x100000001b3;
	return hash;
}

uint64_t forwarder_address_mix(uint64_t hash, const union forwarder_address *address)
{
	hash = forwarder_mix(hash, &address->v4.sin_port, sizeof address->v4.sin_port);
	if (address->any.sa_family == AF_INET)
		return forwarder_mix(hash, &address->v4.sin_addr, sizeof address->v4.sin_addr);
	return forwarder_mix(hash, &address->v6.sin6_addr, sizeof address->v6.sin6_addr);
}

bool forwarder_is_exhausted(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM;
}

static const uint8_t *bytes_of(const union forwarder_address *address)
{
	return address->any.sa_family == AF_INET ? (const uint8_t *)&address->v4.sin_addr : address->v6.sin6_addr.s6_addr;
}

static bool is_of_one_host(const union forwarder_address *address)
{
	if (address->any.sa_family == AF_INET)
		return bytes_of(address)[0] == LOOPBACK4 || address->v4.sin_addr.s_addr == INADDR_ANY;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr) ||
		IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr) || IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
}

/* Whether CLIENT's address means the same here as on the host. */
static bool is_meaningful(const struct forwarder *forwarder, const struct forwarder_listener *listener, const union forwarder_address *client)
{
	return client->any.sa_family == listener->target.any.sa_family && !is_of_one_host(client) &&
		forwarder->has_route && !netlink_is_near(forwarder->route_fd, client->any.sa_family, bytes_of(client));
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

/* From SOURCE, whoever has that address. With port 0 the kernel chooses one when it knows the target, so that each has all of them. */
static int bind_source(int fd, const union forwarder_address *source, bool is_foreign)
{
	bool is4 = source->any.sa_family == AF_INET;
	int r = is_foreign ? set(fd, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, 1) : 0;

	/* Connections of one client to several ports are several sockets with its address. */
	if (r == 0)
		r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && source->v4.sin_port == 0)
		r = set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1); /* of IP version 6, too */
	if (r == 0 && bind(fd, &source->any, forwarder_address_size(source)) < 0)
		r = -errno;
	return r;
}

/* SOURCE NULL: what the kernel thinks is best. */
static int open_from(const struct forwarder_listener *listener, const union forwarder_address *source, bool is_foreign, int *ret)
{
	const union forwarder_address *target = &listener->target;
	int type = listener->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	_cleanup_close_ int fd = socket(target->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = source ? bind_source(fd, source, is_foreign) : 0;
	if (r == 0 && connect(fd, &target->any, forwarder_address_size(target)) < 0 && errno != EINPROGRESS)
		r = -errno;
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

/* sin_port and sin6_port are one place. */
_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port), "ports of both families");

static bool is_taken(int r)
{
	return r == -EADDRINUSE || r == -EADDRNOTAVAIL;
}

int forwarder_listen(const struct forwarder_order *order, int *ret)
{
	bool is4 = order->at.any.sa_family == AF_INET, is_tcp = order->protocol == IPPROTO_TCP;
	_cleanup_close_ int fd = -EBADF;
	int r = 0;

	if (!is_tcp && order->protocol != IPPROTO_UDP)
		return -EPROTONOSUPPORT;
	fd = socket(order->at.any.sa_family, (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!is4)
		r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* What an earlier one left behind (TIME_WAIT) is in nobody's way; of datagrams that would be to share them. */
	if (r == 0 && is_tcp)
		r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* Before the first one comes: it would not say where it was sent to. */
	if (r == 0 && !is_tcp)
		r = set(fd, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
	if (r == 0 && bind(fd, &order->at.any, forwarder_address_size(&order->at)) < 0)
		r = -errno;
	if (r == 0 && is_tcp && listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

int forwarder_socket_open(const struct forwarder *forwarder, const struct forwarder_listener *listener, const union forwarder_address *client,
	int *ret)
{
	union forwarder_address source = *client;
	int r = -EADDRNOTAVAIL;

	if (is_meaningful(forwarder, listener, client)) {
		r = open_from(listener, &source, true, ret);
		source.v4.sin_port = 0;
		/* It asks for one port by two ways, or what it asked before is not forgotten yet (TIME_WAIT). */
		if (is_taken(r))
			r = open_from(listener, &source, true, ret);
	}
	if (is_taken(r) && listener->gateway.any.sa_family == listener->target.any.sa_family)
		r = open_from(listener, &listener->gateway, false, ret);
	return is_taken(r) ? open_from(listener, NULL, false, ret) : r;
}
