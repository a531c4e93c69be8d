/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_network.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_forms(void **state _unused_)
{
	static const char *const texts[] = {
		"web:ip=10.0.0.2,ip=fd00::2,mac=02-00-00-00-00-0A,alias=a,alias=b,interface_name=lan0",
		"name=web,ip=10.0.0.2,ip6=fd00:0:0::2,mac-address=02:00:00:00:00:0a,alias=a,alias=b,interface-name=lan0",
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct spec_container_endpoint endpoint;
		struct error err = ERROR_INIT;

		if (value_network_parse(arena, texts[i], &endpoint, &err) < 0)
			fail_msg("'%s': %s", texts[i], err.message);
		assert_string_equal(endpoint.network, "web");
		assert_string_equal(endpoint.ipv4, "10.0.0.2");
		assert_string_equal(endpoint.ipv6, "fd00::2");
		assert_string_equal(endpoint.mac, "02:00:00:00:00:0a");
		assert_string_equal(endpoint.aliases[0], "a");
		assert_string_equal(endpoint.aliases[1], "b");
		assert_null(endpoint.aliases[2]);
		assert_string_equal(endpoint.interface, "lan0");
	}
}

static void test_docker_only(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_endpoint endpoint;

	assert_int_equal(value_network_parse(arena, "name=web,link-local-ip=169.254.0.9,gw-priority=-3,\"driver-opt=a.b=c=1,d=2\"", &endpoint, NULL), 0);
	assert_string_equal(endpoint.link_local[0], "169.254.0.9");
	assert_int_equal(endpoint.gateway_priority, -3);
	assert_int_equal(endpoint.option_count, 1);
	assert_string_equal(endpoint.options[0].key, "a.b");
	assert_string_equal(endpoint.options[0].value, "c=1,d=2");
	assert_int_equal(value_network_parse(arena, "bridge:alias=x", &endpoint, NULL), 0);
	assert_null(endpoint.network);
	assert_true(value_network_is_mode("container:x") && value_network_is_mode("host") && !value_network_is_mode("hosts"));
}

static void test_wrong(void **state _unused_)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "expected the name of a network" },
		{ ":ip=10.0.0.2", "expected the name of a network" },
		{ "alias=a", "expected the name of a network" },
		{ "name=a,name=b", "there is the name 'a' already" },
		{ "web:ip", "expected KEY=VALUE, not 'ip'" },
		{ "web:ip=10.0.0.256", "expected an address of IP version 4, not '10.0.0.256'" },
		{ "web:ip6=10.0.0.2", "expected an address of IP version 6, not '10.0.0.2'" },
		{ "web:ip=10.0.0.2,ip=10.0.0.3", "there is the address '10.0.0.2' already" },
		{ "web:mac=01:00:00:00:00:01", "expected a hardware address such as 02:00:00:00:00:01, not '01:00:00:00:00:01'" },
		{ "web:mac=02:00:00:00:00", "expected a hardware address such as 02:00:00:00:00:01, not '02:00:00:00:00'" },
		{ "web:alias=-a", "expected a name of letters, digits, '-', '_' and '.', not '-a'" },
		{ "web:alias=a b", "expected a name of letters, digits, '-', '_' and '.', not 'a b'" },
		{ "web:interface_name=averyveryverylongone", "'averyveryverylongone' is no name for an interface" },
		{ "web:link-local-ip=10.0.0.2", "'10.0.0.2' is no link-local address (169.254.0.0/16, fe80::/10)" },
		{ "web:gw-priority=x", "expected a number, not 'x'" },
		{ "web:driver-opt==1", "expected NAME=VALUE, not '=1'" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_container_endpoint endpoint;
		struct error err = ERROR_INIT;

		if (value_network_parse(arena, cases[i].text, &endpoint, &err) == 0)
			fail_msg("'%s' was taken", cases[i].text);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void test_single_options(void **state _unused_)
{
	char *const links[] = { (char *)"/db", (char *)"cache:redis", NULL };
	const struct value_endpoint more = { .ipv4 = "10.0.0.2", .links = links, .priority = "4" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_endpoint endpoint = { .network = NULL };
	struct error err = ERROR_INIT;

	assert_int_equal(value_endpoint_add(arena, &more, &endpoint, &err), 0);
	assert_string_equal(endpoint.links[0], "db:db");
	assert_string_equal(endpoint.links[1], "cache:redis");
	assert_int_equal(endpoint.gateway_priority, 4);
	assert_true(value_endpoint_add(arena, &more, &endpoint, &err) < 0);
	assert_string_equal(err.message, "invalid value '10.0.0.2' for --ip: there is the address '10.0.0.2' already");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_docker_only),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_single_options),
	};

	return cmocka_run_group_tests_name("cli/value_network", tests, NULL, NULL);
}
