/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_link.h"

#include "host/child_test.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <string.h>

static int loopback(void)
{
	struct netlink_link lo = { 0 };
	int fd = -EBADF;

	CHECK(netlink_open(&fd) == 0);
	CHECK(netlink_get_link(fd, "lo", &lo) == 0);
	CHECK(lo.index > 0 && strcmp(lo.name, "lo") == 0 && !(lo.flags & IFF_UP));
	CHECK(netlink_set_loopback_up() == 0);
	CHECK(netlink_get_link(fd, "lo", &lo) == 0 && (lo.flags & IFF_UP));
	CHECK(netlink_set_link_down(fd, lo.index) == 0);
	CHECK(netlink_get_link(fd, "lo", &lo) == 0 && !(lo.flags & IFF_UP));
	CHECK(netlink_set_link_up(fd, lo.index) == 0);
	CHECK(netlink_get_link(fd, "lo", &lo) == 0 && (lo.flags & IFF_UP));
	CHECK(netlink_get_link(fd, "nothing0", &lo) == -ENODEV);
	CHECK(netlink_get_link(fd, "a-name-that-is-too-long", &lo) == -ENODEV);
	CHECK(netlink_get_link(fd, "", &lo) == -ENODEV);
	return 0;
}

/* Sockets here and in a namespace of its own, to which *RET_NETNS leads. */
static int open_two(int *ret_here, int *ret_there, int *ret_netns)
{
	int here_netns = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	CHECK(netlink_open(ret_here) == 0 && unshare(CLONE_NEWNET) == 0 && netlink_open(ret_there) == 0);
	*ret_netns = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(here_netns >= 0 && *ret_netns >= 0 && setns(here_netns, CLONE_NEWNET) == 0);
	close(here_netns);
	return 0;
}

static int pair(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const uint8_t mac[] = { 2, 1, 2, 3, 4, 5 };
	struct netlink_new_link inside = { .name = "eth0", .is_elsewhere = true, .mac = mac, .mtu = 1400 };
	struct netlink_new_link bridge = { .kind = "bridge", .name = "br0", .is_up = true };
	struct netlink_new_link outside = { .kind = "veth", .name = "v0", .peer = &inside, .mtu = 1400 };
	struct netlink_link_change change = { .is_up = true, .no_link_local = true, .arp_notify = true, .route_localnet = true, .alias = "a name" };
	struct netlink_link link, *links = NULL;
	size_t failed = 9, count = 0;
	int here = -EBADF, there = -EBADF, index = 0;

	CHECK(open_two(&here, &there, &inside.netns_fd) == 0);
	netlink_add_link(&batch, &bridge);
	CHECK(netlink_batch_send(&batch, here, NULL) == 0);
	CHECK(netlink_get_link(here, "br0", &link) == 0 && strcmp(link.kind, "bridge") == 0 && (link.flags & IFF_UP) && !*link.alias);
	CHECK(netlink_get_index(here, "br0", &index) == 0 && index == link.index);
	change.master = index;
	netlink_add_link(&batch, &outside);
	netlink_change_link(&batch, "v0", &change);
	CHECK(netlink_batch_send(&batch, here, NULL) == 0);
	CHECK(netlink_get_link(here, "v0", &link) == 0);
	CHECK(link.master == index && link.mtu == 1400 && strcmp(link.kind, "veth") == 0 && strcmp(link.alias, "a name") == 0 && (link.flags & IFF_UP));
	CHECK(netlink_get_link(there, "eth0", &link) == 0);
	CHECK(link.has_mac && memcmp(link.mac, mac, 6) == 0 && link.mtu == 1400 && link.master == 0 && !(link.flags & IFF_UP));
	CHECK(netlink_get_links(here, &links, &count) == 0 && count >= 3);
	free(links);
	/* A taken name, on either side, and what comes behind it. */
	netlink_add_link(&batch, &outside);
	netlink_remove_link(&batch, "br0");
	CHECK(netlink_batch_send(&batch, here, &failed) == -EEXIST && failed == 0);
	CHECK(netlink_get_index(here, "br0", &index) == -ENODEV);
	outside.name = "v1";
	netlink_add_link(&batch, &outside);
	CHECK(netlink_batch_send(&batch, here, NULL) == -EEXIST && netlink_get_index(here, "v1", &index) == -ENODEV);
	netlink_remove_link(&batch, "v0");
	netlink_remove_link(&batch, "v0");
	CHECK(netlink_batch_send(&batch, here, &failed) == -ENODEV && failed == 1);
	CHECK(netlink_get_link(there, "eth0", &link) == -ENODEV);
	return 0;
}

static int macvlan(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link end = { .name = "p1" }, parent = { .kind = "veth", .name = "p0", .peer = &end, .is_up = true };
	struct netlink_new_link link = { .kind = "macvlan", .name = "eth0", .is_elsewhere = true, .has_mode = true, .mode = MACVLAN_MODE_BRIDGE };
	struct netlink_link found;
	int here = -EBADF, there = -EBADF, r;

	CHECK(open_two(&here, &there, &link.netns_fd) == 0);
	netlink_add_link(&batch, &parent);
	CHECK(netlink_batch_send(&batch, here, NULL) == 0 && netlink_get_index(here, "p0", &link.parent) == 0);
	netlink_add_link(&batch, &link);
	r = netlink_batch_send(&batch, here, NULL);
	if (r == -EOPNOTSUPP)
		SKIP("macvlan");
	CHECK(r == 0 && netlink_get_link(there, "eth0", &found) == 0 && strcmp(found.kind, "macvlan") == 0 && found.parent == link.parent);
	return 0;
}

IN_CHILD(loopback, CLONE_NEWNET)
IN_CHILD(pair, CLONE_NEWNET)
IN_CHILD(macvlan, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_macvlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
