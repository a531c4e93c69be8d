/* SPDX-License-Identifier: Apache-2.0 */
/* Links (rtnetlink(7), RTM_NEWLINK and the like), by sockets of host/netlink.h. All return 0 or -errno unless said. */
#ifndef BIVY_HOST_NETLINK_LINK_H
#define BIVY_HOST_NETLINK_LINK_H

#include "host/netlink.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define NETLINK_MAC_LENGTH 6

/* "02:42:…", all six bytes, to OUT. -EINVAL. */
int netlink_mac_parse(const char *text, uint8_t *out) _must_check_;

/* Sets the loopback interface of the caller's network namespace up (ioctl; no netlink socket needed). */
int netlink_set_loopback_up(void) _must_check_;

struct netlink_link {
	int index;
	unsigned flags; /* IFF_* */
	int master;     /* index, or 0 */
	int parent;     /* index of the link it is on, or of the other end of a veth; or 0 */
	uint32_t mtu;
	uint32_t burst_bytes; /* of TCP that are handed on as one packet, at most: more than 65536 for IP version 6 since Linux 5.19, for both since 6.3 ("BIG TCP") */
	bool is_operational; /* packets pass: up, with a carrier, and the kernel's link watch has seen to it (IFLA_OPERSTATE) */
	char name[IF_NAMESIZE];
	char kind[16];  /* "bridge", "veth", …, or "" */
	char alias[128]; /* IFLA_IFALIAS, or its beginning; or "" */
	bool has_mac;
	uint8_t mac[NETLINK_MAC_LENGTH];
};

/* -ENODEV if there is no link NAME. */
int netlink_get_link(int fd, const char *name, struct netlink_link *ret) _must_check_;

/* All links; free() the array. */
int netlink_get_links(int fd, struct netlink_link **ret, size_t *ret_count) _must_check_;

/* Whether MESSAGE tells of a link, and which. Pure. */
bool netlink_link_read(const struct nlmsghdr *message, struct netlink_link *ret);

/* The index of NAME without asking for all else; -ENODEV if there is no such link. */
int netlink_get_index(int fd, const char *name, int *ret) _must_check_;

/* A link to be made. What is 0, NULL or false is the kernel's choice. */
struct netlink_new_link {
	const char *kind; /* "veth", "bridge", "macvlan", "ipvlan", "ifb" */
	const char *name;
	bool is_elsewhere; /* it is born in the namespace .netns_fd */
	int netns_fd;
	bool is_up;
	int master;       /* index */
	int parent;       /* index: macvlan, ipvlan */
	uint32_t mtu;
	uint32_t burst_bytes; /* as in struct netlink_link */
	const uint8_t *mac;
	bool has_mode;
	uint32_t mode;    /* MACVLAN_MODE_*, IPVLAN_MODE_* */
	const struct netlink_new_link *peer; /* veth: the other end, which stays down; of it name, namespace, MTU, burst and MAC count */
};

/* -EEXIST if there is one of that name (of the peer's, too). A bridge is without spanning tree and forwards at once. */
void netlink_add_link(struct netlink_batch *batch, const struct netlink_new_link *link);

/* What is changed of a link; all else before it goes up. */
struct netlink_link_change {
	bool is_up;         /* false: it stays as it is */
	int master;         /* index; 0: as it is */
	uint32_t mtu;       /* 0: as it is */
	uint32_t burst_bytes; /* the same. -EINVAL: of a bridge that has no port yet */
	const char *alias;  /* or NULL */
	bool no_link_local; /* gets no IPv6 address by itself; for links that can have some */
	bool arp_notify, route_localnet; /* of net.ipv4.conf (ip-sysctl.rst) are 1 */
	/* Of the port of the bridge .master: it gets back what came from it; it neither gives to others that are so nor gets from them, but from the bridge (since 4.18). */
	bool hairpin, isolated;
};

/* By name, for the link may be made by a message before it. Three messages at most. */
void netlink_change_link(struct netlink_batch *batch, const char *name, const struct netlink_link_change *change);

/* -ENODEV if there is none of that name. The kernel gives the name free at once, and comes back some 10 ms later (rcu_barrier()). */
void netlink_remove_link(struct netlink_batch *batch, const char *name);
void netlink_remove_index(struct netlink_batch *batch, int index);

/* Down, and no port of its master any more: what takes no time of a removal. */
void netlink_retire_link(struct netlink_batch *batch, int index);

/* Moves the link INDEX into the network namespace NETNS_FD and names it NEW_NAME there; -EEXIST if that is taken. It arrives down. */
int netlink_move_link(int fd, int index, int netns_fd, const char *new_name) _must_check_;

int netlink_set_link_up(int fd, int index) _must_check_;
int netlink_set_link_down(int fd, int index) _must_check_;

#endif
