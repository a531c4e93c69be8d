/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink(7), raw: links and their addresses. A socket works on the network
 * namespace in which it was opened, wherever its user goes later. All return 0
 * or -errno.
 */
#ifndef BIVY_HOST_NETLINK_H
#define BIVY_HOST_NETLINK_H

#include "base/cleanup.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A rtnetlink socket in the caller's network namespace. */
int netlink_open(int *ret_fd) _must_check_;

/* Sets the loopback interface of the caller's network namespace up (ioctl; no netlink socket needed). */
int netlink_set_loopback_up(void) _must_check_;

struct netlink_link {
	int index;
	unsigned flags; /* IFF_* */
	char name[IF_NAMESIZE];
};

/* -ENODEV if there is no link NAME. */
int netlink_get_link(int fd, const char *name, struct netlink_link *ret) _must_check_;

/* Moves the link INDEX into the network namespace NETNS_FD and names it NEW_NAME there; -EEXIST if that is taken. It arrives down. */
int netlink_move_link(int fd, int index, int netns_fd, const char *new_name) _must_check_;

int netlink_set_link_up(int fd, int index) _must_check_;
int netlink_set_link_down(int fd, int index) _must_check_;

struct netlink_address {
	int family;         /* AF_INET, AF_INET6 */
	unsigned prefix;
	uint32_t flags;     /* IFA_F_* */
	uint8_t scope;
	uint8_t local[16], peer[16], broadcast[16]; /* peer: that of a point-to-point link, else the same as local */
	size_t length;      /* of each: 4 or 16 */
	bool has_broadcast;
};

/* All addresses of the link INDEX; free() the array. At most 4096. */
int netlink_get_addresses(int fd, int index, struct netlink_address **ret, size_t *ret_count) _must_check_;

/* Gives the link INDEX an address. */
int netlink_add_address(int fd, int index, const struct netlink_address *address) _must_check_;

#endif
