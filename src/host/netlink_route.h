/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that are made or asked for (rtnetlink(7), RTM_NEWROUTE). What there are: host/route_dump.h. */
#ifndef BIVY_HOST_NETLINK_ROUTE_H
#define BIVY_HOST_NETLINK_ROUTE_H

#include "host/netlink.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A default route of FAMILY through the link INDEX, by way of GATEWAY (4 or 16
 * bytes), or, if that is NULL, with all destinations on the link itself. -EEXIST if there is a default route already.
 */
void netlink_batch_add_default_route(struct netlink_batch *batch, int family, int index, const uint8_t *gateway);

/* Whether what is sent to ADDRESS (4 or 16 bytes) stays here; false also if that cannot be told. */
bool netlink_is_own_address(int fd, int family, const uint8_t *address);

/* The same in place of the one that there is, if any. */
void netlink_batch_replace_default_route(struct netlink_batch *batch, int family, int index, const uint8_t *gateway);

/*
 * Packets of FAMILY with MARK are looked up in TABLE before all others but the kernel's own "local" (ip-rule(8), PRIORITY); -EEXIST: they
 * are already.
 */
void netlink_batch_add_mark_rule(struct netlink_batch *batch, int family, uint32_t mark, uint32_t table, uint32_t priority);

/* Whatever is looked up in TABLE is for this host, which the link INDEX (of "lo") stands for; again is no error. */
void netlink_batch_add_local_route(struct netlink_batch *batch, int family, int index, uint32_t table);

/* Whether ADDRESS (4 or 16 bytes) is one of ours, or of a neighbour: no gateway is on the way. False also if that cannot be told. */
bool netlink_is_near(int fd, int family, const uint8_t *address);

#endif
