/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports where there is no right to change the host's firewall: sockets that listen on the host are handed to a process in the
 * network namespace of the bridges, which connects to the container for each client and moves the bytes.
 *
 * What holds:
 *  1. A container sees its client's address, and port where that is free: sockets towards it are transparent (ip(7), IP_TRANSPARENT), what
 *     it answers finds them by a mark (forwarder_route.h). A client whose address has another meaning there (loopback, link-local, of a
 *     bridge's subnet, or of the other family than the container's) appears as the gateway.
 *  2. What is not taken is not read: a connection holds no bytes but those of one pipe while its receiver is behind.
 *  3. The end of a direction is passed on as that, a reset as a reset.
 *  4. When descriptors or memory are out, clients wait in the queues of their listening sockets until a connection ends. Half of the
 *     descriptors are listening sockets', of which there may be tens of thousands.
 *  5. A datagram belongs to a flow, which is forgotten after FORWARDER_UNANSWERED_MS without answer, or FORWARDER_ANSWERED_MS with; of
 *     too many the one that has been silent for longest goes, those without answer first.
 *
 * One thread, one epoll(7). It trusts who gives the orders, and neither clients nor containers.
 */
#ifndef BIVY_NET_FORWARDER_H
#define BIVY_NET_FORWARDER_H

#include "base/error.h"

#include <stdbool.h>

#include <netinet/in.h>
#include <sys/socket.h>

#define FORWARDER_OWNER_SIZE 72 /* an id and its NUL */
#define FORWARDER_UNANSWERED_MS 30000
#define FORWARDER_ANSWERED_MS 180000

union forwarder_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

enum forwarder_verb {
	FORWARDER_LISTEN = 1, /* the descriptor that comes along, of forwarder_listen(), is for .target */
	FORWARDER_DROP_PORT,  /* it is no more; its connections last */
	FORWARDER_DROP,       /* all of .owner: its listening sockets, and its connections are reset */
};

/* One packet of the control socket; between two processes of one program. */
struct forwarder_order {
	enum forwarder_verb verb;
	int protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	char owner[FORWARDER_OWNER_SIZE];
	union forwarder_address at;      /* which listening socket: its own address on the host */
	union forwarder_address target;  /* in the container */
	union forwarder_address gateway; /* of the target's family: who a client appears as that cannot appear as itself; port 0 */
};

/*
 * Opens the socket of an order, .protocol at .at, in the caller's network namespace: bound and listening, so that clients may come at once.
 * Close *RET. -EADDRINUSE, -EACCES (a port for root, net.ipv4.ip_unprivileged_port_start), -EADDRNOTAVAIL, -EPROTONOSUPPORT.
 */
int forwarder_listen(const struct forwarder_order *order, int *ret) _must_check_;

/* How many listening sockets there may be, by RLIMIT_NOFILE (the hard one: a forwarder has that). */
size_t forwarder_listener_limit(void);

/* FD (-1: none) goes along; the other end has its own of it then. Waits while the forwarder is behind. */
int forwarder_send(int control, const struct forwarder_order *order, int fd) _must_check_;

/*
 * The forwarder: takes orders from CONTROL (SOCK_SEQPACKET, its own from now on) until its other end is closed, and returns 0 then. For a
 * process of its own in the network namespace of the containers' bridges, with CAP_NET_RAW over it, and CAP_NET_BIND_SERVICE for
 * clients whose ports are below 1024. Without HAS_ROUTE, where forwarder_route_make() has failed, every client appears as the gateway.
 * CONFINE is called when it has opened what it needs, before it takes an order; NULL: not. It does not go on if that returns a negative errno.
 */
int forwarder_run(int control, bool has_route, int (*confine)(void), struct error *err) _must_check_;

#endif
