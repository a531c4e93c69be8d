/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of links (rtnetlink(7), RTM_NEWADDR and the like). All return 0 or -errno unless said. */
#ifndef BIVY_HOST_NETLINK_ADDRESS_H
#define BIVY_HOST_NETLINK_ADDRESS_H

#include "host/netlink.h"

#include <stdbool.h>
#include <stdint.h>

struct netlink_address {
	int family;         /* AF_INET, AF_INET6 */
	unsigned prefix;
	uint32_t flags;     /* IFA_F_* */
	uint8_t scope;
	uint8_t local[16], peer[16], broadcast[16]; /* peer: that of a point-to-point link, else the same as local */
	size_t length;      /* of each: 4 or 16 */
	bool has_broadcast;
};

/*
 * Reads "10.1.2.3/24" or "fd…::2/64": flags and scope 0, a broadcast address where there is one, and a version 6 address that is
 * usable at once (IFA_F_NODAD). -EINVAL if it is none.
 */
int netlink_address_parse(const char *text, struct netlink_address *ret) _must_check_;

/* All addresses of the link INDEX; free() the array. At most 4096. */
int netlink_get_addresses(int fd, int index, struct netlink_address **ret, size_t *ret_count) _must_check_;

/* Whether MESSAGE tells of an address of the link INDEX, and which. Pure. */
bool netlink_address_read(const struct nlmsghdr *message, int index, struct netlink_address *ret);

/* Gives the link INDEX an address, or takes it (-EADDRNOTAVAIL if it has not got it). */
void netlink_batch_add_address(struct netlink_batch *batch, int index, const struct netlink_address *address);
void netlink_batch_remove_address(struct netlink_batch *batch, int index, const struct netlink_address *address);

/* netlink_batch_add_address(), sent at once. */
int netlink_add_address(int fd, int index, const struct netlink_address *address) _must_check_;

#endif
