/* SPDX-License-Identifier: Apache-2.0 */
/* What the routing tables of a network namespace lead to (rtnetlink(7), RTM_GETROUTE). */
#ifndef BIVY_HOST_ROUTE_DUMP_H
#define BIVY_HOST_ROUTE_DUMP_H

#include "base/cleanup.h"
#include "host/netlink.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct route_destination {
	int family;              /* AF_INET, AF_INET6 */
	unsigned prefix;
	uint8_t address[16];     /* 4 or 16 of them */
	unsigned type;           /* RTN_UNICAST, RTN_LOCAL, RTN_BLACKHOLE, … */
	int interface;           /* index, or 0: none, or several */
	char interface_name[IF_NAMESIZE]; /* or "" */
};

/*
 * The destinations of all tables of the caller's network namespace and both
 * families; free() the array. -E2BIG for more than a million. A family that the
 * kernel does not have has none.
 */
int route_dump(struct route_destination **ret, size_t *ret_count) _must_check_;

/* Whether MESSAGE tells of a route that somebody made, and where it leads; without the interface's name. Pure. */
bool route_destination_read(const struct nlmsghdr *message, struct route_destination *ret);

#endif
