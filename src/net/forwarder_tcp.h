/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of a forwarder: a client's and one to the container, and what goes from each to the other (forwarder.h, invariants 2 and 3). */
#ifndef BIVY_NET_FORWARDER_TCP_H
#define BIVY_NET_FORWARDER_TCP_H

#include "net/forwarder_loop.h"

/* Clients wait at LISTENER: some are taken. */
void forwarder_tcp_accept(struct forwarder *forwarder, struct forwarder_watch *listener, uint32_t events);

/* Those that were in the middle of something when their turn was over go on. */
void forwarder_tcp_go_on(struct forwarder *forwarder);

/* All connections of OWNER end by a reset. */
void forwarder_tcp_drop(struct forwarder *forwarder, struct forwarder_owner *owner);

/* Frees the memory of those that have ended, which nothing of this round can mean any more. */
void forwarder_tcp_sweep(struct forwarder *forwarder);

/* Of the end of the process. */
void forwarder_tcp_done(struct forwarder *forwarder);

#endif
