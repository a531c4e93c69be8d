/* SPDX-License-Identifier: Apache-2.0 */
/* The host is a network namespace of the test's own, with a bridge br0; the container is another one. */
#include "net/link.h"

#include "base/file.h"
#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/route_dump.h"
#include "net/link_limit.h"
#include "net/netns.h"
#include "spec/config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static int here = -EBADF, netns = -EBADF;
static struct error err;

static char *addresses[] = { "10.66.3.2/24", "fd00:66::2/64", NULL };

static struct spec_network_link veth(void)
{
	return (struct spec_network_link){
		.kind = SPEC_LINK_VETH,
		.network = "web",
		.parent = "br0",
		.host_name = "v0123456789aba",
		.name = "eth0",
		.mac = "02:42:0a:42:03:02",
		.addresses = addresses,
		.gateway4 = "10.66.3.1",
		.gateway6 = "fd00:66::1",
	};
}

/* A namespace of a user namespace of its own, as a container's; owned by the host's root it would be ruled by more than it is. */
static int open_container(void)
{
	int home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ready[2], status;
	char path[64];
	pid_t pid;

	CHECK(home >= 0 && pipe2(ready, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	CHECK(pid > 0 && read(ready[0], path, 1) == 1);
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	netns = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && netns >= 0);
	close(ready[0]);
	close(ready[1]);
	close(home);
	return 0;
}

static int open_host(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link bridge = { .kind = "bridge", .name = "br0", .is_up = true };
	struct netlink_address four, six;
	int index;

	CHECK(netlink_open(&here) == 0 && netlink_set_loopback_up() == 0);
	netlink_add_link(&batch, &bridge);
	CHECK(netlink_batch_send(&batch, here, NULL) == 0 && netlink_get_index(here, "br0", &index) == 0);
	CHECK(netlink_address_parse("10.66.3.1/24", &four) == 0 && netlink_address_parse("fd00:66::1/64", &six) == 0);
	netlink_batch_add_address(&batch, index, &four);
	netlink_batch_add_address(&batch, index, &six);
	CHECK(netlink_batch_send(&batch, here, NULL) == 0);
	return open_container();
}

/* A socket in the container, or here. */
static int open_socket(bool inside, int family, int type)
{
	struct netns_visit visit = NETNS_VISIT_INIT;
	int fd;

	if (inside && netns_enter(netns, &visit, NULL) < 0)
		return -1;
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	netns_leave(&visit, NULL);
	return fd;
}

static int read_inside(const char *path, char *out)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct netns_visit visit = NETNS_VISIT_INIT;
	int r = netns_enter(netns, &visit, NULL);

	if (r == 0)
		r = file_read_at(AT_FDCWD, path, 64, &text);
	netns_leave(&visit, NULL);
	if (r == 0)
		snprintf(out, 16, "%s", str_trim_end(text.data));
	return r;
}

static bool inside_is(const char *path, const char *expected)
{
	char value[16] = "";

	return read_inside(path, value) == 0 && strcmp(value, expected) == 0;
}

static struct sockaddr_storage address_of(const char *text, socklen_t *ret_length)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(4000);
		*ret_length = sizeof *four;
	} else {
		inet_pton(AF_INET6, text, &six->sin6_addr);
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(4000);
		*ret_length = sizeof *six;
	}
	return address;
}

/* Whether a datagram arrives before the kernel asks a second time for its address: no detection of duplicates and no bridge is in its way. */
static bool can_reach(const char *text)
{
	socklen_t length;
	struct sockaddr_storage address = address_of(text, &length);
	_cleanup_close_ int inside = open_socket(true, address.ss_family, SOCK_DGRAM), outside = open_socket(false, address.ss_family, SOCK_DGRAM);
	struct timeval patience = { .tv_usec = 900000 };
	char byte = 0;

	return bind(inside, (struct sockaddr *)&address, length) == 0 && setsockopt(inside, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
	       sendto(outside, "x", 1, 0, (struct sockaddr *)&address, length) == 1 && recv(inside, &byte, 1, 0) == 1 && byte == 'x';
}

static bool has_link(const char *name)
{
	int index;

	return netlink_get_index(here, name, &index) == 0;
}

static size_t count_default_routes(void)
{
	struct netns_visit visit = NETNS_VISIT_INIT;
	struct route_destination *routes = NULL;
	size_t count = 0, found = 0;

	if (netns_enter(netns, &visit, NULL) < 0 || route_dump(&routes, &count) < 0)
		return 99;
	netns_leave(&visit, NULL);
	for (size_t i = 0; i < count; i++)
		found += routes[i].prefix == 0 && routes[i].type == 1;
	free(routes);
	return found;
}

static int both_families(void)
{
	struct spec_network_link link = veth();
	struct spec_pair sysctls[] = { { "net.ipv4.conf.IFNAME.log_martians", "1" }, { "net.ipv4.neigh.IFNAME.gc_stale_time", "77" } };
	struct netlink_link found;

	CHECK(open_host() == 0);
	link.name = "net.0"; /* a dot in a name is none of a sysctl's */
	link.sysctls = sysctls;
	link.sysctl_count = ARRAY_SIZE(sysctls);
	CHECK(net_link_attach(&link, netns, &err) == 0);
	CHECK(can_reach("10.66.3.2") && can_reach("fd00:66::2"));
	CHECK(count_default_routes() == 2);
	CHECK(netlink_get_link(here, link.host_name, &found) == 0 && (found.flags & IFF_UP) && found.mtu == 1500);
	CHECK(inside_is("/proc/sys/net/ipv4/conf/net.0/log_martians", "1") && inside_is("/proc/sys/net/ipv4/neigh/net.0/gc_stale_time", "77"));
	CHECK(inside_is("/proc/sys/net/ipv6/conf/net.0/accept_ra", "0") && inside_is("/proc/sys/net/ipv6/conf/net.0/disable_ipv6", "0"));
	CHECK(net_link_detach(&link, netns, &err) == 0 && !has_link(link.host_name));
	CHECK(net_link_detach(&link, -EBADF, &err) == 0); /* twice does no harm */
	return 0;
}

/* Of the pair, and of the bridge with its first port. */
static int bursts(void)
{
	struct spec_network_link link = veth();
	struct netlink_link found;

	CHECK(open_host() == 0 && net_link_attach(&link, netns, &err) == 0);
	CHECK(netlink_get_link(here, link.host_name, &found) == 0 && found.burst_bytes == 65536);
	CHECK(net_link_detach(&link, netns, &err) == 0);
	link.has_bursts = true;
	CHECK(net_link_attach(&link, netns, &err) == 0 && can_reach("10.66.3.2"));
	CHECK(netlink_get_link(here, link.host_name, &found) == 0 && found.burst_bytes > 4 * 65520);
	CHECK(netlink_get_link(here, link.parent, &found) == 0 && found.burst_bytes > 4 * 65520);
	return 0;
}

static int version_4_alone(void)
{
	char *four[] = { "10.66.3.2/24", NULL };
	struct spec_network_link link = veth();

	CHECK(open_host() == 0);
	link.addresses = four;
	link.gateway6 = NULL;
	link.mtu = 1400;
	CHECK(net_link_attach(&link, netns, &err) == 0);
	CHECK(can_reach("10.66.3.2") && count_default_routes() == 1);
	CHECK(inside_is("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "1"));
	return 0;
}

/* What an earlier start left is in nobody's way; a name that is taken inside is. */
static int taken_names(void)
{
	struct spec_network_link link = veth();

	CHECK(open_host() == 0 && net_link_attach(&link, netns, &err) == 0);
	close(netns);
	CHECK(open_container() == 0 && net_link_attach(&link, netns, &err) == 0 && can_reach("10.66.3.2"));
	link.host_name = "v0123456789abb";
	CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == ERROR_CONFLICT);
	CHECK(strcmp(err.message, "cannot make the interface 'eth0': file exists") == 0);
	CHECK(!has_link(link.host_name) && can_reach("10.66.3.2"));
	return 0;
}

static int failures_leave_nothing(void)
{
	struct spec_network_link link = veth();
	struct spec_pair wrong[] = { { "net.ipv4.conf.IFNAME.no_such_thing", "1" }, { "net.ipv4.ip_forward", "1" }, { "net.ipv4.conf.IFNAME.x/../../y", "1" } };

	CHECK(open_host() == 0);
	link.parent = "br9";
	CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == ERROR_NOT_FOUND);
	CHECK(strcmp(err.message, "network 'web': there is no link 'br9'") == 0);
	link = veth();
	link.gateway4 = "10.77.3.1";
	CHECK(net_link_attach(&link, netns, &err) < 0);
	CHECK(strcmp(err.message, "cannot give the interface 'eth0' the default route through 10.77.3.1: network is unreachable") == 0);
	CHECK(!has_link(link.host_name));
	link = veth();
	link.parent = "lo"; /* made, but no port of it */
	CHECK(net_link_attach(&link, netns, &err) < 0 && !has_link(link.host_name));
	link = veth();
	link.mac = "02:42:0a:42:03";
	CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == ERROR_INVALID);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		link = veth();
		link.sysctls = &wrong[i];
		link.sysctl_count = 1;
		CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == (i == 0 ? ERROR_NOT_FOUND : ERROR_INVALID) && !has_link(link.host_name));
	}
	link = veth();
	CHECK(net_link_attach(&link, netns, &err) == 0 && can_reach("10.66.3.2"));
	return 0;
}

static int macvlan(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link end = { .name = "p1" }, pair = { .kind = "veth", .name = "p0", .peer = &end, .is_up = true };
	struct spec_network_link link = veth();
	int r;

	CHECK(open_host() == 0);
	netlink_add_link(&batch, &pair);
	netlink_change_link(&batch, "p1", &(struct netlink_link_change){ .is_up = true });
	CHECK(netlink_batch_send(&batch, here, NULL) == 0);
	link.kind = SPEC_LINK_MACVLAN;
	link.parent = "p0";
	r = net_link_attach(&link, netns, &err);
	if (err.code == EOPNOTSUPP)
		SKIP("macvlan");
	CHECK(r == 0 && count_default_routes() == 2);
	CHECK(inside_is("/sys/class/net/eth0/address", "") || inside_is("/proc/sys/net/ipv6/conf/eth0/accept_ra", "0"));
	CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == ERROR_CONFLICT);
	CHECK(net_link_detach(&link, netns, &err) == 0 && count_default_routes() == 0);
	CHECK(net_link_detach(&link, netns, &err) == 0 && net_link_detach(&link, -EBADF, &err) == 0);
	link.mode = "sideways";
	CHECK(net_link_attach(&link, netns, &err) < 0 && strcmp(err.message, "network 'web': unknown mode 'sideways'") == 0);
	link.mode = "private";
	link.receive_bps = 1000000;
	CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == ERROR_UNSUPPORTED);
	return 0;
}

static int ipvlan(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link end = { .name = "p1" }, pair = { .kind = "veth", .name = "p0", .peer = &end, .is_up = true };
	struct spec_network_link link = veth();
	int r;

	CHECK(open_host() == 0);
	netlink_add_link(&batch, &pair);
	netlink_change_link(&batch, "p1", &(struct netlink_link_change){ .is_up = true });
	CHECK(netlink_batch_send(&batch, here, NULL) == 0);
	link.kind = SPEC_LINK_IPVLAN;
	link.parent = "p0";
	link.mac = NULL;
	link.mode = "l3";
	link.gateway4 = "10.99.0.1"; /* out of reach, which does not matter here */
	r = net_link_attach(&link, netns, &err);
	if (err.code == EOPNOTSUPP)
		SKIP("ipvlan");
	CHECK(r == 0 && count_default_routes() == 2);
	return 0;
}

/* ms that it takes to bring BYTES from one side to the other. */
static int64_t measure(bool from_inside, size_t bytes)
{
	socklen_t length;
	struct sockaddr_storage address = address_of(from_inside ? "10.66.3.1" : "10.66.3.2", &length);
	_cleanup_close_ int listener = open_socket(!from_inside, AF_INET, SOCK_STREAM), sender = open_socket(from_inside, AF_INET, SOCK_STREAM);
	_cleanup_close_ int receiver = -EBADF;
	static char data[16384];
	struct timespec before, after;
	int on = 1;

	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener, 1) < 0 || connect(sender, (struct sockaddr *)&address, length) < 0)
		return -1;
	receiver = accept(listener, NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (size_t sent = 0, got = 0; got < bytes;) {
		ssize_t n = sent < bytes ? send(sender, data, sizeof data, MSG_DONTWAIT) : 0;

		sent += n > 0 ? (size_t)n : 0;
		n = recv(receiver, data, sizeof data, sent < bytes ? MSG_DONTWAIT : 0);
		got += n > 0 ? (size_t)n : 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

/* 256 KiB of which a burst of 32 goes at once: 45 ms of 40 Mbit/s. */
static int limits(void)
{
	struct spec_network_link link = veth();
	int r;

	CHECK(open_host() == 0);
	link.priority = 3; /* needs our table */
	CHECK(net_link_attach(&link, netns, &err) < 0 && err.kind == ERROR_UNAVAILABLE && !has_link(link.host_name));
	link.priority = 0;
	link.receive_bps = link.transmit_bps = 40000000;
	r = net_link_attach(&link, netns, &err);
	if (r < 0 && err.kind == ERROR_UNSUPPORTED)
		SKIP("sch_tbf, sch_ingress, cls_u32, act_mirred or ifb");
	CHECK(r == 0 && has_link("i0123456789aba"));
	CHECK(measure(false, 256 << 10) >= 40 && measure(true, 256 << 10) >= 40);
	link.receive_bps = 0;
	CHECK(net_link_limit_change(&link, &err) == 0 && has_link("i0123456789aba") && measure(true, 256 << 10) >= 40);
	link.transmit_bps = 0;
	CHECK(net_link_limit_change(&link, &err) == 0 && !has_link("i0123456789aba") && can_reach("10.66.3.2"));
	link.transmit_bps = 40000000;
	CHECK(net_link_limit_change(&link, &err) == 0);
	CHECK(net_link_detach(&link, -EBADF, &err) == 0 && !has_link("i0123456789aba") && !has_link(link.host_name));
	CHECK(net_link_limit_change(&link, &err) < 0 && err.kind == ERROR_NOT_FOUND);
	return 0;
}

/* A datagram that is one packet, as links of homes, which lead to pasta or slirp4netns, have them. */
static bool passes_at_once(bool from_inside, size_t bytes)
{
	socklen_t length;
	struct sockaddr_storage address = address_of(from_inside ? "10.66.3.1" : "10.66.3.2", &length);
	_cleanup_close_ int receiver = open_socket(!from_inside, AF_INET, SOCK_DGRAM), sender = open_socket(from_inside, AF_INET, SOCK_DGRAM);
	static char data[65536];
	const struct timeval timeout = { .tv_sec = 2 };

	return bind(receiver, (struct sockaddr *)&address, length) == 0 && setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
	       sendto(sender, data, bytes, 0, (struct sockaddr *)&address, length) == (ssize_t)bytes && recv(receiver, data, sizeof data, 0) == (ssize_t)bytes;
}

static int limits_of_large_packets(void)
{
	struct spec_network_link link = veth();
	int r;

	CHECK(open_host() == 0);
	link.mtu = 65520;
	link.receive_bps = link.transmit_bps = 20000000;
	r = net_link_attach(&link, netns, &err);
	if (r < 0 && err.kind == ERROR_UNSUPPORTED)
		SKIP("sch_tbf, sch_ingress, cls_u32, act_mirred or ifb");
	CHECK(r == 0 && passes_at_once(true, 60000) && passes_at_once(false, 60000));
	return 0;
}

IN_CHILD(both_families, CLONE_NEWNET)
IN_CHILD(bursts, CLONE_NEWNET)
IN_CHILD(version_4_alone, CLONE_NEWNET)
IN_CHILD(taken_names, CLONE_NEWNET)
IN_CHILD(failures_leave_nothing, CLONE_NEWNET)
IN_CHILD(macvlan, CLONE_NEWNET)
IN_CHILD(ipvlan, CLONE_NEWNET)
IN_CHILD(limits, CLONE_NEWNET)
IN_CHILD(limits_of_large_packets, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_version_4_alone),
		cmocka_unit_test(test_taken_names),
		cmocka_unit_test(test_failures_leave_nothing),
		cmocka_unit_test(test_macvlan),
		cmocka_unit_test(test_ipvlan),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_of_large_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
