/* SPDX-License-Identifier: Apache-2.0 */
#include "net/subnets.h"
#include "base/str.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"

#include "host/child_test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static struct net_subnet parse(const char *text)
{
	struct net_subnet subnet;
	struct error err = ERROR_INIT;

	if (net_address_parse(text, &subnet, &err) < 0)
		fail_msg("%s", err.message);
	return subnet;
}

static struct net_used_subnet use(const char *text)
{
	return (struct net_used_subnet){ .subnet = parse(text) };
}

static void assert_formats(const char *text, const char *whole, const char *address)
{
	struct net_subnet subnet = parse(text);
	char out[INET6_ADDRSTRLEN + 4];

	net_subnet_format(&subnet, true, out);
	assert_string_equal(out, whole);
	net_subnet_format(&subnet, false, out);
	assert_string_equal(out, address);
}

static void assert_refused(bool subnet, const char *text, const char *message)
{
	struct net_subnet ret = { .family = 77 };
	struct error err = ERROR_INIT;

	assert_true((subnet ? net_subnet_parse : net_address_parse)(text, &ret, &err) < 0);
	assert_int_equal(ret.family, 77);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, message);
}

static void test_text(void **state)
{
	(void)state;
	assert_formats("10.66.3.7", "10.66.3.7/32", "10.66.3.7");
	assert_formats("10.66.3.7/24", "10.66.3.7/24", "10.66.3.7");
	assert_formats("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0");
	assert_formats("FD00:0:0:1::/64", "fd00:0:0:1::/64", "fd00:0:0:1::");
	assert_formats("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_refused(false, "", "'' is not an address");
	assert_refused(false, "10.66.3", "'10.66.3' is not an address");
	assert_refused(false, "10.66.3.256", "'10.66.3.256' is not an address");
	assert_refused(false, "fe80::1%eth0", "'fe80::1%eth0' is not an address");
	assert_refused(false, "10.66.3.0/", "'10.66.3.0/' has a prefix that is no number");
	assert_refused(false, "10.66.3.0/+8", "'10.66.3.0/+8' has a prefix that is no number");
	assert_refused(false, "10.66.3.0/255.255.255.0", "'10.66.3.0/255.255.255.0' has a prefix that is no number");
	assert_refused(false, "10.66.3.0/33", "'10.66.3.0/33' has a prefix of more than 32 bits");
	assert_refused(false, "::/129", "'::/129' has a prefix of more than 128 bits");
	assert_refused(true, "10.66.3.7/24", "'10.66.3.7/24' is an address in the network 10.66.3.0/24, not a network");
	assert_refused(true, "10.66.3.128/20", "'10.66.3.128/20' is an address in the network 10.66.0.0/20, not a network");
	assert_refused(true, "fd00::1/64", "'fd00::1/64' is an address in the network fd00::/64, not a network");
}

static void test_networks(void **state)
{
	struct net_subnet subnet;

	(void)state;
	assert_int_equal(net_subnet_parse("10.66.3.0/24", &subnet, NULL), 0);
	assert_int_equal(subnet.prefix, 24);
	assert_int_equal(net_subnet_parse("10.66.3.7", &subnet, NULL), 0);
	assert_int_equal(subnet.prefix, 32);
	assert_int_equal(net_subnet_parse("0.0.0.0/0", &subnet, NULL), 0);
	assert_int_equal(net_subnet_parse("fd00::/8", &subnet, NULL), 0);
}

static bool overlap(const char *a, const char *b)
{
	struct net_subnet first = parse(a), second = parse(b);
	bool result = net_subnets_overlap(&first, &second);

	assert_true(net_subnets_overlap(&second, &first) == result);
	return result;
}

static bool contains(const char *a, const char *b)
{
	struct net_subnet first = parse(a), second = parse(b);

	return net_subnet_contains(&first, &second);
}

static void test_relations(void **state)
{
	(void)state;
	assert_true(overlap("10.0.0.0/8", "10.66.3.0/24"));
	assert_true(overlap("10.66.3.0/24", "10.66.3.0/24"));
	assert_true(overlap("10.66.3.128/25", "10.66.3.192/26"));
	assert_false(overlap("10.66.3.0/25", "10.66.3.128/25"));
	assert_false(overlap("10.66.2.0/24", "10.66.3.0/24"));
	assert_true(overlap("10.66.2.0/23", "10.66.3.0/24"));
	assert_false(overlap("::/0", "0.0.0.0/0"));
	assert_true(overlap("fd00::/48", "fd00:0:0:ffff::/64"));
	assert_false(overlap("fd00::/48", "fd00:0:1::/64"));
	assert_true(contains("10.66.3.0/24", "10.66.3.255"));
	assert_false(contains("10.66.3.0/24", "10.66.4.0"));
	assert_false(contains("10.66.3.0/24", "10.66.0.0/16"));
	assert_true(contains("0.0.0.0/0", "10.66.4.0"));
	assert_false(contains("0.0.0.0/0", "::"));
}

static void assert_address(const char *subnet, uint64_t n, const char *expected)
{
	struct net_subnet from = parse(subnet), ret = { 0 };
	char out[INET6_ADDRSTRLEN + 4];
	int r = net_subnet_address(&from, n, &ret);

	if (!expected) {
		assert_int_equal(r, -ERANGE);
		return;
	}
	assert_int_equal(r, 0);
	net_subnet_format(&ret, true, out);
	assert_string_equal(out, expected);
}

static void test_addresses(void **state)
{
	(void)state;
	assert_address("10.66.3.0/24", 0, "10.66.3.0/32");
	assert_address("10.66.3.0/24", 255, "10.66.3.255/32");
	assert_address("10.66.3.0/24", 256, NULL);
	assert_address("10.66.0.0/20", 4095, "10.66.15.255/32");
	assert_address("10.66.3.1/32", 0, "10.66.3.1/32");
	assert_address("10.66.3.1/32", 1, NULL);
	assert_address("0.0.0.0/0", UINT32_MAX, "255.255.255.255/32");
	assert_address("0.0.0.0/0", 1ull << 32, NULL);
	assert_address("fd00::/64", UINT64_MAX, "fd00::ffff:ffff:ffff:ffff/128");
	assert_address("fd00::/48", UINT64_MAX, "fd00::ffff:ffff:ffff:ffff/128");
	assert_address("fd00::/120", 255, "fd00::ff/128");
	assert_address("fd00::/120", 256, NULL);
	assert_address("fd00::1:0:0/64", 0xffff, "fd00::1:0:ffff/128");
}

/* What is chosen of PREFIX bits beside USED; "" if nothing. */
static const char *choose(int family, unsigned prefix, const struct net_used_subnet *used, size_t count)
{
	static char out[INET6_ADDRSTRLEN + 4];
	struct net_subnet ula = parse("fd12:3456:789a::/48"), ret = { 0 };
	struct error err = ERROR_INIT;

	if (net_subnet_choose(family, prefix, &ula, used, count, &ret, &err) < 0) {
		assert_int_equal(err.kind, ERROR_UNAVAILABLE);
		return "";
	}
	net_subnet_format(&ret, true, out);
	return out;
}

static void test_the_first_is_chosen(void **state)
{
	const struct net_used_subnet others[] = { use("192.0.2.0/24"), use("10.0.0.0/16"), use("fd00::/48") };

	(void)state;
	assert_string_equal(choose(AF_INET, 24, NULL, 0), "10.66.0.0/24");
	assert_string_equal(choose(AF_INET, 20, NULL, 0), "10.66.0.0/20");
	assert_string_equal(choose(AF_INET, 24, others, 3), "10.66.0.0/24");
	assert_string_equal(choose(AF_INET6, 64, NULL, 0), "fd12:3456:789a::/64");
	assert_string_equal(choose(AF_INET6, 64, others, 3), "fd12:3456:789a::/64");
}

static void test_what_is_used_is_left_alone(void **state)
{
	const struct net_used_subnet small[] = { use("10.66.0.7/32"), use("10.66.2.0/23"), use("10.66.1.128/25") };
	const struct net_used_subnet vpn[] = { use("10.0.0.0/8") };
	const struct net_used_subnet most[] = { use("172.16.0.0/12"), use("10.0.0.0/8") };
	const struct net_used_subnet all[] = { use("10.0.0.0/8"), use("172.16.0.0/12"), use("192.168.0.0/16") };
	const struct net_used_subnet six[] = { use("fd12:3456:789a::/64"), use("fd12:3456:789a:1::5/128"), use("fd12:3456:789a:2::/63") };
	const struct net_used_subnet whole_six[] = { use("fd12:3456::/32") };

	(void)state;
	assert_string_equal(choose(AF_INET, 24, small, 3), "10.66.4.0/24");
	assert_string_equal(choose(AF_INET, 20, small, 3), "10.66.16.0/20");
	assert_string_equal(choose(AF_INET, 24, vpn, 1), "172.24.0.0/24");
	assert_string_equal(choose(AF_INET, 24, most, 2), "192.168.128.0/24");
	assert_string_equal(choose(AF_INET, 24, all, 3), "");
	assert_string_equal(choose(AF_INET6, 64, six, 3), "fd12:3456:789a:4::/64");
	assert_string_equal(choose(AF_INET6, 64, whole_six, 1), "");
}

/* One after the other, beyond the end of the first pool: none overlaps another. */
static void test_many(void **state)
{
	enum { MANY = 40 };
	struct net_used_subnet used[MANY] = { 0 };

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(net_subnet_choose(AF_INET, 20, NULL, used, i, &used[i].subnet, NULL), 0);
		for (size_t j = 0; j < i; j++)
			assert_false(net_subnets_overlap(&used[i].subnet, &used[j].subnet));
	}
	assert_string_equal(choose(AF_INET, 24, used, MANY), "10.192.128.0/24");
}

static int of_the_host(void)
{
	struct netlink_address four = { .family = AF_INET, .prefix = 24, .length = 4 };
	struct net_used_subnet *used = NULL;
	struct netlink_link lo = { 0 };
	struct net_subnet local = parse("192.0.2.0/24");
	size_t count = 0;
	int fd = -EBADF, found = 0;

	CHECK(netlink_open(&fd) == 0 && netlink_get_link(fd, "lo", &lo) == 0 && netlink_set_loopback_up() == 0);
	inet_pton(AF_INET, "192.0.2.7", four.local);
	memcpy(four.peer, four.local, 4);
	CHECK(netlink_add_address(fd, lo.index, &four) == 0);
	close(fd);
	CHECK(net_subnets_used(&used, &count, NULL) == 0);
	for (size_t i = 0; i < count; i++) {
		if (used[i].subnet.prefix == 24 && net_subnets_overlap(&used[i].subnet, &local))
			found += strcmp(used[i].owner, "the address through lo") == 0 || strcmp(used[i].owner, "the route through lo") == 0;
		CHECK(used[i].subnet.prefix >= 4);
	}
	CHECK(found >= 1);
	free(used);
	return 0;
}

static void test_routes_are_in_use(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_the_host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_the_first_is_chosen),
		cmocka_unit_test(test_what_is_used_is_left_alone),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_routes_are_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
