/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_address.h"
#include "host/netlink_link.h"

#include "host/child_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>

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

static int removal(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_address four, six, *found = NULL;
	size_t count = 0, failed = 9;
	int fd = -EBADF;

	CHECK(netlink_open(&fd) == 0 && netlink_set_loopback_up() == 0);
	CHECK(netlink_address_parse("192.0.2.7/24", &four) == 0 && netlink_address_parse("2001:db8::7/64", &six) == 0);
	netlink_batch_add_address(&batch, 1, &four);
	netlink_batch_add_address(&batch, 1, &six);
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0);
	/* The first is taken twice: what comes behind the failure is carried out all the same. */
	netlink_batch_remove_address(&batch, 1, &four);
	netlink_batch_remove_address(&batch, 1, &four);
	netlink_batch_remove_address(&batch, 1, &six);
	CHECK(netlink_batch_send(&batch, fd, &failed) == -EADDRNOTAVAIL && failed == 1);
	CHECK(netlink_get_addresses(fd, 1, &found, &count) == 0);
	for (size_t i = 0; i < count; i++)
		CHECK(found[i].local[0] == 127 || found[i].local[15] == 1);
	free(found);
	return 0;
}

static void test_text(void **state)
{
	static const char *const wrong[] = { "", "/", "10.1.2.3/", "10.1.2.3/33", "10.1.2.3/x", "10.1.2/24", "::1/129", "::g/64",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd/64" };
	const uint8_t broadcast[] = { 10, 1, 3, 255 };
	struct netlink_address address;

	(void)state;
	assert_int_equal(netlink_address_parse("10.1.2.3/23", &address), 0);
	assert_int_equal(address.family, AF_INET);
	assert_int_equal(address.prefix, 23);
	assert_int_equal(address.length, 4);
	assert_true(address.has_broadcast && address.flags == 0);
	assert_memory_equal(address.broadcast, broadcast, 4);
	assert_int_equal(netlink_address_parse("10.1.2.3", &address), 0);
	assert_true(address.prefix == 32 && !address.has_broadcast);
	assert_int_equal(netlink_address_parse("10.1.2.2/31", &address), 0);
	assert_false(address.has_broadcast); /* RFC 3021 */
	assert_int_equal(netlink_address_parse("fd00::2/64", &address), 0);
	assert_int_equal(address.family, AF_INET6);
	assert_true(address.prefix == 64 && address.length == 16 && !address.has_broadcast);
	assert_int_equal(address.flags, IFA_F_NODAD);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(netlink_address_parse(wrong[i], &address), -EINVAL);
}

IN_CHILD(addresses, CLONE_NEWNET)
IN_CHILD(more_addresses_than_fit_one_reply, CLONE_NEWNET)
IN_CHILD(removal, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_more_addresses_than_fit_one_reply),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
