/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_addresses.h"
#include "base/str.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;

static struct net_used_subnet used_by(const char *subnet, const char *owner, const char *interface)
{
	struct net_used_subnet used = { 0 };

	assert_int_equal(net_subnet_parse(subnet, &used.subnet, NULL), 0);
	strcpy(used.owner, owner);
	strcpy(used.interface, interface);
	return used;
}

/* What becomes of the network beside USED: its subnets and gateways, or what is wrong. */
static const char *complete(struct spec_network *network, const struct net_used_subnet *used, size_t count, size_t others)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct net_subnet ula;
	struct error err = ERROR_INIT;
	int r = net_subnet_parse("fd12:3456:789a::/48", &ula, NULL);

	if (!network->driver)
		network->driver = (char *)"bridge";
	if (!network->name)
		network->name = (char *)"n";
	if (r == 0)
		r = network_addresses_check(arena, network, &err);
	if (r == 0)
		r = network_addresses_choose(arena, network, &ula, used, count, others, &err);
	if (r < 0)
		return arena_strdup(arena, err.message);
	for (size_t i = 0; i < network->subnet_count; i++)
		buf_printf(&text, "%s%s %s", i ? ", " : "", network->subnets[i].subnet, network->subnets[i].gateway ? network->subnets[i].gateway : "-");
	return arena_strdup(arena, text.data);
}

/* Of one subnet that is given. */
static const char *given(const char *subnet, const char *gateway, const char *range)
{
	struct spec_network_subnet one = { .subnet = (char *)subnet, .gateway = (char *)gateway, .ip_range = (char *)range };
	struct spec_network network = { .subnets = &one, .subnet_count = 1 };

	return complete(&network, NULL, 0, 0);
}

static void test_nothing_is_given(void **state)
{
	struct spec_network both = { .ipv6 = true }, four = { .ipv6 = false }, six = { .ipv6 = true, .no_ipv4 = true }, none = { .no_ipv4 = true };
	struct spec_network usual = { .name = (char *)"bridge" }, closed = { .driver = (char *)"macvlan", .internal = true };

	(void)state;
	assert_string_equal(complete(&both, NULL, 0, 0), "10.66.0.0/24 10.66.0.1, fd12:3456:789a::/64 fd12:3456:789a::1");
	assert_string_equal(complete(&four, NULL, 0, 0), "10.66.0.0/24 10.66.0.1");
	assert_string_equal(complete(&six, NULL, 0, 0), "fd12:3456:789a::/64 fd12:3456:789a::1");
	assert_string_equal(complete(&none, NULL, 0, 0), "a network needs one of the two versions of IP");
	assert_string_equal(complete(&usual, NULL, 0, 0), "10.66.0.0/20 10.66.0.1");
	assert_string_equal(complete(&closed, NULL, 0, 0), "10.66.0.0/24 -");
}

static void test_one_is_given(void **state)
{
	(void)state;
	assert_string_equal(given("10.1.2.0/24", NULL, NULL), "10.1.2.0/24 10.1.2.1");
	assert_string_equal(given("10.1.2.0/24", "10.1.2.254", "10.1.2.128/25"), "10.1.2.0/24 10.1.2.254");
	assert_string_equal(given("FD00:0::/64", NULL, NULL), "10.66.0.0/24 10.66.0.1, fd00::/64 fd00::1");
	assert_string_equal(given("10.1.2.1/24", NULL, NULL), "the subnet: '10.1.2.1/24' is an address in the network 10.1.2.0/24, not a network");
	assert_string_equal(given("10.1.2.0/31", NULL, NULL),
			    "the subnet 10.1.2.0/31 is too small: a gateway and a container are to have addresses in it");
	assert_string_equal(given("0.0.0.0/0", NULL, NULL), "the subnet 0.0.0.0/0 contains addresses of nobody (0.0.0.0/8)");
	assert_string_equal(given("127.5.0.0/16", NULL, NULL), "the subnet 127.5.0.0/16 contains loopback addresses (127.0.0.0/8)");
	assert_string_equal(given("fe80::/64", NULL, NULL), "the subnet fe80::/64 contains link-local addresses (fe80::/10)");
	assert_string_equal(given("10.1.2.0/24", "10.1.3.1", NULL), "the gateway 10.1.3.1 is not in the subnet 10.1.2.0/24");
	assert_string_equal(given("10.1.2.0/24", "10.1.2.0", NULL), "the gateway 10.1.2.0 is the address of the subnet 10.1.2.0/24 itself");
	assert_string_equal(given("10.1.2.0/24", "10.1.2.255", NULL), "the gateway 10.1.2.255 is the broadcast address of the subnet 10.1.2.0/24");
	assert_string_equal(given("10.1.2.0/24", "x", NULL), "the gateway: 'x' is not an address");
	assert_string_equal(given("10.1.2.0/24", NULL, "10.1.0.0/16"), "the range 10.1.0.0/16 is not in the subnet 10.1.2.0/24");
}

static void test_two_of_a_kind(void **state)
{
	struct spec_network_subnet two[] = { { .subnet = (char *)"10.1.2.0/24" }, { .subnet = (char *)"10.1.3.0/24" } };
	struct spec_network network = { .subnets = two, .subnet_count = 2 };

	(void)state;
	assert_string_equal(complete(&network, NULL, 0, 0),
			    "the subnets 10.1.2.0/24 and 10.1.3.0/24 are of one version of IP: a network has one of each");
}

static void test_overlaps(void **state)
{
	const struct net_used_subnet used[] = {
		used_by("10.66.0.0/24", "the network 'web'", ""),
		used_by("10.1.0.0/16", "the route through eth0", "eth0"),
	};
	struct spec_network_subnet lan = { .subnet = (char *)"10.1.2.0/24" }, web = { .subnet = (char *)"10.66.0.0/16" };
	struct spec_network route = { .subnets = &lan, .subnet_count = 1 }, network = { .subnets = &web, .subnet_count = 1 }, free = { .ipv6 = false };
	struct spec_network own = { .subnets = &lan, .subnet_count = 1, .interface = (char *)"eth0" };
	struct spec_network macvlan = { .subnets = &lan, .subnet_count = 1, .driver = (char *)"macvlan", .interface = (char *)"eth0" };
	struct spec_network macvlan_web = { .subnets = &web, .subnet_count = 1, .driver = (char *)"macvlan", .interface = (char *)"eth0" };

	(void)state;
	assert_string_equal(complete(&route, used, 2, 1), "the subnet 10.1.2.0/24 overlaps the route through eth0 (10.1.0.0/16)");
	assert_string_equal(complete(&network, used, 2, 1), "the subnet 10.66.0.0/16 overlaps the network 'web' (10.66.0.0/24)");
	assert_string_equal(complete(&free, used, 2, 1), "10.66.1.0/24 10.66.1.1");
	/* Its own bridge's, and that of the link that it is on. */
	assert_string_equal(complete(&own, used, 2, 1), "10.1.2.0/24 10.1.2.1");
	assert_string_equal(complete(&macvlan, used, 2, 1), "10.1.2.0/24 10.1.2.1");
	assert_string_equal(complete(&macvlan_web, used, 2, 1), "the subnet 10.66.0.0/16 overlaps the network 'web' (10.66.0.0/24)");
}

static void test_assigning(void **state)
{
	char *subnets[] = { (char *)"10.1.2.0/24", (char *)"fd00::/64", NULL }, *gateways[] = { (char *)"fd00::9", (char *)"10.1.2.9", NULL };
	char *ranges[] = { (char *)"10.1.2.64/26", NULL }, *stray[] = { (char *)"10.9.9.9", NULL }, *twice[] = { (char *)"10.1.2.1", (char *)"10.1.2.2", NULL };
	struct spec_pair other = { (char *)"printer", (char *)"10.1.2.7" };
	struct spec_network network = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(network_addresses_assign(arena, &(struct network_address_texts){ subnets, ranges, gateways, &other, 1 }, &network, NULL), 0);
	assert_int_equal(network.subnet_count, 2);
	assert_string_equal(network.subnets[0].gateway, "10.1.2.9");
	assert_string_equal(network.subnets[0].ip_range, "10.1.2.64/26");
	assert_string_equal(network.subnets[0].auxiliary[0].key, "printer");
	assert_string_equal(network.subnets[1].gateway, "fd00::9");
	assert_null(network.subnets[1].ip_range);
	assert_true(network_addresses_assign(arena, &(struct network_address_texts){ subnets, NULL, stray, NULL, 0 }, &network, &err) < 0);
	assert_string_equal(err.message, "the gateway 10.9.9.9 is in no subnet of the network");
	assert_true(network_addresses_assign(arena, &(struct network_address_texts){ subnets, NULL, twice, NULL, 0 }, &network, &err) < 0);
	assert_string_equal(err.message, "the gateway 10.1.2.1 and 10.1.2.2 are in one subnet, which has one at most");
	assert_true(network_addresses_assign(arena, &(struct network_address_texts){ NULL, ranges, NULL, NULL, 0 }, &network, &err) < 0);
	assert_string_equal(err.hint, "--subnet says which one it has");
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_given), TEST(test_one_is_given), TEST(test_two_of_a_kind), TEST(test_overlaps), TEST(test_assigning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
