/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_network_plan.h"

#include "engine/container_scratch_test.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct arena *arena;
static struct directories directories;
static struct spec_network_subnet web_subnets[] = {
	{ .subnet = (char *)"10.66.3.0/24", .gateway = (char *)"10.66.3.1" },
	{ .subnet = (char *)"fd12::/64", .gateway = (char *)"fd12::1" },
};
static struct spec_network_subnet back_subnets[] = { { .subnet = (char *)"10.66.4.0/24", .gateway = (char *)"10.66.4.1" } };
static const struct spec_network web = { .id = (char *)ID_A, .name = (char *)"web", .driver = (char *)"bridge", .interface = (char *)"br-web", .ipv6 = true,
	.subnets = web_subnets, .subnet_count = 2, .mtu = 1400 };
static const struct spec_network back = { .id = (char *)ID_B, .name = (char *)"back", .driver = (char *)"bridge", .interface = (char *)"br-back",
	.subnets = back_subnets, .subnet_count = 1 };
static struct spec_container container = { .id = (char *)"c0ffeec0ffee0000000000000000000000000000000000000000000000000000", .name = (char *)"one" };
static struct container_record record;

static int begin(void **state)
{
	int r = shell_begin(state);

	arena = arena_new();
	directories = scratch_directories();
	container.host = (struct spec_host_config){ 0 };
	container.config = (struct spec_container_config){ 0 };
	record = (struct container_record){ .arena = arena, .directories = &directories, .container = &container, .fd = -EBADF };
	return r;
}

static int end(void **state)
{
	arena_free(arena);
	return shell_end(state);
}

/* What becomes of an endpoint in NETWORK as one more link of PLAN: "", or the message. */
static const char *add_link(struct spec_network_plan *plan, const struct spec_network *network, const struct spec_container_endpoint *endpoint)
{
	const struct spec_container_endpoint usual = { .network = network->name };
	struct error err = ERROR_INIT;

	plan->id = container.id;
	if (container_network_plan_link(arena, &record, network, endpoint ? endpoint : &usual, plan, &err) == 0)
		return "";
	return arena_strdup(arena, err.message);
}

/* ---- links ---------------------------------------------------------------------------- */

static void test_link(void **state _unused_)
{
	struct spec_network_plan plan = { 0 }, again = { 0 };
	const struct spec_network_link *link;

	assert_string_equal(add_link(&plan, &web, NULL), "");
	assert_string_equal(add_link(&plan, &back, NULL), "");
	assert_int_equal(plan.link_count, 2);
	link = &plan.links[0];
	assert_int_equal(link->kind, SPEC_LINK_VETH);
	assert_string_equal(link->parent, "br-web");
	assert_string_equal(link->host_name, "vc0ffeec0ffeea");
	assert_string_equal(link->name, "eth0");
	assert_int_equal(link->mtu, 1400);
	assert_int_equal(strv_length(link->addresses), 2);
	assert_string_equal(link->addresses[0], "10.66.3.2/24");
	assert_string_equal(link->addresses[1], "fd12::2/64");
	assert_string_equal(link->bridge4, "10.66.3.1");
	assert_string_equal(link->bridge6, "fd12::1");
	assert_string_equal(plan.links[1].host_name, "vc0ffeec0ffeeb");
	assert_string_equal(plan.links[1].name, "eth1");
	assert_string_equal(plan.links[1].addresses[0], "10.66.4.2/24");
	assert_null(plan.links[1].addresses[1]);
	assert_int_equal(strv_length(plan.leases), 3);
	for (char **lease = plan.leases; *lease; lease++)
		assert_int_equal(faccessat(AT_FDCWD, *lease, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	/* The address of the hardware is the same each time, of one's own making, and another one in each network. */
	assert_string_equal(add_link(&again, &web, NULL), "");
	assert_string_equal(again.links[0].mac, link->mac);
	assert_true(strncmp(link->mac, "02:", 3) == 0 && strlen(link->mac) == 17);
	assert_string_not_equal(link->mac, plan.links[1].mac);
	assert_int_equal(container_network_find_link(&plan, "back"), 1);
	assert_int_equal(container_network_find_link(&plan, "front"), SIZE_MAX);
}

static void test_asked(void **state _unused_)
{
	char *link_local[] = { (char *)"169.254.7.7", (char *)"fe80::7", NULL };
	struct spec_pair options[] = { { (char *)"com.docker.network.endpoint.sysctls", (char *)"net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.mtu=1300" } };
	const struct spec_container_endpoint endpoint = { .network = (char *)"web", .ipv4 = (char *)"10.66.3.77", .ipv6 = (char *)"fd12::77",
		.mac = (char *)"02:00:00:00:00:07", .interface = (char *)"lan", .link_local = link_local, .options = options, .option_count = 1 };
	struct spec_network_plan plan = { 0 };
	const struct spec_network_link *link;

	container.host.net_limit = (char *)"down=10mbit,up=5mbit,priority=3";
	assert_string_equal(add_link(&plan, &web, &endpoint), "");
	link = &plan.links[0];
	assert_string_equal(link->name, "lan");
	assert_string_equal(link->mac, "02:00:00:00:00:07");
	assert_int_equal(strv_length(link->addresses), 4);
	assert_string_equal(link->addresses[0], "10.66.3.77/24");
	assert_string_equal(link->addresses[1], "fd12::77/64");
	assert_string_equal(link->addresses[2], "169.254.7.7/16");
	assert_string_equal(link->addresses[3], "fe80::7/64");
	assert_int_equal(link->sysctl_count, 2);
	assert_string_equal(link->sysctls[0].key, "net.ipv4.conf.IFNAME.log_martians");
	assert_string_equal(link->sysctls[0].value, "1");
	assert_string_equal(link->sysctls[1].value, "1300");
	assert_true(link->receive_bps == 10000000 && link->transmit_bps == 5000000 && link->priority == 3);
}

static void test_kinds(void **state _unused_)
{
	const struct spec_network macvlan = { .id = (char *)ID_A, .name = (char *)"lan", .driver = (char *)"macvlan", .interface = (char *)"eth7", .mode = (char *)"private" };
	const struct spec_network ipvlan = { .id = (char *)ID_B, .name = (char *)"lan2", .driver = (char *)"ipvlan", .interface = (char *)"eth7", .mode = (char *)"l3" };
	struct spec_network_plan plan = { 0 };

	assert_string_equal(add_link(&plan, &macvlan, NULL), "");
	assert_string_equal(add_link(&plan, &ipvlan, NULL), "");
	assert_int_equal(plan.links[0].kind, SPEC_LINK_MACVLAN);
	assert_string_equal(plan.links[0].parent, "eth7");
	assert_string_equal(plan.links[0].mode, "private");
	assert_non_null(plan.links[0].mac);
	assert_int_equal(plan.links[1].kind, SPEC_LINK_IPVLAN);
	assert_null(plan.links[1].mac);
	assert_null(plan.links[0].addresses);
}

/* A name that an endpoint asks for is nobody else's, in whichever order they come. */
static void test_names_of_interfaces(void **state _unused_)
{
	struct spec_container_endpoint endpoints[] = { { .network = (char *)"web" }, { .network = (char *)"back", .interface = (char *)"eth0" } };
	struct spec_network_plan plan = { 0 };

	container.host.endpoints = endpoints;
	container.host.endpoint_count = 2;
	assert_string_equal(add_link(&plan, &web, &endpoints[0]), "");
	assert_string_equal(add_link(&plan, &back, &endpoints[1]), "");
	assert_string_equal(plan.links[0].name, "eth1");
	assert_string_equal(plan.links[1].name, "eth0");
	assert_string_equal(add_link(&plan, &back, &endpoints[1]), "there is another interface called 'eth0'");
	assert_int_equal(plan.link_count, 2);
}

static void test_refusals(void **state _unused_)
{
	struct spec_pair sysctls = { (char *)"com.docker.network.endpoint.sysctls", (char *)"kernel.hostname=x" };
	const struct spec_container_endpoint outside = { .network = (char *)"back", .ipv4 = (char *)"10.99.0.1" }, six = { .network = (char *)"back", .ipv6 = (char *)"fd99::1" },
		gateway = { .network = (char *)"back", .ipv4 = (char *)"10.66.4.1" }, sysctl = { .network = (char *)"back", .options = &sysctls, .option_count = 1 };
	struct spec_network_plan plan = { 0 };

	assert_string_equal(add_link(&plan, &back, &outside), "the network 'back': the address 10.99.0.1 is not in the subnet 10.66.4.0/24");
	assert_string_equal(add_link(&plan, &back, &six), "the network 'back' has no addresses of IP version 6, such as fd99::1");
	assert_non_null(strstr(add_link(&plan, &back, &gateway), "10.66.4.1"));
	assert_string_equal(add_link(&plan, &back, &sysctl), "'kernel.hostname=x' is no sysctl of an interface: expected net.…IFNAME.…=VALUE");
	assert_int_equal(plan.link_count, 0);
	container.host.net_limit = (char *)"down=x";
	assert_string_not_equal(add_link(&plan, &back, NULL), "");
}

static void test_too_many(void **state _unused_)
{
	const struct spec_network none = { .id = (char *)ID_A, .name = (char *)"n", .driver = (char *)"bridge", .interface = (char *)"br-n" };
	struct spec_network_plan plan = { 0 };

	for (int i = 0; i < CONTAINER_NETWORK_LINKS; i++)
		assert_string_equal(add_link(&plan, &none, NULL), "");
	assert_string_equal(plan.links[35].host_name, "vc0ffeec0ffee9");
	assert_string_equal(plan.links[35].name, "eth35");
	assert_string_equal(add_link(&plan, &none, NULL), "a container is in 36 networks at most");
}

/* ---- routes --------------------------------------------------------------------------- */

/* "4: NETWORK 6: NETWORK" of the default routes, of the links a, b and c, where c is internal. */
static const char *routes(int64_t a, int64_t b, int64_t c)
{
	struct spec_container_endpoint endpoints[] = { { .network = (char *)"a", .gateway_priority = a }, { .network = (char *)"b", .gateway_priority = b },
		{ .network = (char *)"c", .gateway_priority = c } };
	const struct spec_host_config host = { .endpoints = endpoints, .endpoint_count = 3 };
	struct spec_network_link links[] = {
		{ .network = (char *)"b", .bridge4 = (char *)"10.2.0.1", .bridge6 = (char *)"fd02::1", .gateway4 = (char *)"10.9.9.9" },
		{ .network = (char *)"a", .bridge4 = (char *)"10.1.0.1", .gateway6 = (char *)"fd09::9" },
		{ .network = (char *)"c", .bridge4 = (char *)"10.3.0.1", .bridge6 = (char *)"fd03::1", .internal = true },
	};
	struct spec_network_plan plan = { .links = links, .link_count = 3 };
	const char *four = "none", *six = "none";

	container_network_plan_routes(&plan, &host);
	for (size_t i = 0; i < 3; i++) {
		assert_true(!links[i].gateway4 || links[i].gateway4 == links[i].bridge4);
		assert_true(!links[i].gateway6 || links[i].gateway6 == links[i].bridge6);
		four = links[i].gateway4 ? links[i].network : four;
		six = links[i].gateway6 ? links[i].network : six;
	}
	return arena_printf(arena, "4: %s 6: %s", four, six);
}

static void test_routes(void **state _unused_)
{
	assert_string_equal(routes(0, 0, 0), "4: a 6: b");
	assert_string_equal(routes(0, 1, 0), "4: b 6: b");
	assert_string_equal(routes(1, 0, 9), "4: a 6: b");
	assert_string_equal(routes(-1, 0, 0), "4: b 6: b");
}

/* ---- ports ---------------------------------------------------------------------------- */

static char *addresses_two[] = { (char *)"10.66.3.2/24", (char *)"fd12::2/64", NULL }, *addresses_four[] = { (char *)"10.66.4.2/24", NULL };
static struct spec_network_link links[] = {
	{ .kind = SPEC_LINK_VETH, .network = (char *)"web", .addresses = addresses_two, .bridge4 = (char *)"10.66.3.1", .bridge6 = (char *)"fd12::1" },
	{ .kind = SPEC_LINK_VETH, .network = (char *)"back", .addresses = addresses_four, .bridge4 = (char *)"10.66.4.1", .gateway4 = (char *)"10.66.4.1" },
};

/* "[HOST_IP ]HOST_PORT[<FIRST-LAST]:PORT+COUNT/PROTOCOL ADDRESS4 ADDRESS6" of each, or the message. */
static const char *publish(const struct spec_container_port *ports, size_t count, char *const *exposed, const struct spec_network_plan *plan)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_published_port *published = NULL;
	struct spec_port_range *ranges = NULL;
	struct error err = ERROR_INIT;

	if (container_network_plan_ports(arena, ports, count, exposed, plan, &published, &ranges, &count, &err) < 0)
		return arena_strdup(arena, err.message);
	for (size_t i = 0; i < count; i++) {
		const struct spec_published_port *p = &published[i];

		buf_printf(&text, "%s%s%s%u", i ? ", " : "", p->host_ip ? p->host_ip : "", p->host_ip ? " " : "", p->host_port);
		if (ranges[i].first && !p->host_port)
			buf_printf(&text, "<%u-%u", ranges[i].first, ranges[i].last);
		buf_printf(&text, ":%u+%u/%s %s %s", p->port, p->count, p->protocol, p->address4 ? p->address4 : "-", p->address6 ? p->address6 : "-");
	}
	return arena_strdup(arena, text.data ? text.data : "");
}

/* One port, of a container in both networks. */
static const char *publish_one(const char *host_ip, const char *host_port, const char *port, const char *protocol)
{
	const struct spec_container_port one = { (char *)host_ip, (char *)host_port, (char *)port, (char *)protocol };
	const struct spec_network_plan plan = { .links = links, .link_count = 2 };

	return publish(&one, 1, NULL, &plan);
}

/* Of IP version 4 packets go where the default route is; of version 6 there is one network that has it. */
static void test_ports(void **state _unused_)
{
	assert_string_equal(publish_one(NULL, "8080", "80", NULL), "8080:80+1/tcp 10.66.4.2 fd12::2");
	assert_string_equal(publish_one("192.0.2.1", "53", "53", "udp"), "192.0.2.1 53:53+1/udp 10.66.4.2 -");
	assert_string_equal(publish_one("2001:db8::1", "53", "53", "sctp"), "2001:db8::1 53:53+1/sctp - fd12::2");
	assert_string_equal(publish_one("", "", "80", NULL), "0:80+1/tcp 10.66.4.2 fd12::2");
	assert_string_equal(publish_one(NULL, "0", "80", NULL), "0:80+1/tcp 10.66.4.2 fd12::2");
	assert_string_equal(publish_one(NULL, "8000-8010", "80", NULL), "0<8000-8010:80+1/tcp 10.66.4.2 fd12::2");
	assert_string_equal(publish_one(NULL, "8000-8010", "9000-9010", NULL), "8000:9000+11/tcp 10.66.4.2 fd12::2");
	assert_string_equal(publish_one(NULL, "1-65535", "1-65535", NULL), "1:1+65535/tcp 10.66.4.2 fd12::2");
	assert_string_equal(publish_one(NULL, NULL, "9000-9010", NULL), "0:9000+11/tcp 10.66.4.2 fd12::2");
}

/* What the network says counts where the user says nothing, and for its version alone. */
static void test_binding(void **state _unused_)
{
	struct spec_network_link bound[] = { links[0], links[1] };
	const struct spec_container_port any = { .host_port = (char *)"80", .port = (char *)"80" },
		own = { .host_ip = (char *)"0.0.0.0", .host_port = (char *)"80", .port = (char *)"80" };
	struct spec_network_plan plan = { .links = bound, .link_count = 2 };

	bound[1].host_binding = (char *)"127.0.0.1";
	assert_string_equal(publish(&any, 1, NULL, &plan), "127.0.0.1 80:80+1/tcp 10.66.4.2 -");
	assert_string_equal(publish(&own, 1, NULL, &plan), "0.0.0.0 80:80+1/tcp 10.66.4.2 -");
	bound[0].host_binding = (char *)"2001:db8::1";
	plan.link_count = 1;
	assert_string_equal(publish(&any, 1, NULL, &plan), "2001:db8::1 80:80+1/tcp - fd12::2");
}

/* Neighbours, on both sides, become one. */
static void test_neighbours(void **state _unused_)
{
	char *a = (char *)"8000", *b = (char *)"8001", *c = (char *)"8002", *any = (char *)"192.0.2.1";
	const struct spec_container_port asked[] = {
		{ .host_port = a, .port = a }, { .host_port = b, .port = b }, { .host_port = c, .port = c, .protocol = (char *)"udp" },
		{ .host_ip = any, .host_port = a, .port = b }, { .host_ip = any, .host_port = b, .port = c }, { .host_port = c, .port = b },
		{ .port = b }, { .port = c },
	};
	const struct spec_network_plan plan = { .links = &links[1], .link_count = 1 };

	assert_string_equal(publish(asked, ARRAY_SIZE(asked), NULL, &plan), "8000:8000+2/tcp 10.66.4.2 -, 8002:8002+1/udp 10.66.4.2 -, "
		"192.0.2.1 8000:8001+2/tcp 10.66.4.2 -, 8002:8001+1/tcp 10.66.4.2 -, 0:8001+1/tcp 10.66.4.2 -, 0:8002+1/tcp 10.66.4.2 -");
}

static void test_wrong_ports(void **state _unused_)
{
	const struct spec_container_port one = { .host_port = (char *)"80", .port = (char *)"80" }, six = { .host_ip = (char *)"::1", .port = (char *)"80" };
	struct spec_network_link closed[] = { links[0], links[0] };
	const struct spec_network_plan back_alone = { .links = &links[1], .link_count = 1 }, none = { .links = closed, .link_count = 2 }, empty = { 0 };

	closed[0].internal = true;
	closed[1].kind = SPEC_LINK_MACVLAN;
	assert_string_equal(publish_one(NULL, "8000-8010", "9000-9011", NULL), "the ranges '8000-8010' and '9000-9011' are not of the same length");
	assert_non_null(strstr(publish_one(NULL, "80", "0", NULL), "cannot publish the port '0'"));
	assert_non_null(strstr(publish_one(NULL, "70000", "80", NULL), "cannot publish the port '80'"));
	assert_string_equal(publish(&one, 1, NULL, &none), "");
	assert_string_equal(publish(&six, 1, NULL, &back_alone), "cannot publish the port 80 on '::1': the container has no address of that IP version");
	assert_string_equal(publish(&one, 1, NULL, &empty), "");
	assert_string_equal(publish(&one, 1, NULL, &back_alone), "80:80+1/tcp 10.66.4.2 -");
}

/* -P: exposed ones that -p has not got. */
static void test_exposed(void **state _unused_)
{
	const struct spec_container_port asked[] = { { .host_port = (char *)"8080", .port = (char *)"80" }, { .port = (char *)"90-92" } };
	char *exposed[] = { (char *)"80/tcp", (char *)"80/udp", (char *)"443", (char *)"91/tcp", (char *)"1000-1001/tcp", (char *)"nonsense", NULL };
	const struct spec_network_plan plan = { .links = &links[1], .link_count = 1 };

	assert_string_equal(publish(asked, 2, exposed, &plan), "8080:80+1/tcp 10.66.4.2 -, 0:90+3/tcp 10.66.4.2 -, 0:80+1/udp 10.66.4.2 -, "
		"0:443+1/tcp 10.66.4.2 -, 0:1000+2/tcp 10.66.4.2 -");
	assert_string_equal(publish(NULL, 0, NULL, &plan), "");
}

/* ---- names ---------------------------------------------------------------------------- */

static const char *names(const char *hostname, char **aliases)
{
	const struct spec_container_endpoint endpoint = { .aliases = aliases };
	_cleanup_buf_ struct buf text = BUF_INIT;

	container.config.hostname = (char *)hostname;
	for (char **name = container_network_names(arena, &container, aliases ? &endpoint : NULL); *name; name++)
		buf_printf(&text, "%s%s", text.length ? " " : "", *name);
	return arena_strdup(arena, text.data);
}

static void test_names(void **state _unused_)
{
	char *aliases[] = { (char *)"db", (char *)"one", (char *)"db", (char *)"sql", NULL };

	assert_string_equal(names(NULL, NULL), "one c0ffeec0ffee");
	assert_string_equal(names("host", aliases), "one db sql c0ffeec0ffee host");
	assert_string_equal(names("c0ffeec0ffee", NULL), "one c0ffeec0ffee");
}

static void test_modes(void **state _unused_)
{
	static const char *const others[] = { NULL, "", "none", "host", "container:x", "ns:/run/x" }, *const networks[] = { "bridge", "web", "hosts" };
	struct spec_network network = { .name = (char *)"web" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(container_network_is_member(&(struct spec_host_config){ .network_mode = (char *)others[i] }));
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		assert_true(container_network_is_member(&(struct spec_host_config){ .network_mode = (char *)networks[i] }));
	assert_true(container_network_has_names(&network));
	network.no_dns = true;
	assert_false(container_network_has_names(&network));
	assert_false(container_network_has_names(&(struct spec_network){ .name = (char *)"bridge" }));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link),
		TEST(test_asked),
		TEST(test_kinds),
		TEST(test_names_of_interfaces),
		TEST(test_refusals),
		TEST(test_too_many),
		TEST(test_routes),
		TEST(test_ports),
		TEST(test_binding),
		TEST(test_neighbours),
		TEST(test_wrong_ports),
		TEST(test_exposed),
		TEST(test_names),
		TEST(test_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
