/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets of a forwarder, tens of thousands of them, and whose they are. */
#ifndef BIVY_NET_FORWARDER_LISTENERS_H
#define BIVY_NET_FORWARDER_LISTENERS_H

#include "net/forwarder_loop.h"

/* One for ORDER, of the socket *FD, which is the listener's on success. -errno. */
int forwarder_listeners_add(struct forwarder *forwarder, const struct forwarder_order *order, int *fd) _must_check_;

/* FORWARDER_DROP_PORT, FORWARDER_DROP; of what is not there nothing. */
void forwarder_listeners_drop(struct forwarder *forwarder, const struct forwarder_order *order);
void forwarder_listeners_drop_owner(struct forwarder *forwarder, const char *id);

/* Of the end of the process. */
void forwarder_listeners_drop_all(struct forwarder *forwarder);

/* Frees the memory of those that are gone, which nothing of this round can mean any more. */
void forwarder_listeners_sweep(struct forwarder *forwarder);

#endif
