/* SPDX-License-Identifier: Apache-2.0 */
#include "net/bridge.h"

#include "base/file.h"
#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/netlink_route.h"
#include "net/firewall.h"

#include <fcntl.h>
#include <string.h>

static struct error err;
static int fd = -EBADF;

static struct spec_network_subnet subnets[] = {
	{ .subnet = "10.66.3.0/24", .gateway = "10.66.3.1" },
	{ .subnet = "fd00:66::/64", .gateway = "fd00:66::1" },
};

static struct spec_network web(void)
{
	return (struct spec_network){
		.id = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90",
		.name = "web",
		.driver = "bridge",
		.interface = "br-web",
		.subnets = subnets,
		.subnet_count = 2,
	};
}

static int open_host(void)
{
	bool lost;

	CHECK(netlink_open(&fd) == 0 && netlink_set_loopback_up() == 0);
	if (firewall_ensure(&lost, &err) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		CHECK(err.kind == ERROR_UNSUPPORTED);
		SKIP("nf_tables");
	}
	return 0;
}

static bool is(const char *path, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(AT_FDCWD, path, 64, &text) == 0 && strcmp(str_trim_end(text.data), expected) == 0;
}

static bool has_address(const char *link, const char *text)
{
	struct netlink_address wanted, *found = NULL;
	size_t count = 0;
	bool has = false;
	int index;

	if (netlink_address_parse(text, &wanted) < 0 || netlink_get_index(fd, link, &index) < 0 || netlink_get_addresses(fd, index, &found, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		has = has || (found[i].family == wanted.family && found[i].prefix == wanted.prefix && memcmp(found[i].local, wanted.local, wanted.length) == 0);
	free(found);
	return has;
}

static int make(const char *kind, const char *name, const char *address)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link peer = { .name = "peer0" }, link = { .kind = kind, .name = name, .peer = strcmp(kind, "veth") == 0 ? &peer : NULL };
	struct netlink_address parsed;
	int index;

	netlink_add_link(&batch, &link);
	netlink_change_link(&batch, name, &(struct netlink_link_change){ .is_up = true });
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0 && netlink_get_index(fd, name, &index) == 0);
	CHECK(netlink_address_parse(address, &parsed) == 0 && netlink_add_address(fd, index, &parsed) == 0);
	return 0;
}

static int up_and_down(void)
{
	const uint8_t mac[] = { 2, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5 };
	struct spec_network network = web();
	struct netlink_link link;
	int r = open_host();

	if (r)
		return r;
	CHECK(!net_bridge_is_up(&network));
	CHECK(net_bridge_up(&network, &err) == 0 && net_bridge_is_up(&network));
	CHECK(netlink_get_link(fd, "br-web", &link) == 0 && memcmp(link.mac, mac, 6) == 0);
	CHECK(has_address("br-web", "10.66.3.1/24") && has_address("br-web", "fd00:66::1/64"));
	CHECK(is("/proc/sys/net/ipv4/ip_forward", "1") && is("/proc/sys/net/ipv6/conf/all/forwarding", "1"));
	CHECK(is("/proc/sys/net/ipv4/conf/br-web/route_localnet", "1") && is("/proc/sys/net/ipv6/conf/br-web/accept_ra", "0"));
	CHECK(is("/sys/class/net/br-web/bridge/forward_delay", "0") || is("/proc/sys/net/ipv6/conf/br-web/accept_dad", "0"));
	/* What somebody takes away comes back. */
	CHECK(netlink_set_link_down(fd, link.index) == 0 && !net_bridge_is_up(&network));
	CHECK(net_bridge_up(&network, &err) == 0 && net_bridge_is_up(&network) && has_address("br-web", "fd00:66::1/64"));
	CHECK(net_bridge_down(&network, &err) == 0 && !net_bridge_is_up(&network) && netlink_get_link(fd, "br-web", &link) == -ENODEV);
	CHECK(net_bridge_down(&network, &err) == 0);
	return 0;
}

static int internal_version_4(void)
{
	struct spec_network network = web();
	struct firewall_content content;
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = open_host();

	if (r)
		return r;
	network.internal = true;
	network.subnet_count = 1;
	network.mtu = 1400;
	CHECK(net_bridge_up(&network, &err) == 0 && net_bridge_is_up(&network));
	CHECK(is("/proc/sys/net/ipv4/conf/br-web/route_localnet", "0") && is("/proc/sys/net/ipv6/conf/br-web/disable_ipv6", "1"));
	CHECK(is("/proc/sys/net/ipv6/conf/all/forwarding", "0"));
	CHECK(firewall_read(arena, &content, &err) == 0 && content.bridges && content.bridges[0] && strcmp(content.bridges[0], "br-web") == 0);
	CHECK(net_bridge_down(&network, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && (!content.bridges || !content.bridges[0]));
	return 0;
}

static int conflicts(void)
{
	struct spec_network network = web();
	struct netlink_link link;
	int r = open_host();

	if (r)
		return r;
	CHECK(make("veth", "vpn0", "10.66.0.7/16") == 0);
	CHECK(net_bridge_up(&network, &err) < 0 && err.kind == ERROR_CONFLICT);
	CHECK(strstr(err.message, "the subnet 10.66.3.0/24 of network 'web' overlaps 10.66.0.") == err.message && strstr(err.message, "vpn0"));
	CHECK(netlink_get_link(fd, "br-web", &link) == -ENODEV);
	network.subnet_count = 0;
	network.interface = "vpn0";
	CHECK(net_bridge_up(&network, &err) < 0 && err.kind == ERROR_CONFLICT);
	CHECK(strcmp(err.message, "network 'web': there is an interface 'vpn0' already, and it is no bridge") == 0);
	network.interface = "br/web";
	CHECK(net_bridge_up(&network, &err) < 0 && netlink_get_link(fd, "vpn0", &link) == 0);
	return 0;
}

/* A bridge that was there before stays when the network goes, with its own address and without the network's. */
static int bridge_of_others(void)
{
	struct spec_network network = web();
	struct netlink_link link;
	int r = open_host();

	if (r)
		return r;
	CHECK(make("bridge", "br-web", "192.0.2.1/24") == 0);
	CHECK(net_bridge_up(&network, &err) == 0 && has_address("br-web", "10.66.3.1/24") && has_address("br-web", "192.0.2.1/24"));
	CHECK(net_bridge_down(&network, &err) == 0 && netlink_get_link(fd, "br-web", &link) == 0);
	CHECK(!has_address("br-web", "10.66.3.1/24") && !has_address("br-web", "fd00:66::1/64") && has_address("br-web", "192.0.2.1/24"));
	return 0;
}

/* Who took his default route from a router's advertisements still does. */
static int listeners_go_on(void)
{
	struct spec_network network = web();
	int r = open_host();

	if (r)
		return r;
	CHECK(make("veth", "wan0", "192.0.2.1/24") == 0);
	CHECK(is("/proc/sys/net/ipv6/conf/wan0/accept_ra", "1") && file_put_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/peer0/accept_ra", "0") == 0);
	CHECK(net_bridge_up(&network, &err) == 0);
	CHECK(is("/proc/sys/net/ipv6/conf/wan0/accept_ra", "2") && is("/proc/sys/net/ipv6/conf/peer0/accept_ra", "0"));
	return 0;
}

static int mtu_of_the_default_route(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const uint8_t gateway[] = { 192, 0, 2, 9 };
	struct spec_network network = web();
	struct netlink_link link;
	int index, r = open_host();

	if (r)
		return r;
	CHECK(make("veth", "wan0", "192.0.2.1/24") == 0 && netlink_get_index(fd, "wan0", &index) == 0);
	netlink_change_link(&batch, "wan0", &(struct netlink_link_change){ .mtu = 1390 });
	netlink_batch_add_default_route(&batch, AF_INET, index, gateway);
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0);
	CHECK(net_bridge_up(&network, &err) == 0 && netlink_get_link(fd, "br-web", &link) == 0 && link.mtu == 1390);
	return 0;
}

static int home(void)
{
	struct spec_network network = web();
	struct netlink_link link;
	int r = open_host();

	if (r)
		return r;
	CHECK(net_bridge_up_in_home(&network, &err) == 0 && netlink_get_link(fd, "br-web", &link) == 0 && link.mtu == 65520);
	CHECK(access("/proc/sys/net/bridge", F_OK) < 0 || is("/proc/sys/net/bridge/bridge-nf-call-iptables", "0"));
	return 0;
}

static int macvlan(void)
{
	struct spec_network network = web();
	int r = open_host();

	if (r)
		return r;
	network.driver = "macvlan";
	network.interface = "wan0";
	CHECK(!net_bridge_is_up(&network) && net_bridge_up(&network, &err) < 0 && err.kind == ERROR_NOT_FOUND);
	CHECK(make("veth", "wan0", "192.0.2.1/24") == 0);
	CHECK(net_bridge_is_up(&network) && net_bridge_up(&network, &err) == 0 && net_bridge_down(&network, &err) == 0 && net_bridge_is_up(&network));
	return 0;
}

IN_CHILD(up_and_down, CLONE_NEWNET)
IN_CHILD(internal_version_4, CLONE_NEWNET)
IN_CHILD(conflicts, CLONE_NEWNET)
IN_CHILD(bridge_of_others, CLONE_NEWNET)
IN_CHILD(listeners_go_on, CLONE_NEWNET)
IN_CHILD(mtu_of_the_default_route, CLONE_NEWNET)
IN_CHILD(home, CLONE_NEWNET)
IN_CHILD(macvlan, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_internal_version_4),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_bridge_of_others),
		cmocka_unit_test(test_listeners_go_on),
		cmocka_unit_test(test_mtu_of_the_default_route),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_macvlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
