/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_ports.h"

#include "engine/container_scratch_test.h"

#include "host/child_test.h"
#include "net/firewall.h"

static char *addresses[] = { (char *)"10.66.3.2/24", (char *)"fd12::2/64", NULL };
static struct spec_network_link links[] = { { .network = (char *)"web", .network_id = (char *)"1", .parent = (char *)"br-web", .host_name = (char *)"v1",
	.name = (char *)"eth0", .addresses = addresses } };
/* The last is of a network that the container has left in this moment. */
static struct spec_published_port published[] = {
	{ .protocol = (char *)"tcp", .host_port = 8080, .port = 80, .count = 1, .address4 = (char *)"10.66.3.2", .address6 = (char *)"fd12::2" },
	{ .protocol = (char *)"udp", .host_port = 9000, .port = 9000, .count = 100, .address6 = (char *)"fd12::2" },
	{ .protocol = (char *)"tcp", .host_port = 22, .port = 22, .count = 1, .address4 = (char *)"10.66.3.20" },
};

/* The plan of the container "web", with so many of those. */
static void put_plan(size_t ports)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct directories directories = scratch_directories();
	char *id = scratch_id(arena, 'a'), *path = arena_printf(arena, "%s/containers/%s", directories.run_root, id);
	const struct spec_network_plan plan = { .id = id, .links = links, .link_count = 1, .ports = published, .port_count = ports };

	spec_network_plan_encode(&plan, &text);
	assert_int_equal(file_make_directories(path, 0700), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, arena_printf(arena, "%s/" SPEC_NETWORK_PLAN_DOCUMENT, path), text.data, text.length, 0600), 0);
}

static int read_ports(struct arena *arena, const char *name, bool explain, struct container_ports *ret, struct error *err)
{
	const struct directories directories = scratch_directories();

	return container_ports_read(arena, &directories, name, explain, ret, err);
}

/* What is not running leads nowhere, whatever is left of it. */
static void test_none(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_ports ports = { .count = 9 };
	struct error err = ERROR_INIT;
	int lock;

	scratch_put("web", 'a', NULL);
	put_plan(3);
	assert_int_equal(read_ports(arena, "web", false, &ports, &err), 0);
	assert_int_equal(ports.count, 0);
	assert_true(read_ports(arena, "wb", false, &ports, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	/* One without ports is not asked for a firewall. */
	lock = scratch_supervise('a');
	put_plan(0);
	assert_int_equal(read_ports(arena, "web", true, &ports, &err), 0);
	assert_int_equal(ports.count, 0);
	close(lock);
}

/* Makes the firewall; 77 without nf_tables. */
static int make_firewall(void)
{
	struct error err = ERROR_INIT;
	bool is_lost = false;

	if (firewall_ensure(&is_lost, &err) == 0)
		return 0;
	fprintf(stderr, "# %s\n", err.message);
	if (err.kind == ERROR_UNSUPPORTED)
		SKIP("nf_tables");
	return 1;
}

static int of_a_running_one(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_ports ports = { .count = 0 };
	struct error err = ERROR_INIT;
	int r = make_firewall();

	if (r)
		return r;
	/* Nothing is complete yet: its ports are put there first. */
	CHECK(read_ports(arena, "web", false, &ports, &err) == 0 && ports.count == 3 && !ports.bypassed);
	CHECK(ports.list[0].port->host_port == 8080 && ports.list[1].port->count == 100);
	CHECK(str_equal(ports.list[0].path->network, "web") && str_equal(ports.list[0].path->bridge, "br-web"));
	CHECK(ports.list[1].path == ports.list[0].path && !ports.list[2].path && !ports.list[0].path->stopped);
	CHECK(read_ports(arena, "web", true, &ports, &err) == 0 && ports.count == 3);
	for (size_t i = 0; i < ports.count; i++)
		CHECK(!ports.list[i].is_missing);
	/* Somebody has taken one out, and a table that was flushed comes back. */
	CHECK(firewall_unpublish(&published[1], 1, &err) == 0);
	CHECK(read_ports(arena, "web", true, &ports, &err) == 0);
	CHECK(!ports.list[0].is_missing && ports.list[1].is_missing && !ports.list[2].is_missing);
	CHECK(firewall_remove(&err) == 0);
	CHECK(read_ports(arena, "web", true, &ports, &err) == 0);
	for (size_t i = 0; i < ports.count; i++)
		CHECK(!ports.list[i].is_missing);
	return 0;
}

static void test_running(void **state _unused_)
{
	int lock;

	scratch_put("web", 'a', NULL);
	put_plan(3);
	lock = scratch_supervise('a');
	run_in_child(CLONE_NEWNET, of_a_running_one);
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_none),
		SCRATCH_TEST(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
