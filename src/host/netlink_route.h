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

#endif
