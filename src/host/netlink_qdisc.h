/* SPDX-License-Identifier: Apache-2.0 */
/* Queueing disciplines of links (tc(8); rtnetlink(7), RTM_NEWQDISC and the like), as far as rates of links are held. */
#ifndef BIVY_HOST_NETLINK_QDISC_H
#define BIVY_HOST_NETLINK_QDISC_H

#include "host/netlink.h"

#include <stdint.h>

/*
 * What leaves through the link INDEX is BITS_PER_S at most (tc-tbf(8)): in place of what its root was, with a
 * burst of some ms, in which a packet of MTU bytes has place. -ENOENT if the kernel has no sch_tbf.
 */
void netlink_batch_set_rate(struct netlink_batch *batch, int index, uint64_t bits_per_s, uint32_t mtu);

/* The link's root is the default again; -ENOENT or -EINVAL if it was. */
void netlink_batch_unset_rate(struct netlink_batch *batch, int index);

/* All that comes in by the link INDEX leaves through the link TO first (tc-mirred(8)); one of kind "ifb" gives it back then. */
void netlink_batch_divert_input(struct netlink_batch *batch, int index, int to);

/* No longer; -ENOENT or -EINVAL if it did not. */
void netlink_batch_keep_input(struct netlink_batch *batch, int index);

#endif
