/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_listeners.h"

#include "base/memory.h"
#include "base/str.h"
#include "net/forwarder_socket.h"
#include "net/forwarder_tcp.h"
#include "net/forwarder_udp.h"

#include <stdio.h>
#include <sys/epoll.h>

#define PAUSE_MS 100 /* without descriptors, until it is tried again */

/* ---- whose they are ------------------------------------------------------------------ */

static struct forwarder_owner *find_owner(struct forwarder *forwarder, const char *id)
{
	struct forwarder_owner *owner = forwarder->owners;

	while (owner && !str_equal(owner->id, id))
		owner = owner->next;
	return owner;
}

/* Orders come container by container: the one that was asked for last is first. */
static struct forwarder_owner *get_owner(struct forwarder *forwarder, const char *id)
{
	struct forwarder_owner *owner = find_owner(forwarder, id);

	if (owner)
		return owner;
	owner = memory_new(1, sizeof *owner);
	snprintf(owner->id, sizeof owner->id, "%s", id);
	owner->next = forwarder->owners;
	forwarder->owners = owner;
	return owner;
}

void forwarder_owner_release(struct forwarder *forwarder, struct forwarder_owner *owner)
{
	struct forwarder_owner **slot = &forwarder->owners;

	if (owner->listeners || owner->connections)
		return;
	while (*slot != owner)
		slot = &(*slot)->next;
	*slot = owner->next;
	free(owner);
}

/* ---- clients that have to wait ----------------------------------------------------------- */

static void look_at_clients(struct forwarder *forwarder, uint32_t events)
{
	for (struct forwarder_owner *owner = forwarder->owners; owner; owner = owner->next)
		for (struct forwarder_listener *listener = owner->listeners; listener; listener = listener->next) {
			struct epoll_event event = { .events = events, .data.ptr = &listener->watch };

			if (listener->protocol == IPPROTO_TCP)
				ignore_result(epoll_ctl(forwarder->epoll_fd, EPOLL_CTL_MOD, listener->watch.fd, &event)); /* it is there */
		}
}

void forwarder_pause(struct forwarder *forwarder)
{
	if (!forwarder->is_full)
		look_at_clients(forwarder, 0);
	forwarder->is_full = true;
	forwarder->full_until_ms = forwarder->now_ms + PAUSE_MS;
}

void forwarder_resume(struct forwarder *forwarder)
{
	if (forwarder->is_full)
		look_at_clients(forwarder, EPOLLIN);
	forwarder->is_full = false;
}

/* ---- one by its address -------------------------------------------------------------------- */

static struct forwarder_listener **bucket_of(struct forwarder *forwarder, int protocol, const union forwarder_address *at)
{
	uint64_t hash = forwarder_address_mix(FORWARDER_HASH ^ (uint64_t)protocol, at);

	return &forwarder->listeners[(hash ^ hash >> 32) % FORWARDER_BUCKETS];
}

static struct forwarder_listener *find(struct forwarder *forwarder, const struct forwarder_order *order)
{
	struct forwarder_listener *listener = *bucket_of(forwarder, order->protocol, &order->at);

	while (listener && (listener->protocol != order->protocol || !forwarder_address_equals(&listener->at, &order->at) ||
		!str_equal(listener->owner->id, order->owner)))
		listener = listener->next_alike;
	return listener;
}

static void enter(struct forwarder *forwarder, struct forwarder_listener *listener, struct forwarder_owner *owner)
{
	struct forwarder_listener **slot = bucket_of(forwarder, listener->protocol, &listener->at);

	listener->owner = owner;
	listener->next = owner->listeners;
	if (listener->next)
		listener->next->previous = listener;
	owner->listeners = listener;
	listener->next_alike = *slot;
	*slot = listener;
	forwarder->listener_count++;
}

static void leave(struct forwarder *forwarder, struct forwarder_listener *listener)
{
	struct forwarder_listener **slot = bucket_of(forwarder, listener->protocol, &listener->at);

	while (*slot != listener)
		slot = &(*slot)->next_alike;
	*slot = listener->next_alike;
	if (listener->next)
		listener->next->previous = listener->previous;
	*(listener->previous ? &listener->previous->next : &listener->owner->listeners) = listener->next;
	forwarder->listener_count--;
}

/* ---- all of its life ------------------------------------------------------------------------- */

int forwarder_listeners_add(struct forwarder *forwarder, const struct forwarder_order *order, int *fd)
{
	struct forwarder_listener *listener;
	bool is_tcp = order->protocol == IPPROTO_TCP;
	int r;

	if (!is_tcp)
		forwarder_udp_prepare(forwarder, *fd);
	listener = memory_new(1, sizeof *listener);
	*listener = (struct forwarder_listener){
		.watch = { .ready = is_tcp ? forwarder_tcp_accept : forwarder_udp_receive, .fd = *fd },
		.protocol = order->protocol,
		.at = order->at,
		.target = order->target,
		.gateway = order->gateway,
	};
	r = forwarder_watch(forwarder, &listener->watch, is_tcp && forwarder->is_full ? 0 : EPOLLIN);
	if (r < 0) {
		free(listener);
		return r;
	}
	*fd = -EBADF;
	enter(forwarder, listener, get_owner(forwarder, order->owner));
	return 0;
}

static void end(struct forwarder *forwarder, struct forwarder_listener *listener)
{
	leave(forwarder, listener);
	if (listener->protocol == IPPROTO_UDP)
		forwarder_udp_drop(forwarder, listener);
	forwarder_close(forwarder, &listener->watch);
	listener->is_gone = true;
	listener->next_gone = forwarder->gone;
	forwarder->gone = listener;
}

void forwarder_listeners_drop(struct forwarder *forwarder, const struct forwarder_order *order)
{
	struct forwarder_listener *listener = find(forwarder, order);

	if (!listener)
		return;
	end(forwarder, listener);
	forwarder_owner_release(forwarder, listener->owner);
}

static void drop_owner(struct forwarder *forwarder, struct forwarder_owner *owner)
{
	while (owner->listeners)
		end(forwarder, owner->listeners);
	if (owner->connections)
		forwarder_tcp_drop(forwarder, owner); /* it goes with the last one */
	else
		forwarder_owner_release(forwarder, owner);
}

void forwarder_listeners_drop_owner(struct forwarder *forwarder, const char *id)
{
	struct forwarder_owner *owner = find_owner(forwarder, id);

	if (owner)
		drop_owner(forwarder, owner);
}

void forwarder_listeners_drop_all(struct forwarder *forwarder)
{
	while (forwarder->owners)
		drop_owner(forwarder, forwarder->owners);
}

void forwarder_listeners_sweep(struct forwarder *forwarder)
{
	while (forwarder->gone) {
		struct forwarder_listener *listener = forwarder->gone;

		forwarder->gone = listener->next_gone;
		free(listener);
	}
}
