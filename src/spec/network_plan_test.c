/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/network_plan.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char *sample_addresses[] = { (char *)"10.66.3.2/24", (char *)"fd00::2/64", NULL };
static char *sample_aliases[] = { (char *)"db", NULL };
static struct spec_pair sample_sysctls[] = { { (char *)"net.ipv4.conf.IFNAME.log_martians", (char *)"1" } };
static struct spec_network_link sample_links[] = {
	{
		.kind = SPEC_LINK_VETH,
		.network = (char *)"web",
		.network_id = (char *)"0123",
		.parent = (char *)"bivy0",
		.host_name = (char *)"v0123456789aba",
		.name = (char *)"eth0",
		.mac = (char *)"02:00:00:00:00:01",
		.addresses = sample_addresses,
		.gateway4 = (char *)"10.66.3.1",
		.gateway6 = (char *)"fd00::1",
		.bridge4 = (char *)"10.66.3.1",
		.bridge6 = (char *)"fd00::1",
		.mtu = 1500,
		.has_bursts = true,
		.aliases = sample_aliases,
		.sysctls = sample_sysctls,
		.sysctl_count = 1,
		.receive_bps = 10000000000,
		.transmit_bps = 5000000,
		.priority = 3,
	},
	{
		.kind = SPEC_LINK_IPVLAN,
		.parent = (char *)"eth1",
		.mode = (char *)"l3s",
		.host_name = (char *)"v0123456789abb",
		.name = (char *)"eth1",
		.internal = true,
	},
};
static struct spec_published_port sample_ports[] = {
	{ .protocol = (char *)"tcp", .host_port = 5536, .port = 80, .count = 60000, .address4 = (char *)"10.66.3.2" },
	{ .host_ip = (char *)"::1", .protocol = (char *)"udp", .host_port = 65535, .port = 53, .count = 1, .address6 = (char *)"fd00::2" },
};
static char *sample_leases[] = { (char *)"/run/bivy/networks/n/leases/10.66.3.2", NULL };
static char *sample_names[] = { (char *)"/run/bivy/networks/n/names/c", NULL };

static const struct spec_network_plan sample = {
	.id = (char *)"0123456789ab",
	.links = sample_links,
	.link_count = 2,
	.ports = sample_ports,
	.port_count = 2,
	.leases = sample_leases,
	.names = sample_names,
};

static const char sample_text[] =
	"{\"id\":\"0123456789ab\",\"leases\":[\"/run/bivy/networks/n/leases/10.66.3.2\"],\"names\":[\"/run/bivy/networks/n/names/c\"],\"links\":["
	"{\"kind\":\"veth\",\"network\":\"web\",\"networkId\":\"0123\",\"parent\":\"bivy0\",\"hostName\":\"v0123456789aba\",\"name\":\"eth0\","
	"\"mac\":\"02:00:00:00:00:01\",\"addresses\":[\"10.66.3.2/24\",\"fd00::2/64\"],\"gateway4\":\"10.66.3.1\",\"gateway6\":\"fd00::1\","
	"\"bridge4\":\"10.66.3.1\",\"bridge6\":\"fd00::1\",\"mtu\":1500,\"bursts\":true,\"aliases\":[\"db\"],"
	"\"sysctls\":{\"net.ipv4.conf.IFNAME.log_martians\":\"1\"},\"receiveBps\":10000000000,\"transmitBps\":5000000,\"priority\":3},"
	"{\"kind\":\"ipvlan\",\"parent\":\"eth1\",\"mode\":\"l3s\",\"hostName\":\"v0123456789abb\",\"name\":\"eth1\",\"internal\":true}],\"ports\":["
	"{\"protocol\":\"tcp\",\"hostPort\":5536,\"port\":80,\"count\":60000,\"address4\":\"10.66.3.2\"},"
	"{\"hostIp\":\"::1\",\"protocol\":\"udp\",\"hostPort\":65535,\"port\":53,\"count\":1,\"address6\":\"fd00::2\"}]}";

static void assert_refused(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_network_plan *read = NULL;

	assert_true(spec_network_plan_decode(arena, text, strlen(text), &read, &err) < 0);
	assert_null(read);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, message);
}

static void test_text(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	spec_network_plan_encode(&sample, &text);
	assert_string_equal(text.data, sample_text);
}

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct spec_network_plan *read = NULL;

	(void)state;
	assert_int_equal(spec_network_plan_decode(arena, sample_text, strlen(sample_text), &read, NULL), 0);
	assert_int_equal(read->link_count, 2);
	assert_int_equal(read->links[1].kind, SPEC_LINK_IPVLAN);
	assert_true(read->links[1].internal);
	assert_true(read->links[0].receive_bps == 10000000000);
	assert_string_equal(read->links[0].addresses[1], "fd00::2/64");
	assert_int_equal(read->port_count, 2);
	assert_int_equal(read->ports[0].count, 60000);
	assert_null(read->ports[0].host_ip);
	assert_string_equal(read->leases[0], sample_leases[0]);
	spec_network_plan_encode(read, &again);
	assert_string_equal(again.data, sample_text);
}

/* A container without networks that publishes nothing. */
static void test_nothing(void **state)
{
	static const char text[] = "{\"id\":\"x\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct spec_network_plan *read = NULL;

	(void)state;
	assert_int_equal(spec_network_plan_decode(arena, text, strlen(text), &read, NULL), 0);
	assert_int_equal(read->link_count, 0);
	assert_null(read->leases);
	spec_network_plan_encode(read, &again);
	assert_string_equal(again.data, text);
}

static void test_bad_links(void **state)
{
#define LINK(members) "{\"id\":\"x\",\"links\":[{\"kind\":\"veth\"" members "}]}"
	(void)state;
	assert_refused("{}", "id: missing");
	assert_refused("{\"id\":\"x\",\"links\":[{\"kind\":\"tun\"}]}", "links[0].kind: there is no kind 'tun'");
	assert_refused("{\"id\":\"x\",\"links\":[{}]}", "links[0].kind: missing");
	assert_refused(LINK(""), "links[0].name: missing");
	assert_refused(LINK(",\"name\":\"eth0/x\""), "links[0].name: 'eth0/x' is not a name for an interface");
	assert_refused(LINK(",\"name\":\"eth0\",\"parent\":\"b\""), "links[0].hostName: missing");
	assert_refused(LINK(",\"name\":\"eth0\",\"hostName\":\"h\""), "links[0].parent: missing");
	assert_refused(LINK(",\"name\":\"eth0\",\"hostName\":\"h\",\"parent\":\"b\",\"priority\":8"), "links[0].priority: 8 is out of range (0 to 7)");
#undef LINK
}

static void test_bad_ports(void **state)
{
#define PORT(members) "{\"id\":\"x\",\"ports\":[{" members "}]}"
	(void)state;
	assert_refused(PORT("\"protocol\":\"icmp\""), "ports[0].protocol: expected tcp, udp or sctp");
	assert_refused(PORT(""), "ports[0].protocol: expected tcp, udp or sctp");
	assert_refused(PORT("\"protocol\":\"tcp\",\"port\":80,\"count\":1"), "ports[0].hostPort: there is no port 0");
	assert_refused(PORT("\"protocol\":\"tcp\",\"hostPort\":80,\"count\":1"), "ports[0].port: there is no port 0");
	assert_refused(PORT("\"protocol\":\"tcp\",\"hostPort\":80,\"port\":80"), "ports[0].count: 0 ports are not there from 80 and 80 on");
	assert_refused(PORT("\"protocol\":\"tcp\",\"hostPort\":65535,\"port\":80,\"count\":2"), "ports[0].count: 2 ports are not there from 65535 and 80 on");
	assert_refused(PORT("\"protocol\":\"tcp\",\"hostPort\":70000"), "ports[0].hostPort: 70000 is out of range (0 to 65535)");
	assert_refused("{\"id\":\"x\",\"leases\":[\"y\"]}", "leases: 'y' is not an absolute path");
	assert_refused("{\"id\":\"x\",\"names\":[\"/a\",\"\"]}", "names: '' is not an absolute path");
#undef PORT
}

static void test_addresses(void **state)
{
	(void)state;
	assert_true(spec_network_link_has(&sample_links[0], "10.66.3.2") && spec_network_link_has(&sample_links[0], "fd00::2"));
	assert_false(spec_network_link_has(&sample_links[0], "10.66.3") || spec_network_link_has(&sample_links[0], "10.66.3.22") ||
		spec_network_link_has(&sample_links[0], "") || spec_network_link_has(&sample_links[0], NULL));
	assert_false(spec_network_link_has(&sample_links[1], "10.66.3.2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	  cmocka_unit_test(test_round_trip), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_bad_links), cmocka_unit_test(test_bad_ports),  cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
