/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_port.h"

#include "host/netlink_link.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static void set_locked(struct netlink_batch *batch, int index, bool is_locked)
{
	const struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	size_t open;

	netlink_batch_begin(batch, RTM_SETLINK, 0, &info, sizeof info);
	open = netlink_batch_open(batch, IFLA_PROTINFO);
	netlink_batch_add_u8(batch, IFLA_BRPORT_LOCKED, is_locked);
	netlink_batch_close(batch, open);
}

void netlink_batch_lock_port(struct netlink_batch *batch, int index, const uint8_t *mac)
{
	const struct ndmsg entry = { .ndm_family = AF_BRIDGE, .ndm_ifindex = index, .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER };

	netlink_batch_begin(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &entry, sizeof entry);
	netlink_batch_add(batch, NDA_LLADDR, mac, NETLINK_MAC_LENGTH);
	set_locked(batch, index, true);
}

void netlink_batch_unlock_port(struct netlink_batch *batch, int index)
{
	set_locked(batch, index, false);
}
