/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_options.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A network of DRIVER with one option; what is wrong with it, or "". */
static const char *apply(struct spec_network *network, const char *driver, const char *key, const char *value)
{
	static struct spec_pair option;
	static struct error err;
	static struct arena *arena;

	if (!arena)
		arena = arena_new();
	err = ERROR_INIT;
	option = (struct spec_pair){ (char *)key, (char *)value };
	*network = (struct spec_network){ .name = (char *)"n", .driver = (char *)driver, .ipv6 = true, .options = &option, .option_count = key != NULL };
	return network_options_apply(arena, network, &err) < 0 ? err.message : "";
}

static void test_drivers(void **state)
{
	struct spec_network network;

	(void)state;
	assert_string_equal(apply(&network, NULL, NULL, NULL), "");
	assert_string_equal(network.driver, "bridge");
	assert_null(network.mode);
	assert_string_equal(apply(&network, "macvlan", NULL, NULL), "");
	assert_string_equal(network.mode, "bridge");
	assert_string_equal(apply(&network, "ipvlan", NULL, NULL), "");
	assert_string_equal(network.mode, "l2");
	assert_string_equal(apply(&network, "overlay", NULL, NULL), "there is no network driver 'overlay'");
}

static void test_values(void **state)
{
	struct spec_network network;

	(void)state;
	assert_string_equal(apply(&network, "bridge", "com.docker.network.bridge.name", "br7"), "");
	assert_string_equal(network.interface, "br7");
	assert_string_equal(apply(&network, "bridge", "mtu", "1400"), "");
	assert_int_equal(network.mtu, 1400);
	assert_string_equal(apply(&network, "bridge", "com.docker.network.driver.mtu", "9000"), "");
	assert_int_equal(network.mtu, 9000);
	assert_string_equal(apply(&network, "macvlan", "parent", "eth0"), "");
	assert_string_equal(network.interface, "eth0");
	assert_string_equal(apply(&network, "macvlan", "macvlan_mode", "private"), "");
	assert_string_equal(network.mode, "private");
	assert_string_equal(apply(&network, "ipvlan", "ipvlan_mode", "l3s"), "");
	assert_string_equal(network.mode, "l3s");
	assert_string_equal(apply(&network, "bridge", "com.docker.network.enable_ipv6", "false"), "");
	assert_false(network.ipv6);
	assert_string_equal(apply(&network, "bridge", "com.docker.network.enable_ipv4", "false"), "");
	assert_true(network.no_ipv4);
	assert_string_equal(apply(&network, "bridge", "isolate", "strict"), "");
	assert_string_equal(apply(&network, "bridge", "com.docker.network.bridge.enable_icc", "false"), "");
	assert_string_equal(apply(&network, "bridge", "com.docker.network.bridge.enable_ip_masquerade", "0"), "");
}

static void test_what_is_not_taken(void **state)
{
	struct spec_network network;

	(void)state;
	assert_string_equal(apply(&network, "bridge", "parent", "eth0"), "the driver bridge has no option 'parent'");
	assert_string_equal(apply(&network, "bridge", "com.docker.network.bridge.name", "a/b"),
			    "the option com.docker.network.bridge.name: expected the name of an interface, not 'a/b'");
	assert_string_equal(apply(&network, "bridge", "mtu", "67"), "the option mtu: expected a number of bytes from 68 to 65535, not '67'");
	assert_string_equal(apply(&network, "bridge", "mtu", "65536"), "the option mtu: expected a number of bytes from 68 to 65535, not '65536'");
	assert_string_equal(apply(&network, "bridge", "mtu", "1000"), "an MTU of 1000 bytes is too small for IP version 6, which needs 1280");
	assert_string_equal(apply(&network, "macvlan", "mode", "l2"), "the option mode: expected bridge, private, vepa or passthru, not 'l2'");
	assert_string_equal(apply(&network, "ipvlan", "mode", "vepa"), "the option mode: expected l2, l3 or l3s, not 'vepa'");
	assert_string_equal(apply(&network, "bridge", "isolate", "false"), "the option isolate=false is not supported");
	assert_string_equal(apply(&network, "bridge", "com.docker.network.bridge.enable_icc", "no"),
			    "the option com.docker.network.bridge.enable_icc: expected true or false, not 'no'");
	assert_string_equal(apply(&network, "bridge", "com.docker.network.bridge.gateway_mode_ipv4", "routed"),
			    "the option com.docker.network.bridge.gateway_mode_ipv4=routed is not supported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drivers),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
