/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams of a forwarder: a flow for each client of a listening socket, with a socket of its own towards the container (forwarder.h, invariant 5). */
#ifndef BIVY_NET_FORWARDER_UDP_H
#define BIVY_NET_FORWARDER_UDP_H

#include "net/forwarder_loop.h"

/* Of a listening socket of it. */
void forwarder_udp_prepare(struct forwarder *forwarder, int fd);

/* Clients' datagrams at LISTENER. */
void forwarder_udp_receive(struct forwarder *forwarder, struct forwarder_watch *listener, uint32_t events);

/* The flows of LISTENER end. */
void forwarder_udp_drop(struct forwarder *forwarder, struct forwarder_listener *listener);

/* Forgets what has been silent for too long; returns how long none will be, in ms, or -1: there is none. */
int forwarder_udp_expire(struct forwarder *forwarder);

/* Frees the memory of flows that have ended. */
void forwarder_udp_sweep(struct forwarder *forwarder);

/* Of the end of the process; all flows are dropped. */
void forwarder_udp_done(struct forwarder *forwarder);

#endif
