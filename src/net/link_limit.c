/* SPDX-License-Identifier: Apache-2.0 */
#include "net/link_limit.h"

#include "host/netlink_link.h"
#include "host/netlink_port.h"
#include "host/netlink_qdisc.h"
#include "net/firewall_priority.h"

static bool has_limit(const struct spec_network_link *link)
{
	return link->receive_bps || link->transmit_bps || link->priority;
}

/* IF_NAMESIZE bytes. */
static void name_ifb(const struct spec_network_link *link, char *out)
{
	snprintf(out, IF_NAMESIZE, "i%s", link->host_name + (*link->host_name == 'v'));
}

int net_link_limit_check(const struct spec_network_link *link, struct error *err)
{
	if (link->kind == SPEC_LINK_VETH || !has_limit(link))
		return 0;
	error_set(err, ERROR_UNSUPPORTED, 0, "network '%s': traffic cannot be limited", link->network);
	error_hint(err, "networks of the driver 'bridge' can");
	return -EOPNOTSUPP;
}

static int remove_ifb(const struct spec_network_link *link, int here)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	char name[IF_NAMESIZE];
	int index, r;

	name_ifb(link, name);
	if (netlink_get_index(here, name, &index) < 0)
		return 0;
	netlink_remove_link(&batch, name);
	r = netlink_batch_send(&batch, here, NULL);
	return r == -ENODEV ? 0 : r;
}

static int limit_input(const struct spec_network_link *link, int here, const struct netlink_link *outside)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	char name[IF_NAMESIZE];
	struct netlink_new_link ifb = { .kind = "ifb", .name = name, .is_up = true };
	int to, r;

	name_ifb(link, name);
	netlink_add_link(&batch, &ifb);
	r = netlink_batch_send(&batch, here, NULL);
	if (r == 0)
		r = netlink_get_index(here, name, &to);
	if (r < 0)
		return r;
	netlink_batch_set_rate(&batch, to, link->transmit_bps, outside->mtu);
	netlink_batch_divert_input(&batch, outside->index, to);
	return netlink_batch_send(&batch, here, NULL);
}

/* 0: as all else. */
static int set_priority(const struct spec_network_link *link, int here, int index, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	uint8_t mac[NETLINK_MAC_LENGTH];
	int r;

	if (!link->mac || netlink_mac_parse(link->mac, mac) < 0)
		return error_set(err, ERROR_INVALID, 0, "the interface '%s' has no MAC address to know it by", link->name);
	r = firewall_set_priority(mac, link->priority, err);
	if (r < 0)
		return r;
	if (link->priority)
		netlink_batch_lock_port(&batch, index, mac);
	else
		netlink_batch_unlock_port(&batch, index);
	r = netlink_batch_send(&batch, here, NULL);
	return r < 0 && link->priority ? error_errno(err, -r, "cannot keep the interface '%s' of network '%s' to its MAC address", link->name, link->network) : 0;
}

int net_link_limit_set(const struct spec_network_link *link, int here, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_link outside;
	int r;

	if (!has_limit(link))
		return 0;
	r = netlink_get_link(here, link->host_name, &outside);
	if (r == 0 && link->receive_bps) {
		netlink_batch_set_rate(&batch, outside.index, link->receive_bps, outside.mtu);
		r = netlink_batch_send(&batch, here, NULL);
	}
	if (r == 0 && link->transmit_bps)
		r = remove_ifb(link, here); /* of an earlier start that was killed */
	if (r == 0 && link->transmit_bps)
		r = limit_input(link, here, &outside);
	if (r == 0 && link->priority)
		return set_priority(link, here, outside.index, err);
	if (r < 0)
		error_errno(err, -r, "cannot limit the interface '%s' of network '%s'", link->name, link->network);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		error_hint(err, "the kernel modules sch_tbf, sch_ingress, cls_u32, act_mirred and ifb are needed");
	return r;
}

int net_link_limit_change(const struct spec_network_link *link, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int here = -EBADF;
	int index, r = net_link_limit_check(link, err);

	if (r < 0 || link->kind != SPEC_LINK_VETH)
		return r;
	r = netlink_open(&here);
	if (r == 0)
		r = netlink_get_index(here, link->host_name, &index);
	if (r == -ENODEV)
		return error_set(err, ERROR_NOT_FOUND, 0, "network '%s': there is no link '%s'", link->network, link->host_name);
	if (r == 0) {
		netlink_batch_keep_input(&batch, index);
		netlink_batch_unset_rate(&batch, index);
		ignore_result(netlink_batch_send(&batch, here, NULL)); /* there may have been none */
		r = remove_ifb(link, here);
	}
	if (r < 0)
		return error_errno(err, -r, "cannot change the limits of the interface '%s' of network '%s'", link->name, link->network);
	if (!link->priority && link->mac && set_priority(link, here, index, err) < 0)
		return -EINVAL;
	return net_link_limit_set(link, here, err);
}

int net_link_limit_refill(const struct spec_network_link *link, bool is_gone, struct error *err)
{
	uint8_t mac[NETLINK_MAC_LENGTH];

	if (!link->priority || !link->mac || netlink_mac_parse(link->mac, mac) < 0)
		return 0;
	return firewall_set_priority(mac, is_gone ? 0 : link->priority, err);
}

int net_link_limit_remove(const struct spec_network_link *link, int here)
{
	int r = remove_ifb(link, here), forgotten = net_link_limit_refill(link, true, NULL);

	return r < 0 ? r : forgotten;
}
