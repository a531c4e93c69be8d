/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How answers to transparent sockets come home: a packet that is one gets a mark (table "inet bivy-forwarder"), and what has the mark is looked
 * up in a routing table by which everything is for this host (ip-rule(8)).
 */
#ifndef BIVY_NET_FORWARDER_ROUTE_H
#define BIVY_NET_FORWARDER_ROUTE_H

#include "base/error.h"

#define FORWARDER_TABLE "bivy-forwarder"
#define FORWARDER_MARK 0x62697679
#define FORWARDER_ROUTES 0x62697679 /* number of the routing table */
#define FORWARDER_PRIORITY 100      /* before the tables that everybody uses */

/* By what a packet is known for one. */
enum forwarder_answers {
	FORWARDER_OF_SOCKETS,     /* such a socket is found for it (nft_socket): nothing has to be remembered */
	FORWARDER_OF_CONNECTIONS, /* its connection began here, from an address of another: as long as that is remembered, nf_conntrack_udp_timeout_stream
				   * of datagrams, nf_conntrack_tcp_timeout_close_wait when the client has nothing more to send */
	FORWARDER_ANSWERS_COUNT,
};

/*
 * Makes all of it in the caller's network namespace, which needs CAP_NET_ADMIN, in place of what is there. IP version 6 where the kernel has it.
 * By the first of the ways that the kernel has. ERROR_UNSUPPORTED, with a hint, if it has none.
 */
int forwarder_route_make(struct error *err) _must_check_;
/* Makes it if somebody has taken the rules away; at once if not. */
int forwarder_route_ensure(struct error *err) _must_check_;
int forwarder_route_make_for(enum forwarder_answers answers, struct error *err) _must_check_;

#endif
