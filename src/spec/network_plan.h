/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container has of networks while it runs, every choice made:
 * network.json in its volatile directory. It is the journal, too: it is written
 * before anything in it is made, and whoever ends the container undoes what it
 * names, whether that was made or not (net/attachment.h), and removes it then.
 */
#ifndef BIVY_SPEC_NETWORK_PLAN_H
#define BIVY_SPEC_NETWORK_PLAN_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#define SPEC_NETWORK_PLAN_DOCUMENT "network.json" /* beside the bundle */
#define SPEC_NETWORK_PLAN_LIMIT (8u << 20)        /* bytes of it */

enum spec_link_kind { SPEC_LINK_VETH, SPEC_LINK_MACVLAN, SPEC_LINK_IPVLAN };

/* An interface of the container's. */
struct spec_network_link {
	enum spec_link_kind kind;
	char *network, *network_id; /* name and id */
	char *parent;     /* the bridge, or the link that a macvlan or ipvlan is on */
	char *mode;       /* of macvlan, ipvlan (spec/network.h) */
	char *host_name;  /* veth: the host's end; the others, until they are moved: a name that is free. Derived from the container's id */
	char *name;       /* inside: "eth0" */
	char *mac;        /* "02:…", or NULL: the kernel's choice (ipvlan) */
	char **addresses; /* "10.66.3.2/24", "fd…::2/64" */
	char *gateway4, *gateway6; /* default routes through this interface, or NULL */
	char *bridge4, *bridge6;   /* the network's gateways, default route or not: what inspect shows; or NULL */
	char *host_binding; /* address of the host at which ports are published if their user names none, or NULL: all */
	uint32_t mtu;     /* 0: the parent's */
	bool has_bursts;  /* veth: what TCP sends is handed on in packets of more than 64 KiB; for networks that no device of the host is part of */
	bool internal;
	bool isolated;    /* from other members of its network */
	bool is_pending;  /* made or removed while the container runs; under nobody's lock: that was killed, and it is to go */
	char **aliases;   /* its names in that network, besides those of the container */
	struct spec_pair *sysctls; /* "net.ipv4.conf.IFNAME.log_martians" with the word IFNAME for the name */
	size_t sysctl_count;
	/* --net-limit; 0: none. To the container, and from it. */
	uint64_t receive_bps, transmit_bps; /* bits per second */
	uint32_t priority; /* 1 (last) to 7 (first) of what it sends, 0: as all else */
};

/* COUNT ports of the host from HOST_PORT on that are as many of the container's. */
struct spec_published_port {
	char *host_ip;  /* address, or NULL: all of both families */
	char *protocol; /* "tcp", "udp", "sctp" */
	uint16_t host_port, port;
	uint32_t count; /* 1 or more */
	char *address4, *address6; /* of the container; either may be NULL */
};

struct spec_network_plan {
	char *id; /* the container's */
	struct spec_network_link *links; /* in the order in which they are made */
	size_t link_count;
	struct spec_published_port *ports;
	size_t port_count;
	/* Paths of what exists in the file system for it: leases of addresses (links to its id), files with names. Removed at the end. */
	char **leases, **names;
};

/* Whether the link has ADDRESS, which is without the length of a prefix; of NULL: no. */
bool spec_network_link_has(const struct spec_network_link *link, const char *address);

int spec_network_plan_decode(struct arena *arena, const char *text, size_t length, struct spec_network_plan **ret, struct error *err) _must_check_;
void spec_network_plan_encode(const struct spec_network_plan *plan, struct buf *out);

#endif
