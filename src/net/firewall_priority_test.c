/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two containers of one network send to somebody outside, by a link that is slower than they are and orders by priority (pfifo_fast): what
 * comes through it is counted.
 */
#include "net/firewall_priority.h"

#include "host/child_test.h"
#include "host/netlink_link.h"
#include "host/nftables.h"
#include "net/bridge.h"
#include "net/firewall.h"
#include "net/link.h"
#include "net/link_limit.h"
#include "net/netns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define PORT 4000
#define SLOW_BPS 16000000
#define ROUNDS 200      /* 2 times 200 packets of a kilobyte: a fifth of a second of the link's, which passes 32 at once */
#define COUNTED 120
#define PATIENCE_MS 60  /* a packet that comes takes one */
#define PATIENT 50      /* packets, the first of which find no way while neighbours are looked for */

enum place { OUTSIDE, FIRST, SECOND, PLACES };

static struct error err;
static int here = -EBADF, namespaces[PLACES];
static struct spec_network_link links[PLACES] = {
	[OUTSIDE] = { .network = "lan", .parent = "lan0", .host_name = "v1", .name = "eth0", .mac = "02:42:c0:00:02:02",
		.addresses = (char *[]){ "192.0.2.2/24", "2001:db8::2/64", NULL }, .gateway4 = "192.0.2.1", .gateway6 = "2001:db8::1", .receive_bps = SLOW_BPS },
	[FIRST] = { .network = "web", .parent = "br-web", .host_name = "v2", .name = "eth0", .mac = "02:42:0a:42:03:02",
		.addresses = (char *[]){ "10.66.3.2/24", "fd12::2/64", NULL }, .gateway4 = "10.66.3.1", .gateway6 = "fd12::1" },
	[SECOND] = { .network = "web", .parent = "br-web", .host_name = "v3", .name = "eth0", .mac = "02:42:0a:42:03:03",
		.addresses = (char *[]){ "10.66.3.3/24", "fd12::3/64", NULL }, .gateway4 = "10.66.3.1", .gateway6 = "fd12::1", .priority = 7 },
};

static const struct spec_network lan = { .id = "1a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", .name = "lan", .driver = "bridge",
	.interface = "lan0", .subnets = (struct spec_network_subnet[]){ { "192.0.2.0/24", "192.0.2.1" }, { "2001:db8::/64", "2001:db8::1" } }, .subnet_count = 2 };
static const struct spec_network web = { .id = "2a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", .name = "web", .driver = "bridge",
	.interface = "br-web", .subnets = (struct spec_network_subnet[]){ { "10.66.3.0/24", "10.66.3.1" }, { "fd12::/64", "fd12::1" } }, .subnet_count = 2 };

/* ---- the host --------------------------------------------------------------- */

/* What waits for the link of OUTSIDE waits in three bands, where it was one queue. */
static int order_by_priority(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct tcmsg message = { .tcm_family = AF_UNSPEC, .tcm_parent = TC_H_MAKE(1 << 16, 1), .tcm_handle = TC_H_MAKE(16 << 16, 0) };
	int r;

	CHECK(netlink_get_index(here, links[OUTSIDE].host_name, &message.tcm_ifindex) == 0);
	netlink_batch_begin(&batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &message, sizeof message);
	netlink_batch_add_text(&batch, TCA_KIND, "pfifo_fast");
	r = netlink_batch_send(&batch, here, NULL);
	CHECK(r == 0);
	return 0;
}

static int open_place(enum place place)
{
	int home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC), r;

	CHECK(home >= 0 && unshare(CLONE_NEWNET) == 0);
	namespaces[place] = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(namespaces[place] >= 0 && setns(home, CLONE_NEWNET) == 0);
	close(home);
	r = net_link_attach(&links[place], namespaces[place], &err);
	if (r < 0 && err.kind == ERROR_UNSUPPORTED)
		SKIP("nf_tables or sch_tbf");
	if (r < 0)
		fprintf(stderr, "# %s\n", err.message);
	return r < 0;
}

static int open_host(void)
{
	bool lost = false;

	CHECK(netlink_open(&here) == 0 && netlink_set_loopback_up() == 0);
	if (firewall_ensure(&lost, &err) < 0 && err.kind == ERROR_UNSUPPORTED)
		SKIP("nf_tables");
	CHECK(lost && firewall_mark_complete(&err) == 0);
	CHECK(net_bridge_up(&lan, &err) == 0 && net_bridge_up(&web, &err) == 0);
	CHECK(firewall_remove_network(&lan, &err) == 0); /* it is no network of containers, but outside */
	for (enum place place = 0; place < PLACES; place++) {
		int r = open_place(place);

		if (r != 0)
			return r;
	}
	return order_by_priority();
}

/* ---- packets ------------------------------------------------------------------- */

static int open_socket(enum place place, int family)
{
	struct timeval patience = { .tv_usec = PATIENCE_MS * 1000 };
	struct netns_visit visit = NETNS_VISIT_INIT;
	int fd, large = 4 << 20;

	if (netns_enter(namespaces[place], &visit, NULL) < 0)
		return -1;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	netns_leave(&visit, NULL);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof large);
	return fd;
}

static socklen_t outside(int family, struct sockaddr_storage *address)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof *address);
	if (family == AF_INET) {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT) };
		inet_pton(AF_INET, "192.0.2.2", &four->sin_addr);
		return sizeof *four;
	}
	*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	inet_pton(AF_INET6, "2001:db8::2", &six->sin6_addr);
	return sizeof *six;
}

/* How many of the COUNTED packets that came first the second container has sent, of what both did in turn; -1: a failure. What else was sent has come, too. */
static int count_second(int family)
{
	_cleanup_close_ int receiver = open_socket(OUTSIDE, family), first = open_socket(FIRST, family), second = open_socket(SECOND, family);
	struct sockaddr_storage address;
	socklen_t length = outside(family, &address);
	char packet[1024] = "";
	int count = 0;

	if (bind(receiver, (struct sockaddr *)&address, length) < 0)
		return -1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		packet[0] = '1';
		if (sendto(first, packet, sizeof packet, 0, (struct sockaddr *)&address, length) < 0)
			return -1;
		packet[0] = '2';
		if (sendto(second, packet, sizeof packet, 0, (struct sockaddr *)&address, length) < 0)
			return -1;
	}
	for (unsigned i = 0; i < COUNTED; i++) {
		if (recv(receiver, packet, sizeof packet, 0) < 0)
			return -1;
		count += packet[0] == '2';
	}
	while (recv(receiver, packet, sizeof packet, 0) >= 0)
		;
	return count;
}

/* Whether one of some packets of PLACE's comes outside. */
static bool passes(enum place place, int family, unsigned packets)
{
	_cleanup_close_ int receiver = open_socket(OUTSIDE, family), sender = open_socket(place, family);
	struct sockaddr_storage address;
	socklen_t length = outside(family, &address);
	char packet[1024] = "";
	bool came = false;

	if (bind(receiver, (struct sockaddr *)&address, length) < 0)
		return false;
	while (!came && packets-- > 0)
		came = sendto(sender, packet, sizeof packet, 0, (struct sockaddr *)&address, length) > 0 && recv(receiver, packet, sizeof packet, 0) > 0;
	return came;
}

/* As one could who rules the namespace of PLACE. */
static int give_mac(enum place place, uint8_t last)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const uint8_t mac[NETLINK_MAC_LENGTH] = { 2, 0x42, 10, 0x42, 3, last };
	struct netns_visit visit = NETNS_VISIT_INIT;
	_cleanup_close_ int there = -EBADF;
	struct ifinfomsg info = { 0 };
	int r;

	CHECK(netns_enter(namespaces[place], &visit, NULL) == 0);
	r = netlink_open(&there);
	netns_leave(&visit, NULL);
	CHECK(r == 0 && netlink_get_index(there, "eth0", &info.ifi_index) == 0);
	netlink_batch_begin(&batch, RTM_SETLINK, 0, &info, sizeof info);
	netlink_batch_add(&batch, IFLA_ADDRESS, mac, sizeof mac);
	CHECK(netlink_batch_send(&batch, there, NULL) == 0);
	return 0;
}

/* ---- tests ------------------------------------------------------------------------- */

static int order(void)
{
	bool lost = true;
	int r = open_host();

	if (r != 0)
		return r;
	for (enum place place = FIRST; place <= SECOND; place++)
		CHECK(passes(place, AF_INET, PATIENT) && passes(place, AF_INET6, PATIENT));
	CHECK(count_second(AF_INET) > COUNTED * 4 / 5);
	CHECK(count_second(AF_INET6) > COUNTED * 4 / 5);
	/* While they run. */
	links[SECOND].priority = 1;
	CHECK(net_link_limit_change(&links[SECOND], &err) == 0);
	CHECK(count_second(AF_INET) < COUNTED / 5);
	links[SECOND].priority = 0;
	CHECK(net_link_limit_change(&links[SECOND], &err) == 0);
	r = count_second(AF_INET);
	CHECK(r > COUNTED * 2 / 5 && r < COUNTED * 3 / 5);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	return 0;
}

/* Who is last does not become another by another address; who never was may. */
static int evasion(void)
{
	int r;

	links[SECOND].priority = 1;
	r = open_host();
	if (r != 0)
		return r;
	CHECK(passes(FIRST, AF_INET, PATIENT) && give_mac(FIRST, 9) == 0 && passes(FIRST, AF_INET, PATIENT));
	CHECK(passes(SECOND, AF_INET, PATIENT) && give_mac(SECOND, 8) == 0 && !passes(SECOND, AF_INET, 2));
	CHECK(give_mac(SECOND, 3) == 0 && passes(SECOND, AF_INET, PATIENT));
	return 0;
}

/* The number of elements. */
static int read_count(void *context, const struct nftables_element *element)
{
	(void)element;
	++*(int *)context;
	return 0;
}

static int count_elements(void)
{
	_cleanup_close_ int fd = -EBADF;
	int count = 0;

	return nftables_open(&fd) < 0 || nftables_read_elements(fd, FIREWALL_TABLE, "priorities", read_count, &count) < 0 ? -1 : count;
}

static int nothing_stays(void)
{
	const uint8_t mac[NETLINK_MAC_LENGTH] = { 2, 0x42, 10, 0x42, 3, 7 };
	int r = open_host(), index;

	if (r != 0)
		return r;
	CHECK(count_elements() == 1);
	CHECK(firewall_set_priority(mac, 3, &err) == 0 && firewall_set_priority(mac, 3, &err) == 0 && firewall_set_priority(mac, 5, &err) == 0);
	CHECK(count_elements() == 2);
	CHECK(firewall_set_priority(mac, 0, &err) == 0 && firewall_set_priority(mac, 0, &err) == 0 && count_elements() == 1);
	CHECK(firewall_set_priority(mac, 8, &err) < 0 && err.kind == ERROR_INVALID);
	CHECK(net_link_retire(&links[SECOND], &index, &err) == 0 && count_elements() == 0);
	CHECK(net_link_limit_refill(&links[SECOND], false, &err) == 0 && count_elements() == 1);
	CHECK(net_link_detach(&links[SECOND], -EBADF, &err) == 0 && count_elements() == 0);
	CHECK(firewall_remove(&err) == 0 && firewall_set_priority(mac, 0, &err) == 0);
	CHECK(firewall_set_priority(mac, 1, &err) < 0 && err.kind == ERROR_UNAVAILABLE);
	return 0;
}

IN_CHILD(order, CLONE_NEWNET)
IN_CHILD(evasion, CLONE_NEWNET)
IN_CHILD(nothing_stays, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_evasion),
		cmocka_unit_test(test_nothing_stays),
	};

	return cmocka_run_group_tests_name("net/firewall_priority", tests, NULL, NULL);
}
