/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three steps, of which the second is undone by the removal of what the first made:
 *
 *   1. in the host's namespace, one message: the link, with its other end or itself already in the container's
 *   2. in the container's: sysctls, then addresses of version 4, up, addresses of version 6, routes, in one send
 *   3. the limits, on the host's end
 *   4. packets pass: waited for, shortly
 */
#include "net/link.h"

#include "base/log.h"
#include "base/narration.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/netlink_route.h"
#include "host/procfs.h"
#include "net/link_limit.h"
#include "net/netns.h"
#include "spec/config.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <sys/socket.h>

#define BURST_BYTES 264192 /* four packets of a home's MTU, and what the kernel takes off for headers (sk_dst_gso_max_size()) */
#define IPV6_MINIMUM_MTU 1280 /* RFC 8200, section 5: below it the kernel has no IPv6 for a link */
#define SUBJECT_LIMIT 64
#define READINESS_STEP_US 200
#define READINESS_PATIENCE_US 200000

/* ---- 1. the link ------------------------------------------------------------------- */

static const struct mode {
	enum spec_link_kind kind;
	const char *word;
	uint32_t value;
} modes[] = {
	{ SPEC_LINK_MACVLAN, "bridge", MACVLAN_MODE_BRIDGE },
	{ SPEC_LINK_MACVLAN, "private", MACVLAN_MODE_PRIVATE },
	{ SPEC_LINK_MACVLAN, "vepa", MACVLAN_MODE_VEPA },
	{ SPEC_LINK_MACVLAN, "passthru", MACVLAN_MODE_PASSTHRU },
	{ SPEC_LINK_IPVLAN, "l2", IPVLAN_MODE_L2 },
	{ SPEC_LINK_IPVLAN, "l3", IPVLAN_MODE_L3 },
	{ SPEC_LINK_IPVLAN, "l3s", IPVLAN_MODE_L3S },
};

/* Without a word the first of the kind. */
static const struct mode *find_mode(const struct spec_network_link *link)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].kind == link->kind && (!link->mode || str_equal(modes[i].word, link->mode)))
			return &modes[i];
	return NULL;
}

/* The host's end needs no address of its own; where there is no IPv6 it cannot be told so. */
static bool would_have_link_local(uint32_t mtu)
{
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && mtu >= IPV6_MINIMUM_MTU;
}

/*
 * Whether packets between ports of a bridge go through the firewall (br_netfilter): then what a container sends to a port of the host
 * that leads to itself never leaves the bridge, which must let it back by the port that it came in by.
 */
static bool needs_hairpin(void)
{
	return access("/proc/sys/net/bridge", F_OK) == 0;
}

static void add_veth(struct netlink_batch *batch, const struct spec_network_link *link, const struct netlink_link *parent, struct netlink_new_link *inside)
{
	uint32_t burst_bytes = link->has_bursts ? BURST_BYTES : 0;
	struct netlink_new_link outside = { .kind = "veth", .name = link->host_name, .mtu = inside->mtu, .burst_bytes = burst_bytes, .peer = inside };
	struct netlink_link_change change = {
		.is_up = true,
		.master = parent->index,
		.no_link_local = would_have_link_local(inside->mtu),
		.hairpin = needs_hairpin(),
		.isolated = link->isolated,
	};

	inside->burst_bytes = burst_bytes;
	netlink_add_link(batch, &outside);
	netlink_change_link(batch, link->host_name, &change);
}

static void add_sublink(struct netlink_batch *batch, const struct spec_network_link *link, const struct netlink_link *parent, struct netlink_new_link *inside)
{
	const struct mode *mode = find_mode(link);

	inside->kind = link->kind == SPEC_LINK_MACVLAN ? "macvlan" : "ipvlan";
	inside->parent = parent->index;
	inside->has_mode = true;
	inside->mode = mode->value;
	netlink_add_link(batch, inside);
}

static int remove_host_end(int here, const struct spec_network_link *link)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int r;

	netlink_remove_link(&batch, link->host_name);
	r = netlink_batch_send(&batch, here, NULL);
	return r == -ENODEV ? 0 : r;
}

static int send_link(int here, const struct spec_network_link *link, const struct netlink_link *parent, int netns_fd, const uint8_t *mac)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link inside = {
		.name = link->name,
		.is_elsewhere = true,
		.netns_fd = netns_fd,
		.mtu = link->mtu ? link->mtu : parent->mtu,
		.mac = mac,
	};
	size_t failed = 0;
	int r;

	if (link->kind == SPEC_LINK_VETH)
		add_veth(&batch, link, parent, &inside);
	else
		add_sublink(&batch, link, parent, &inside);
	r = netlink_batch_send(&batch, here, &failed);
	if (r == 0)
		narrate("RTM_NEWLINK: %s '%s' of '%s', in the container '%s', mtu %u", inside.kind ? inside.kind : "veth",
			link->host_name ? link->host_name : "", link->parent, link->name, inside.mtu);
	if (r < 0 && failed > 0) /* it was made, and what followed failed */
		ignore_result(remove_host_end(here, link)); /* the first failure is what counts */
	return r;
}

/* What the host sends to containers by its bridge. A kernel that refuses has it as others have it. */
static void raise_bursts(int here, const struct netlink_link *bridge)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	if (bridge->burst_bytes == BURST_BYTES)
		return;
	netlink_change_link(&batch, bridge->name, &(struct netlink_link_change){ .burst_bytes = BURST_BYTES });
	ignore_result(netlink_batch_send(&batch, here, NULL));
}

static int make_link(int here, const struct spec_network_link *link, int netns_fd, struct error *err)
{
	struct netlink_link parent;
	uint8_t mac[NETLINK_MAC_LENGTH];
	int index, r = netlink_get_link(here, link->parent, &parent);

	if (r == -ENODEV)
		return error_set(err, ERROR_NOT_FOUND, 0, "network '%s': there is no link '%s'", link->network, link->parent);
	if (link->mac && netlink_mac_parse(link->mac, mac) < 0)
		return error_set(err, ERROR_INVALID, 0, "'%s' is no MAC address", link->mac);
	if (link->kind != SPEC_LINK_VETH && !find_mode(link))
		return error_set(err, ERROR_INVALID, 0, "network '%s': unknown mode '%s'", link->network, link->mode);
	if (r == 0)
		r = send_link(here, link, &parent, netns_fd, link->mac ? mac : NULL);
	/* Of an earlier start that was killed: the name is derived from the container's id. */
	if (r == -EEXIST && link->kind == SPEC_LINK_VETH && netlink_get_index(here, link->host_name, &index) == 0) {
		r = remove_host_end(here, link);
		if (r == 0)
			r = send_link(here, link, &parent, netns_fd, link->mac ? mac : NULL);
	}
	if (r == 0 && link->has_bursts)
		raise_bursts(here, &parent);
	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "cannot make the interface '%s'", link->name);
	if (r < 0)
		error_errno(err, -r, "cannot make the interface '%s' of network '%s'", link->name, link->network);
	if (r == -EOPNOTSUPP)
		error_hint(err, "this kernel has no links of its kind");
	return r;
}

/* ---- 2. inside ------------------------------------------------------------------------ */

static bool has_address(const struct spec_network_link *link, char mark)
{
	for (size_t i = 0; link->addresses && link->addresses[i]; i++)
		if (strchr(link->addresses[i], mark))
			return true;
	return false;
}

/* Of net.ipv6.conf; a kernel without IPv6 has none of them. */
static int set_ipv6(int procfs, const struct spec_network_link *link, const char *name, const char *value)
{
	char path[128];
	int r;

	snprintf(path, sizeof path, "sys/net/ipv6/conf/%s/%s", link->name, name);
	r = procfs_write(procfs, path, value);
	return r == -ENOENT ? 0 : r;
}

/*
 * An interface without addresses of version 6 has none by itself either. Of one
 * with, the addresses are known to be free: no detection of duplicates; its
 * neighbours are told; and what they say of routers is not believed (CVE-2020-13401), but on the host's own links.
 */
static int set_defaults(int procfs, const struct spec_network_link *link)
{
	int r;

	if (!has_address(link, ':'))
		return set_ipv6(procfs, link, "disable_ipv6", "1");
	r = set_ipv6(procfs, link, "ndisc_notify", "1");
	if (r == 0)
		r = set_ipv6(procfs, link, "accept_dad", "0");
	/* Nothing is lost on such a link; what is said again a second later, all ports of a bridge that does not listen to it get. */
	if (r == 0 && link->kind == SPEC_LINK_VETH)
		r = set_ipv6(procfs, link, "mldv2_unsolicited_report_interval", "3600000");
	if (r == 0 && (link->kind == SPEC_LINK_VETH || link->gateway6))
		r = set_ipv6(procfs, link, "accept_ra", "0");
	return r;
}

/* "net.ipv4.conf.IFNAME.x" to "sys/net/ipv4/conf/eth0/x"; the name may have dots. -EINVAL for what is none of the interface's. */
static int make_sysctl_path(const char *key, const char *name, char *out, size_t size)
{
	static const char mark[] = ".IFNAME.";
	const char *found = strstr(key, mark);
	int length;

	if (!str_starts_with(key, "net.") || !found || strchr(key, '/') || strstr(key, "..") || !*(found + sizeof mark - 1))
		return -EINVAL;
	length = snprintf(out, size, "sys/%.*s", (int)(found - key), key);
	for (int i = 0; i < length; i++)
		if (out[i] == '.')
			out[i] = '/';
	length += snprintf(out + length, size - (size_t)length, "/%s/", name);
	for (const char *c = found + sizeof mark - 1; *c && (size_t)length + 1 < size; c++)
		out[length++] = *c == '.' ? '/' : *c;
	out[length] = '\0';
	return 0;
}

static int set_sysctls(int procfs, const struct spec_network_link *link, struct error *err)
{
	for (size_t i = 0; i < link->sysctl_count; i++) {
		const struct spec_pair *pair = &link->sysctls[i];
		char path[256];
		int r = strlen(pair->key) > 128 ? -EINVAL : make_sysctl_path(pair->key, link->name, path, sizeof path);

		if (r < 0)
			return error_set(err, ERROR_INVALID, 0, "'%s' is no sysctl of an interface (net.*.IFNAME.*)", pair->key);
		r = procfs_write(procfs, path, pair->value);
		if (r < 0)
			return error_errno(err, -r, "cannot set the sysctl '%s' of interface '%s' to '%s'", pair->key, link->name, pair->value);
	}
	return 0;
}

/* Messages, and what each is about. */
struct steps {
	struct netlink_batch batch;
	char subjects[SUBJECT_LIMIT][64];
};

static void note(struct steps *steps, const char *word, const char *value)
{
	if (steps->batch.count < SUBJECT_LIMIT)
		snprintf(steps->subjects[steps->batch.count], sizeof steps->subjects[0], "%s %s", word, value);
}

static int add_addresses(struct steps *steps, const struct spec_network_link *link, int index, int family, struct error *err)
{
	for (size_t i = 0; link->addresses && link->addresses[i]; i++) {
		struct netlink_address address;

		if (netlink_address_parse(link->addresses[i], &address) < 0)
			return error_set(err, ERROR_INVALID, 0, "'%s' is no address", link->addresses[i]);
		if (address.family != family)
			continue;
		/* set_defaults() sees to that nobody is asked for it; but of those with IFA_F_NODAD neighbours are not told. */
		address.flags = 0;
		note(steps, "the address", link->addresses[i]);
		netlink_batch_add_address(&steps->batch, index, &address);
	}
	return 0;
}

/* In layer 3 modes of ipvlan nobody is asked where an address is: everything is on the link. */
static bool has_gateways(const struct spec_network_link *link)
{
	return link->kind != SPEC_LINK_IPVLAN || !link->mode || str_equal(link->mode, "l2");
}

typedef void add_route_message(struct netlink_batch *batch, int family, int index, const uint8_t *gateway);

static int add_route(struct steps *steps, const struct spec_network_link *link, int index, int family, add_route_message *add, struct error *err)
{
	const char *gateway = family == AF_INET ? link->gateway4 : link->gateway6;
	uint8_t address[16];

	if (!gateway)
		return 0;
	if (inet_pton(family, gateway, address) != 1)
		return error_set(err, ERROR_INVALID, 0, "'%s' is no address of a gateway", gateway);
	note(steps, "the default route through", gateway);
	add(&steps->batch, family, index, has_gateways(link) ? address : NULL);
	return 0;
}

static int add_routes(struct steps *steps, const struct spec_network_link *link, int index, add_route_message *add, struct error *err)
{
	int r = add_route(steps, link, index, AF_INET, add, err);

	return r < 0 ? r : add_route(steps, link, index, AF_INET6, add, err);
}

static int plan_steps(struct steps *steps, const struct spec_network_link *link, int index, struct error *err)
{
	const struct netlink_link_change up = { .is_up = true, .arp_notify = has_address(link, '.') };
	int r = add_addresses(steps, link, index, AF_INET, err);

	if (r < 0)
		return r;
	note(steps, "the settings of", link->name);
	netlink_change_link(&steps->batch, link->name, &up);
	r = add_addresses(steps, link, index, AF_INET6, err);
	return r < 0 ? r : add_routes(steps, link, index, netlink_batch_add_default_route, err);
}

static int plan_routes(struct steps *steps, const struct spec_network_link *link, int index, struct error *err)
{
	return add_routes(steps, link, index, netlink_batch_replace_default_route, err);
}

typedef int plan_messages(struct steps *steps, const struct spec_network_link *link, int index, struct error *err);

static int send_steps(int there, const struct spec_network_link *link, plan_messages *plan, struct error *err)
{
	_cleanup_free_ struct steps *steps = memory_new(1, sizeof *steps);
	size_t failed = 0;
	int index, r = netlink_get_index(there, link->name, &index);

	if (r < 0)
		return error_errno(err, -r, "cannot find the interface '%s' in the container", link->name);
	r = plan(steps, link, index, err);
	if (r == 0) {
		r = netlink_batch_send(&steps->batch, there, &failed);
		for (size_t i = 0; r == 0 && i < steps->batch.count && i < SUBJECT_LIMIT; i++)
			narrate("rtnetlink, in the container: '%s' has %s", link->name, steps->subjects[i]);
		if (r < 0)
			error_errno(err, -r, "cannot give the interface '%s' %s", link->name, failed < SUBJECT_LIMIT ? steps->subjects[failed] : "what it is to have");
	}
	netlink_batch_done(&steps->batch);
	return r;
}

/*
 * Until a worker of the kernel's has seen to it (addrconf_dad_work()) an address
 * of version 6 is told of and not there: the route to it is what makes it so.
 */
static void wait_for_addresses(int there, const struct spec_network_link *link)
{
	int64_t patience_us = READINESS_PATIENCE_US;
	struct netlink_address address;

	for (size_t i = 0; link->addresses && link->addresses[i]; i++) {
		if (netlink_address_parse(link->addresses[i], &address) < 0 || address.family != AF_INET6)
			continue;
		while (!netlink_is_own_address(there, address.family, address.local) && patience_us > 0) {
			usleep(READINESS_STEP_US);
			patience_us -= READINESS_STEP_US;
		}
	}
}

/* In the container's network namespace: its files of /proc/sys/net are that one's. */
static int configure(const struct spec_network_link *link, struct error *err)
{
	_cleanup_close_ int there = -EBADF, procfs = -EBADF;
	int r = netlink_open(&there);

	if (r == 0)
		r = procfs_open_host(&procfs);
	if (r == 0)
		r = set_defaults(procfs, link);
	if (r < 0)
		return error_errno(err, -r, "cannot set up the interface '%s'", link->name);
	r = set_sysctls(procfs, link, err);
	if (r == 0)
		r = send_steps(there, link, plan_steps, err);
	if (r == 0)
		wait_for_addresses(there, link);
	return r;
}

/* ---- 4. readiness ------------------------------------------------------------------------- */

/*
 * That a link has a carrier a worker of the kernel's sees to; until it has, a
 * bridge passes nothing on to its port, and who asked for an address there
 * would ask again after a second. Since 6.9 the question itself hurries it.
 */
static void wait_for_link(int here, const char *name, int64_t *patience_us)
{
	struct netlink_link link;

	while (netlink_get_link(here, name, &link) == 0 && !link.is_operational && *patience_us > 0) {
		usleep(READINESS_STEP_US);
		*patience_us -= READINESS_STEP_US;
	}
}

/* The end is the bridge's first carrier, perhaps: in that order. What is not ready by then becomes so by itself. */
static void wait_until_ready(int here, const struct spec_network_link *link)
{
	int64_t patience_us = READINESS_PATIENCE_US;

	if (link->kind != SPEC_LINK_VETH)
		return;
	wait_for_link(here, link->host_name, &patience_us);
	wait_for_link(here, link->parent, &patience_us);
}

/* ---- the whole -------------------------------------------------------------------------- */

static int configure_inside(const struct spec_network_link *link, int netns_fd, struct error *err)
{
	_cleanup_netns_ struct netns_visit visit = NETNS_VISIT_INIT;
	int back, r = netns_enter(netns_fd, &visit, err);

	if (r < 0)
		return r;
	r = configure(link, err);
	back = netns_leave(&visit, r == 0 ? err : NULL);
	return r < 0 ? r : back;
}

int net_link_attach(const struct spec_network_link *link, int netns_fd, struct error *err)
{
	_cleanup_close_ int here = -EBADF;
	int r = netlink_open(&here);

	if (r < 0)
		return error_errno(err, -r, "cannot open a netlink socket");
	r = net_link_limit_check(link, err);
	if (r == 0)
		r = make_link(here, link, netns_fd, err);
	if (r < 0)
		return r;
	r = configure_inside(link, netns_fd, err);
	if (r == 0)
		r = net_link_limit_set(link, here, err);
	if (r == 0)
		wait_until_ready(here, link);
	if (r < 0) {
		struct error ignored = ERROR_INIT;

		if (net_link_detach(link, netns_fd, &ignored) < 0)
			log_warning("%s, ignoring", ignored.message);
	}
	return r;
}

static int route_inside(const struct spec_network_link *link, struct error *err)
{
	_cleanup_close_ int there = -EBADF;
	int r = netlink_open(&there);

	return r < 0 ? error_errno(err, -r, "cannot open a netlink socket") : send_steps(there, link, plan_routes, err);
}

int net_link_route(const struct spec_network_link *link, int netns_fd, struct error *err)
{
	_cleanup_netns_ struct netns_visit visit = NETNS_VISIT_INIT;
	int back, r = netns_enter(netns_fd, &visit, err);

	if (r < 0)
		return r;
	r = route_inside(link, err);
	back = netns_leave(&visit, r == 0 ? err : NULL);
	return r < 0 ? r : back;
}

static int remove_inside(const struct spec_network_link *link, int netns_fd, struct error *err)
{
	_cleanup_netns_ struct netns_visit visit = NETNS_VISIT_INIT;
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int there = -EBADF;
	int r = netns_enter(netns_fd, &visit, err);

	if (r < 0)
		return r;
	r = netlink_open(&there);
	if (netns_leave(&visit, err) < 0)
		return -EINVAL;
	if (r == 0) {
		netlink_remove_link(&batch, link->name);
		r = netlink_batch_send(&batch, there, NULL);
	}
	return r == 0 || r == -ENODEV ? 0 : error_errno(err, -r, "cannot remove the interface '%s' of network '%s'", link->name, link->network);
}

int net_link_detach(const struct spec_network_link *link, int netns_fd, struct error *err)
{
	_cleanup_close_ int here = -EBADF;
	int r;

	if (link->kind != SPEC_LINK_VETH)
		return netns_fd >= 0 ? remove_inside(link, netns_fd, err) : 0;
	r = netlink_open(&here);
	if (r == 0)
		r = net_link_limit_remove(link, here);
	if (r == 0)
		r = remove_host_end(here, link);
	return r < 0 ? error_errno(err, -r, "cannot remove the link '%s' of network '%s'", link->host_name, link->network) : 0;
}

int net_link_retire(const struct spec_network_link *link, int *ret_index, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int here = -EBADF;
	int r = 0;

	*ret_index = 0;
	if (link->kind == SPEC_LINK_VETH)
		r = netlink_open(&here);
	/* What the limits need goes now: no namespace takes it along. */
	if (r == 0 && here >= 0)
		r = net_link_limit_remove(link, here);
	if (r == 0 && here >= 0 && netlink_get_index(here, link->host_name, ret_index) == 0) {
		netlink_retire_link(&batch, *ret_index);
		r = netlink_batch_send(&batch, here, NULL);
	}
	return r < 0 && r != -ENODEV ? error_errno(err, -r, "cannot set the link '%s' of network '%s' down", link->host_name, link->network) : 0;
}

int net_link_remove_retired(int index, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int here = -EBADF;
	int r = netlink_open(&here);

	if (r == 0) {
		netlink_remove_index(&batch, index);
		r = netlink_batch_send(&batch, here, NULL);
	}
	return r < 0 && r != -ENODEV ? error_errno(err, -r, "cannot remove the link %d", index) : 0;
}
