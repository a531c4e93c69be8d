/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bridge of our making carries the network's id as its alias (`ip link`
 * shows it): what has none was there before, is used as it is, and stays.
 * Nothing is sent to it before its place in the firewall is made: it goes up last.
 */
#include "net/bridge.h"

#include "base/file.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/procfs.h"
#include "host/route_dump.h"
#include "net/firewall.h"
#include "net/parent.h"
#include "net/subnets.h"
#include "spec/home.h"

#include <fcntl.h>
#include <sys/socket.h>

#define ALIAS_PREFIX "bivy network "

static bool is_bridge_driver(const struct spec_network *network)
{
	return !network->driver || str_equal(network->driver, "bridge");
}

/* 128 bytes. */
static void make_alias(const struct spec_network *network, char *out)
{
	snprintf(out, 128, ALIAS_PREFIX "%s", network->id);
}

static bool is_ours(const struct spec_network *network, const struct netlink_link *link)
{
	char alias[128];

	make_alias(network, alias);
	return strcmp(link->alias, alias) == 0;
}

bool net_bridge_is_up(const struct spec_network *network)
{
	_cleanup_close_ int fd = -EBADF;
	struct netlink_link link;

	if (netlink_open(&fd) < 0 || netlink_get_link(fd, network->interface, &link) < 0)
		return false;
	return !is_bridge_driver(network) || ((link.flags & IFF_UP) && strcmp(link.kind, "bridge") == 0 && is_ours(network, &link));
}

/* ---- sysctls -------------------------------------------------------------------- */

/* 32 bytes. */
static int read_setting(int procfs, const char *path, char *out)
{
	_cleanup_close_ int fd = -EBADF;
	ssize_t length;
	int r = procfs_open(procfs, path, O_RDONLY, &fd);

	if (r < 0)
		return r;
	length = read(fd, out, 31);
	if (length < 0)
		return -errno;
	out[length] = '\0';
	str_trim_end(out);
	return 0;
}

/* What is so already need not be writable. */
static int set(int procfs, const char *path, const char *value, struct error *err)
{
	char now[32];
	int r = read_setting(procfs, path, now);

	if (r == 0 && strcmp(now, value) != 0)
		r = procfs_write(procfs, path, value);
	return r < 0 ? error_errno(err, -r, "cannot set '/proc/%s' to %s", path, value) : 0;
}

static int set_of_bridge(int procfs, const struct spec_network *network, const char *name, const char *value, struct error *err)
{
	char path[128];

	snprintf(path, sizeof path, "sys/net/ipv6/conf/%s/%s", network->interface, name);
	return set(procfs, path, value, err);
}

struct listeners {
	int procfs;
	struct error *err;
};

static int keep_listening(void *context, const char *name)
{
	const struct listeners *listeners = context;
	char path[300], value[32];

	if (*name == '.' || strcmp(name, "all") == 0 || strcmp(name, "default") == 0)
		return 0;
	snprintf(path, sizeof path, "sys/net/ipv6/conf/%s/accept_ra", name);
	/* A link that goes away meanwhile is none of those. */
	if (read_setting(listeners->procfs, path, value) < 0 || strcmp(value, "1") != 0)
		return 0;
	return set(listeners->procfs, path, "2", listeners->err);
}

/*
 * A host that forwards does not listen to routers any more, unless accept_ra is
 * 2 (ip-sysctl.rst): it would lose its own default route. Who listens now goes on.
 */
static int forward_ipv6(int procfs, struct error *err)
{
	static const char path[] = "sys/net/ipv6/conf/all/forwarding";
	struct listeners listeners = { .procfs = procfs, .err = err };
	_cleanup_close_ int conf = -EBADF;
	char now[32];
	int r = read_setting(procfs, path, now);

	if (r == 0 && strcmp(now, "0") == 0) {
		r = procfs_open(procfs, "sys/net/ipv6/conf", O_RDONLY | O_DIRECTORY, &conf);
		if (r < 0)
			return error_errno(err, -r, "cannot open '/proc/sys/net/ipv6/conf'");
		r = file_each_name(conf, keep_listening, &listeners);
		if (r < 0)
			return r;
	}
	return set(procfs, path, "1", err);
}

static bool has_family(const struct spec_network *network, char mark)
{
	for (size_t i = 0; i < network->subnet_count; i++)
		if (strchr(network->subnets[i].subnet, mark))
			return true;
	return false;
}

static int set_all(const struct spec_network *network, struct error *err)
{
	_cleanup_close_ int procfs = -EBADF;
	int r = procfs_open_host(&procfs);

	if (r < 0)
		return error_errno(err, -r, "cannot open '/proc'");
	if (!network->internal && has_family(network, '.'))
		r = set(procfs, "sys/net/ipv4/ip_forward", "1", err);
	/* Containers are no routers of the host's (CVE-2020-13401), and its addresses there are nobody else's. */
	if (r == 0 && has_family(network, ':')) {
		r = set_of_bridge(procfs, network, "disable_ipv6", "0", err);
		if (r == 0)
			r = set_of_bridge(procfs, network, "accept_ra", "0", err);
		if (r == 0)
			r = set_of_bridge(procfs, network, "accept_dad", "0", err);
		if (r == 0 && !network->internal)
			r = forward_ipv6(procfs, err);
	}
	return r;
}

/* A bridge of ours without version 6 has no link-local address either, by which containers would reach the host; a kernel without is no error. */
static void disable_ipv6(const struct spec_network *network)
{
	_cleanup_close_ int procfs = -EBADF;
	char path[128];

	if (has_family(network, ':') || procfs_open_host(&procfs) < 0)
		return;
	snprintf(path, sizeof path, "sys/net/ipv6/conf/%s/disable_ipv6", network->interface);
	ignore_result(procfs_write(procfs, path, "1"));
}

static void pass_firewall(void)
{
	static const char *const paths[] = { "sys/net/bridge/bridge-nf-call-iptables", "sys/net/bridge/bridge-nf-call-ip6tables",
		"sys/net/bridge/bridge-nf-call-arptables" };
	_cleanup_close_ int procfs = -EBADF;

	if (procfs_open_host(&procfs) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		ignore_result(procfs_write(procfs, paths[i], "0")); /* without br_netfilter it is so; with, it works all the same */
}

/* ---- making --------------------------------------------------------------------------- */

static int check_overlap(const struct spec_network *network, const struct net_used_subnet *used, size_t count, struct error *err)
{
	for (size_t i = 0; i < network->subnet_count; i++) {
		struct net_subnet subnet;
		int r = net_subnet_parse(network->subnets[i].subnet, &subnet, err);

		if (r < 0)
			return r;
		for (size_t k = 0; k < count; k++) {
			char text[64];

			if (!net_subnets_overlap(&subnet, &used[k].subnet) || strcmp(used[k].interface, network->interface) == 0)
				continue;
			net_subnet_format(&used[k].subnet, true, text);
			return error_set(err, ERROR_CONFLICT, 0, "the subnet %s of network '%s' overlaps %s, %s", network->subnets[i].subnet, network->name,
				text, used[k].owner);
		}
	}
	return 0;
}

static int check_routes(const struct spec_network *network, struct error *err)
{
	_cleanup_free_ struct net_used_subnet *used = NULL;
	size_t count = 0;
	int r = net_subnets_used(&used, &count, err);

	return r == 0 ? check_overlap(network, used, count, err) : r;
}

/* The link of the host's default route; 0: the kernel's choice. */
static uint32_t find_mtu(int fd, const struct spec_network *network, bool is_home)
{
	_cleanup_free_ struct route_destination *routes = NULL;
	struct netlink_link link;
	size_t count = 0;

	if (network->mtu || is_home)
		return network->mtu ? network->mtu : SPEC_HOME_MTU;
	if (route_dump(&routes, &count) < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (routes[i].prefix == 0 && *routes[i].interface_name && netlink_get_link(fd, routes[i].interface_name, &link) == 0 &&
		    !(link.flags & IFF_LOOPBACK))
			return link.mtu;
	return 0;
}

/* A bridge's own choice would be that of one of its ports, and change with them: 02 and the beginning of the id. */
static void make_mac(const struct spec_network *network, uint8_t *out)
{
	out[0] = 2;
	for (size_t i = 1; i < NETLINK_MAC_LENGTH; i++) {
		char digits[3] = { network->id[2 * i - 2], network->id[2 * i - 1] };

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

static int make_bridge(int fd, const struct spec_network *network, bool is_home, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	uint8_t mac[NETLINK_MAC_LENGTH];
	struct netlink_new_link bridge = { .kind = "bridge", .name = network->interface, .mtu = find_mtu(fd, network, is_home), .mac = mac };
	char alias[128];
	int r;

	if (strlen(network->id) < 2 * NETLINK_MAC_LENGTH)
		return error_set(err, ERROR_INVALID, 0, "network '%s' has no id", network->name);
	make_mac(network, mac);
	make_alias(network, alias);
	netlink_add_link(&batch, &bridge);
	netlink_change_link(&batch, network->interface, &(struct netlink_link_change){ .alias = alias });
	r = netlink_batch_send(&batch, fd, NULL);
	if (r < 0)
		return error_errno(err, -r, "cannot make the bridge '%s' of network '%s'", network->interface, network->name);
	disable_ipv6(network);
	return 0;
}

/* Every gateway with the length of its subnet; OPERATION adds to the batch. */
typedef void address_operation(struct netlink_batch *batch, int index, const struct netlink_address *address);

static int for_gateways(const struct spec_network *network, char mark, struct netlink_batch *batch, int index, address_operation *operation, struct error *err)
{
	for (size_t i = 0; i < network->subnet_count; i++) {
		const struct spec_network_subnet *subnet = &network->subnets[i];
		struct netlink_address address;
		char text[128];

		if (!subnet->gateway || !strchr(subnet->gateway, mark))
			continue;
		snprintf(text, sizeof text, "%s%s", subnet->gateway, strchr(subnet->subnet, '/') ? strchr(subnet->subnet, '/') : "");
		if (netlink_address_parse(text, &address) < 0)
			return error_set(err, ERROR_INVALID, 0, "network '%s': '%s' is no address of a gateway", network->name, text);
		operation(batch, index, &address);
	}
	return 0;
}

static int set_up(int fd, const struct spec_network *network, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct netlink_link_change change = { .is_up = true, .route_localnet = !network->internal && has_family(network, '.') };
	int index, r = netlink_get_index(fd, network->interface, &index);

	if (r < 0)
		return error_errno(err, -r, "cannot find the bridge '%s' of network '%s'", network->interface, network->name);
	r = for_gateways(network, '.', &batch, index, netlink_batch_add_address, err);
	netlink_change_link(&batch, network->interface, &change);
	/* Addresses of version 6 only when it is up: their routes would be missing else. */
	if (r == 0)
		r = for_gateways(network, ':', &batch, index, netlink_batch_add_address, err);
	if (r < 0)
		return r;
	r = netlink_batch_send(&batch, fd, NULL);
	return r < 0 ? error_errno(err, -r, "cannot set up the bridge '%s' of network '%s'", network->interface, network->name) : 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int remove_bridge(int fd, const char *name)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int r;

	netlink_remove_link(&batch, name);
	r = netlink_batch_send(&batch, fd, NULL);
	return r == -ENODEV ? 0 : r;
}

static int find_or_make(int fd, const struct spec_network *network, bool is_home, bool *ret_made, struct error *err)
{
	struct netlink_link link;
	int r = netlink_get_link(fd, network->interface, &link);

	if (r == 0 && strcmp(link.kind, "bridge") != 0)
		return error_set(err, ERROR_CONFLICT, 0, "network '%s': there is an interface '%s' already, and it is no bridge", network->name,
			network->interface);
	if (r == 0)
		return 0;
	if (r != -ENODEV)
		return error_errno(err, -r, "cannot look for the bridge '%s' of network '%s'", network->interface, network->name);
	r = make_bridge(fd, network, is_home, err);
	*ret_made = r == 0;
	return r;
}

static int bring_up(const struct spec_network *network, bool is_home, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	bool made = false;
	int r;

	if (!is_bridge_driver(network))
		return net_parent_check(network->interface, err);
	r = netlink_open(&fd);
	if (r < 0)
		return error_errno(err, -r, "cannot open a netlink socket");
	r = check_routes(network, err);
	if (r == 0)
		r = find_or_make(fd, network, is_home, &made, err);
	if (r < 0)
		return r;
	r = set_all(network, err);
	if (r == 0)
		r = firewall_add_network(network, err);
	if (r == 0)
		r = set_up(fd, network, err);
	if (r < 0 && made) { /* the first failure is what counts */
		ignore_result(remove_bridge(fd, network->interface));
		ignore_result(firewall_remove_network(network, NULL));
	}
	return r;
}

int net_bridge_up(const struct spec_network *network, struct error *err)
{
	return bring_up(network, false, err);
}

int net_bridge_up_in_home(const struct spec_network *network, struct error *err)
{
	pass_firewall();
	return bring_up(network, true, err);
}

static int remove_addresses(int fd, const struct spec_network *network, int index, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int r = for_gateways(network, '.', &batch, index, netlink_batch_remove_address, err);

	if (r == 0)
		r = for_gateways(network, ':', &batch, index, netlink_batch_remove_address, err);
	if (r < 0)
		return r;
	r = netlink_batch_send(&batch, fd, NULL);
	return r < 0 && r != -EADDRNOTAVAIL && r != -ENODEV ? error_errno(err, -r, "cannot take the addresses of '%s'", network->interface) : 0;
}

int net_bridge_down(const struct spec_network *network, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct netlink_link link;
	int r;

	if (!is_bridge_driver(network))
		return 0;
	r = netlink_open(&fd);
	if (r < 0)
		return error_errno(err, -r, "cannot open a netlink socket");
	if (netlink_get_link(fd, network->interface, &link) == 0 && strcmp(link.kind, "bridge") == 0) {
		if (!is_ours(network, &link))
			r = remove_addresses(fd, network, link.index, err);
		else if ((r = remove_bridge(fd, network->interface)) < 0)
			error_errno(err, -r, "cannot remove the bridge '%s' of network '%s'", network->interface, network->name);
	}
	return r == 0 ? firewall_remove_network(network, err) : r;
}
