/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink.h"

#include "host/child_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

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

static int addresses(void)
{
	struct netlink_address four = { .family = AF_INET, .prefix = 24, .length = 4 }, six = { .family = AF_INET6, .prefix = 64, .length = 16 };
	struct netlink_address *found = NULL;
	struct netlink_link lo = { 0 };
	size_t count = 0;
	int fd = -EBADF, seen = 0;

	CHECK(netlink_open(&fd) == 0 && netlink_get_link(fd, "lo", &lo) == 0);
	CHECK(netlink_get_addresses(fd, lo.index, &found, &count) == 0 && count == 0);
	free(found);
	inet_pton(AF_INET, "192.0.2.7", four.local);
	memcpy(four.peer, four.local, 4);
	inet_pton(AF_INET6, "2001:db8::7", six.local);
	memcpy(six.peer, six.local, 16);
	CHECK(netlink_set_loopback_up() == 0);
	CHECK(netlink_add_address(fd, lo.index, &four) == 0);
	CHECK(netlink_add_address(fd, lo.index, &six) == 0);
	CHECK(netlink_get_addresses(fd, lo.index, &found, &count) == 0);
	for (size_t i = 0; i < count; i++) {
		if (found[i].family == AF_INET && memcmp(found[i].local, four.local, 4) == 0)
			seen += found[i].prefix == 24 && found[i].length == 4;
		if (found[i].family == AF_INET6 && memcmp(found[i].local, six.local, 16) == 0)
			seen += found[i].prefix == 64 && found[i].length == 16;
	}
	free(found);
	CHECK(seen == 2);
	CHECK(netlink_add_address(fd, 9999, &four) == -ENODEV);
	return 0;
}

static int more_addresses_than_fit_one_reply(void)
{
	struct netlink_address address = { .family = AF_INET, .prefix = 32, .length = 4, .local = { 10, 0, 0, 0 } };
	struct netlink_address *found = NULL;
	struct netlink_link lo = { 0 };
	size_t count = 0;
	int fd = -EBADF;

	CHECK(netlink_open(&fd) == 0 && netlink_get_link(fd, "lo", &lo) == 0);
	for (int i = 1; i <= 1000; i++) {
		address.local[2] = (uint8_t)(i >> 8);
		address.local[3] = (uint8_t)i;
		memcpy(address.peer, address.local, 4);
		CHECK(netlink_add_address(fd, lo.index, &address) == 0);
	}
	CHECK(netlink_get_addresses(fd, lo.index, &found, &count) == 0);
	CHECK(count == 1000);
	free(found);
	return 0;
}

#define IN_CHILD(name)                             \
	static void test_##name(void **state)      \
	{                                          \
		(void)state;                       \
		run_in_child(CLONE_NEWNET, name); \
	}
IN_CHILD(loopback)
IN_CHILD(addresses)
IN_CHILD(more_addresses_than_fit_one_reply)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_more_addresses_than_fit_one_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
