/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network as a user asked for it: network.json of its record. The document's
 * members have the names of Docker's `network inspect`; what docker has no word
 * for has one in the same style. Not given is NULL, as in spec/container.h; in a
 * record all has been filled in.
 */
#ifndef BIVY_SPEC_NETWORK_H
#define BIVY_SPEC_NETWORK_H

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#define SPEC_NETWORK_LIMIT (1u << 20) /* bytes of a document */

struct spec_network_subnet {
	char *subnet;   /* "10.66.3.0/24", "fd…::/64": the network's own address, canonical */
	char *gateway;  /* the bridge's address in it, or NULL: none (internal macvlan) */
	char *ip_range; /* what dynamic addresses are taken from, or NULL: all of it */
	struct spec_pair *auxiliary; /* name -> address: other hosts, whose addresses no container gets */
	size_t auxiliary_count;
};

struct spec_network {
	char *id;      /* 64 hexadecimal digits */
	char *name;
	char *created; /* RFC 3339, UTC */
	char *driver;  /* "bridge", "macvlan", "ipvlan" */
	bool internal; /* nothing but its own members, and the host's own processes, can be reached */
	bool no_dns;   /* names of members are not resolved */
	bool attachable; /* as asked; means nothing without a swarm */
	bool no_ipv4, ipv6;
	struct spec_network_subnet *subnets;
	size_t subnet_count;
	char *interface; /* the bridge's name; macvlan, ipvlan: the host's link that they are on */
	char *mode;      /* macvlan: "bridge", "private", "vepa", "passthru"; ipvlan: "l2", "l3", "l3s" */
	uint32_t mtu;    /* bytes; 0: the parent's, or that of the host's default route */
	char **dns;      /* servers that names are forwarded to, in place of the host's; or NULL */
	struct spec_pair *options, *labels;
	size_t option_count, label_count;
};

int spec_network_decode(struct arena *arena, const char *text, size_t length, struct spec_network **ret, struct error *err) _must_check_;
/* One line of JSON without newline; what is not given is left out. */
void spec_network_encode(const struct spec_network *network, struct buf *out);

/* The members of docker's document but "Containers", and ours, all of them, into an open object. */
void spec_network_write_inspect(struct json_writer *w, const struct spec_network *network);

/* Options of docker's driver bridge that may be off: its members reach each other; what leaves has the host's address. */
#define SPEC_NETWORK_ICC "com.docker.network.bridge.enable_icc"
#define SPEC_NETWORK_MASQUERADE "com.docker.network.bridge.enable_ip_masquerade"

/* Whether the option is given, and says "false" or "0". */
bool spec_network_is_off(const struct spec_network *network, const char *option);

/* Whether the kernel takes NAME for an interface, and paths can have it for a part: 1 to 15 printable bytes, without '/' and ':'. */
bool spec_interface_name_is_valid(const char *name);

#endif
