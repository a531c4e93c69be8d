/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/network_request.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int decode(struct arena *arena, const char *text, struct spec_network_create *ret, struct error *err)
{
	return spec_network_create_decode(arena, text, strlen(text), ret, err);
}

static void test_create(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network_create create;

	assert_int_equal(decode(arena,
		"{\"Name\":\"n\",\"CheckDuplicate\":true,\"Driver\":\"bridge\",\"EnableIPv4\":false,\"EnableIPv6\":true,\"Internal\":true,\"Attachable\":false,"
		"\"IPAM\":{\"Driver\":\"default\",\"Config\":[{},{\"Subnet\":\"10.1.0.0/24\",\"Gateway\":\"10.1.0.9\",\"AuxiliaryAddresses\":{\"r\":\"10.1.0.3\"}}]},"
		"\"Options\":{\"com.docker.network.driver.mtu\":\"1400\"},\"Labels\":{\"a\":\"b\"}}", &create, NULL), 0);
	assert_string_equal(create.network.name, "n");
	assert_true(create.network.no_ipv4 && create.network.ipv6 && create.network.internal);
	assert_int_equal(create.network.subnet_count, 1);
	assert_string_equal(create.network.subnets[0].gateway, "10.1.0.9");
	assert_string_equal(create.network.subnets[0].auxiliary[0].value, "10.1.0.3");
	assert_string_equal(create.network.labels[0].value, "b");
	assert_string_equal(create.address_driver, "default");
}

static void test_nothing_is_null_or_empty(void **state _unused_)
{
	static const char *const texts[] = { "{}", "{\"Name\":\"\",\"Driver\":\"\",\"IPAM\":null,\"Options\":null,\"Labels\":{},\"ConfigFrom\":null,\"EnableIPv6\":null}",
		"{\"IPAM\":{\"Driver\":\"\",\"Config\":[],\"Options\":{}},\"ConfigFrom\":{\"Network\":\"\"}}" };
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct spec_network_create create;

		assert_int_equal(decode(arena, texts[i], &create, NULL), 0);
		assert_null(create.network.name);
		assert_null(create.network.driver);
		assert_null(create.config_from);
		assert_false(create.network.no_ipv4 || create.network.ipv6);
		assert_int_equal(create.network.subnet_count, 0);
	}
}

static void test_refuses(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{\"Name\":1}", "Name: expected string, found integer" },
		{ "{\"IPAM\":{\"Config\":[{\"Gateway\":\"10.0.0.1\"}]}}", "IPAM.Config: an address without the subnet that it is in" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_network_create create;
		struct error err = ERROR_INIT;

		assert_true(decode(arena, cases[i][0], &create, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_member(void **state _unused_)
{
	static const char text[] = "{\"Container\":\"web\",\"Force\":true,\"EndpointConfig\":{\"IPAMConfig\":{\"IPv4Address\":\"10.0.0.3\"},\"Aliases\":[\"x\"],"
				   "\"Links\":null,\"MacAddress\":\"\"}}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network_member member;

	assert_int_equal(spec_network_member_decode(arena, text, strlen(text), &member, NULL), 0);
	assert_string_equal(member.container, "web");
	assert_true(member.force);
	assert_null(member.endpoint.network);
	assert_null(member.endpoint.mac);
	assert_string_equal(member.endpoint.ipv4, "10.0.0.3");
	assert_string_equal(member.endpoint.aliases[0], "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_nothing_is_null_or_empty),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
