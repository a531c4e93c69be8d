/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/network.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct spec_pair sample_auxiliary[] = { { (char *)"router", (char *)"10.66.3.129" } };
static struct spec_network_subnet sample_subnets[] = {
	{ (char *)"10.66.3.0/24", (char *)"10.66.3.1", (char *)"10.66.3.128/25", sample_auxiliary, 1 },
	{ .subnet = (char *)"fd00:1:2:3::/64" },
};
static struct spec_pair sample_options[] = { { (char *)"parent", (char *)"eth0" } };
static struct spec_pair sample_labels[] = { { (char *)"tier", (char *)"" } };
static char *sample_dns[] = { (char *)"192.0.2.53", NULL };

static const struct spec_network sample = {
	.id = (char *)ID,
	.name = (char *)"web",
	.created = (char *)"2024-02-29T12:00:00Z",
	.driver = (char *)"macvlan",
	.internal = true,
	.no_dns = true,
	.no_ipv4 = true,
	.ipv6 = true,
	.subnets = sample_subnets,
	.subnet_count = 2,
	.interface = (char *)"eth0",
	.mode = (char *)"bridge",
	.mtu = 1400,
	.dns = sample_dns,
	.options = sample_options,
	.option_count = 1,
	.labels = sample_labels,
	.label_count = 1,
};

static const char sample_text[] =
	"{\"format\":1,\"Name\":\"web\",\"Id\":\"" ID "\",\"Created\":\"2024-02-29T12:00:00Z\",\"Driver\":\"macvlan\",\"EnableIPv6\":true,"
	"\"Internal\":true,\"DisableDNS\":true,\"Interface\":\"eth0\",\"Mode\":\"bridge\",\"MTU\":1400,\"DNS\":[\"192.0.2.53\"],"
	"\"Options\":{\"parent\":\"eth0\"},\"Labels\":{\"tier\":\"\"},\"EnableIPv4\":false,\"IPAM\":{\"Config\":["
	"{\"Subnet\":\"10.66.3.0/24\",\"IPRange\":\"10.66.3.128/25\",\"Gateway\":\"10.66.3.1\","
	"\"AuxiliaryAddresses\":{\"router\":\"10.66.3.129\"}},{\"Subnet\":\"fd00:1:2:3::/64\"}]}}";

static void assert_refused(const char *text, enum error_kind kind, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_network *read = NULL;

	assert_true(spec_network_decode(arena, text, strlen(text), &read, &err) < 0);
	assert_null(read);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.message, message);
}

/* What a record of this format looks like on disk: a change here needs another format, or only adds. */
static void test_text(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	spec_network_encode(&sample, &text);
	assert_string_equal(text.data, sample_text);
}

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct spec_network *read = NULL;

	(void)state;
	assert_int_equal(spec_network_decode(arena, sample_text, strlen(sample_text), &read, NULL), 0);
	assert_true(read->internal && read->no_dns && read->no_ipv4 && read->ipv6);
	assert_int_equal(read->mtu, 1400);
	assert_int_equal(read->subnet_count, 2);
	assert_string_equal(read->subnets[0].ip_range, "10.66.3.128/25");
	assert_null(read->subnets[1].gateway);
	assert_string_equal(read->dns[0], "192.0.2.53");
	assert_string_equal(read->labels[0].value, "");
	spec_network_encode(read, &again);
	assert_string_equal(again.data, sample_text);
}

static void test_little_is_needed(void **state)
{
	static const char text[] = "{\"format\":1,\"later\":{\"x\":[1]},\"Id\":\"" ID "\",\"Name\":\"n\",\"Driver\":\"bridge\",\"EnableIPv4\":true,"
				   "\"IPAM\":{\"Driver\":\"default\",\"Config\":null}}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network *read = NULL;

	(void)state;
	assert_int_equal(spec_network_decode(arena, text, strlen(text), &read, NULL), 0);
	assert_false(read->no_ipv4 || read->ipv6 || read->internal);
	assert_int_equal(read->subnet_count, 0);
	assert_null(read->dns);
}

static void test_bad_records(void **state)
{
#define START "{\"format\":1,\"Id\":\"" ID "\",\"Name\":\"n\",\"Driver\":\"bridge\""
	(void)state;
	assert_refused("", ERROR_INVALID, "network.json: line 1, column 1: expected a value, found the end");
	assert_refused("[]", ERROR_INVALID, "network.json: expected object, found array");
	assert_refused("{}", ERROR_INVALID, "format: missing");
	assert_refused("{\"format\":2}", ERROR_UNSUPPORTED, "network.json has format 2 of a newer version, this one reads up to 1");
	assert_refused("{\"format\":1,\"Id\":\"" ID "\",\"Name\":\"\",\"Driver\":\"bridge\"}", ERROR_INVALID, "Name: missing");
	assert_refused("{\"format\":1,\"Id\":\"../x\",\"Name\":\"n\",\"Driver\":\"bridge\"}", ERROR_INVALID,
		       "Id: '../x' is not an id of 64 hexadecimal digits");
	assert_refused("{\"format\":1,\"Id\":\"" ID "\",\"Name\":\"n\",\"Driver\":\"overlay\"}", ERROR_INVALID, "Driver: there is no driver 'overlay'");
	assert_refused(START ",\"Interface\":\"../../all\"}", ERROR_INVALID, "Interface: '../../all' is not a name for an interface");
	assert_refused(START ",\"EnableIPv4\":1}", ERROR_INVALID, "EnableIPv4: expected boolean, found integer");
	assert_refused(START ",\"IPAM\":[]}", ERROR_INVALID, "IPAM: expected object, found array");
	assert_refused(START ",\"IPAM\":{\"Config\":[{}]}}", ERROR_INVALID, "IPAM.Config[0].Subnet: missing");
	assert_refused(START ",\"IPAM\":{\"Config\":[{\"Subnet\":\"\"}]}}", ERROR_INVALID, "IPAM.Config[0].Subnet: missing");
	assert_refused(START ",\"MTU\":4294967296}", ERROR_INVALID, "MTU: 4294967296 is out of range (0 to 4294967295)");
#undef START
}

/* The members that docker's documents have are all there, by their names. */
static void test_inspect(void **state)
{
	static const struct spec_network plain = { .id = (char *)ID, .name = (char *)"web", .driver = (char *)"bridge", .interface = (char *)"br1" };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };

	(void)state;
	json_write_open(&w, NULL, '{');
	spec_network_write_inspect(&w, &plain);
	json_write_close(&w, '}');
	assert_string_equal(text.data,
			    "{\"Name\":\"web\",\"Id\":\"" ID "\",\"Created\":\"0001-01-01T00:00:00Z\",\"Scope\":\"local\",\"Driver\":\"bridge\",\"EnableIPv4\":true,"
			    "\"EnableIPv6\":false,\"IPAM\":{\"Driver\":\"default\",\"Options\":null,\"Config\":[]},\"Internal\":false,\"Attachable\":false,"
			    "\"Ingress\":false,\"ConfigFrom\":{\"Network\":\"\"},\"ConfigOnly\":false,\"Options\":{},\"Labels\":{},\"Interface\":\"br1\","
			    "\"Mode\":\"\",\"MTU\":0,\"DisableDNS\":false,\"DNS\":null}");
}

static void test_interface_names(void **state)
{
	(void)state;
	assert_true(spec_interface_name_is_valid("eth0"));
	assert_true(spec_interface_name_is_valid("eth0.100@x-y_z#"));
	assert_true(spec_interface_name_is_valid("123456789012345"));
	assert_false(spec_interface_name_is_valid("1234567890123456"));
	assert_false(spec_interface_name_is_valid(""));
	assert_false(spec_interface_name_is_valid("."));
	assert_false(spec_interface_name_is_valid(".."));
	assert_false(spec_interface_name_is_valid("a/b"));
	assert_false(spec_interface_name_is_valid("a:b"));
	assert_false(spec_interface_name_is_valid("a b"));
	assert_false(spec_interface_name_is_valid("\xc3\xa9th"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	     cmocka_unit_test(test_round_trip), cmocka_unit_test(test_little_is_needed),
		cmocka_unit_test(test_bad_records), cmocka_unit_test(test_inspect),    cmocka_unit_test(test_interface_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
