/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How answers to transparent sockets come home: a packet that one of them is for gets a mark (table "inet bivy-forwarder"), and what has the mark
 * is looked up in a routing table by which everything is for this host (ip-rule(8)).
 */
#ifndef BIVY_NET_FORWARDER_ROUTE_H
#define BIVY_NET_FORWARDER_ROUTE_H

#include "base/error.h"

#define FORWARDER_TABLE "bivy-forwarder"
#define FORWARDER_MARK 0x62697679
#define FORWARDER_ROUTES 0x62697679 /* number of the routing table */
#define FORWARDER_PRIORITY 100      /* before the tables that everybody uses */

/*
 * Makes all of it in the caller's network namespace, which needs CAP_NET_ADMIN; what is there stays. IP version 6 where the kernel has it.
 * ERROR_UNSUPPORTED, with a hint, if the kernel cannot.
 */
int forwarder_route_make(struct error *err) _must_check_;

#endif
