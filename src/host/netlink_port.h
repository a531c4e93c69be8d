/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of bridges (rtnetlink(7), PF_BRIDGE): who may send from one. */
#ifndef BIVY_HOST_NETLINK_PORT_H
#define BIVY_HOST_NETLINK_PORT_H

#include "host/netlink.h"

#include <stdint.h>

/*
 * Of what comes in by the port INDEX of a bridge only frames from MAC are let on (IFLA_BRPORT_LOCKED, since 5.18, and an entry
 * in the bridge's table that does not age). -EOPNOTSUPP or -EINVAL if the kernel knows no locked ports, or if it is the port of none.
 */
void netlink_batch_lock_port(struct netlink_batch *batch, int index, const uint8_t *mac);

/* All are again. The entry stays until the port goes, and does no harm: it is what the bridge would learn. */
void netlink_batch_unlock_port(struct netlink_batch *batch, int index);

#endif
