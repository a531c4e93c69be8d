/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of a forwarder towards containers: who a client appears as (forwarder.h, invariant 1). */
#ifndef BIVY_NET_FORWARDER_SOCKET_H
#define BIVY_NET_FORWARDER_SOCKET_H

#include "net/forwarder_loop.h"

socklen_t forwarder_address_size(const union forwarder_address *address);
bool forwarder_address_equals(const union forwarder_address *a, const union forwarder_address *b);

/* HASH, of which the first is FORWARDER_HASH, with LENGTH bytes more, or with those by which an address is equal: FNV-1a, which is good in all its bits. */
#define FORWARDER_HASH UINT64_C(0xcbf29ce484222325)
uint64_t forwarder_mix(uint64_t hash, const void *data, size_t length);
uint64_t forwarder_address_mix(uint64_t hash, const union forwarder_address *address);

/*
 * A socket that is connected (TCP: is being connected) to LISTENER's target for CLIENT; close *RET. -EMFILE and the like; -ECONNREFUSED,
 * -EHOSTUNREACH, … of the container.
 */
int forwarder_socket_open(const struct forwarder *forwarder, const struct forwarder_listener *listener, const union forwarder_address *client,
	int *ret) _must_check_;

/* Whether R says that descriptors or memory are out, and not that something is wrong with this socket. */
bool forwarder_is_exhausted(int r);

#endif
