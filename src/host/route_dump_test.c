/* SPDX-License-Identifier: Apache-2.0 */
#include "host/route_dump.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"

#include "host/child_test.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static const struct route_destination *find(const struct route_destination *list, size_t count, int family, const char *address, unsigned prefix)
{
	uint8_t wanted[16] = { 0 };

	inet_pton(family, address, wanted);
	for (size_t i = 0; i < count; i++)
		if (list[i].family == family && list[i].prefix == prefix && memcmp(list[i].address, wanted, sizeof wanted) == 0)
			return &list[i];
	return NULL;
}

static int of_an_empty_host(void)
{
	struct route_destination *found = NULL;
	size_t count = 1;

	CHECK(route_dump(&found, &count) == 0 && count == 0);
	free(found);
	return 0;
}

static int of_addresses(void)
{
	struct netlink_address four = { .family = AF_INET, .prefix = 24, .length = 4 }, six = { .family = AF_INET6, .prefix = 64, .length = 16 };
	struct route_destination *found = NULL;
	const struct route_destination *route;
	struct netlink_link lo = { 0 };
	size_t count = 0;
	int fd = -EBADF;

	CHECK(netlink_open(&fd) == 0 && netlink_get_link(fd, "lo", &lo) == 0 && netlink_set_loopback_up() == 0);
	inet_pton(AF_INET, "192.0.2.7", four.local);
	memcpy(four.peer, four.local, 4);
	inet_pton(AF_INET6, "2001:db8::7", six.local);
	memcpy(six.peer, six.local, 16);
	CHECK(netlink_add_address(fd, lo.index, &four) == 0 && netlink_add_address(fd, lo.index, &six) == 0);
	CHECK(route_dump(&found, &count) == 0);
	route = find(found, count, AF_INET, "192.0.2.0", 24);
	CHECK(route && route->interface == lo.index && strcmp(route->interface_name, "lo") == 0);
	route = find(found, count, AF_INET, "192.0.2.7", 32);
	CHECK(route && route->type == RTN_LOCAL);
	CHECK(find(found, count, AF_INET6, "2001:db8::", 64));
	CHECK(!find(found, count, AF_INET, "198.51.100.0", 24));
	free(found);
	close(fd);
	return 0;
}

static void test_an_empty_host(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_an_empty_host);
}

static void test_addresses(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_host),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
