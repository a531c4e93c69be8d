/* SPDX-License-Identifier: Apache-2.0 */
#include "net/attachment.h"

#include "host/child_test.h"
#include "host/netlink_link.h"
#include "net/firewall.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define ID "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"

static struct error err;
static int here = -EBADF, netns = -EBADF;
static char *first_address[] = { "10.66.3.2/24", NULL }, *second_address[] = { "10.66.4.2/24", NULL };
static struct spec_network_link links[] = {
	{ .network = "web", .parent = "br0", .host_name = "va1b2c3d4e5f6a", .name = "eth0", .addresses = first_address, .gateway4 = "10.66.3.1" },
	{ .network = "db", .parent = "br1", .host_name = "va1b2c3d4e5f6b", .name = "eth1", .addresses = second_address },
};
static struct spec_published_port ports[] = { { .protocol = "tcp", .host_port = 8080, .port = 80, .count = 1, .address4 = "10.66.3.2" } };

static struct spec_network_plan plan(void)
{
	return (struct spec_network_plan){ .id = ID, .links = links, .link_count = 2 };
}

static int open_container(void)
{
	_cleanup_close_ int home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	CHECK(home >= 0 && unshare(CLONE_NEWNET) == 0);
	netns = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(netns >= 0 && setns(home, CLONE_NEWNET) == 0);
	return 0;
}

static int open_host(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link first = { .kind = "bridge", .name = "br0", .is_up = true }, second = { .kind = "bridge", .name = "br1", .is_up = true };

	CHECK(open_container() == 0 && netlink_open(&here) == 0);
	netlink_add_link(&batch, &first);
	netlink_add_link(&batch, &second);
	CHECK(netlink_batch_send(&batch, here, NULL) == 0);
	return 0;
}

static bool has_link(const char *name)
{
	int index;

	return netlink_get_index(here, name, &index) == 0;
}

static int all_or_none(void)
{
	struct spec_network_plan wanted = plan();

	CHECK(open_host() == 0);
	CHECK(net_attach(&wanted, netns, &err) == 0 && has_link(links[0].host_name) && has_link(links[1].host_name));
	CHECK(net_detach(&wanted, &err) == 0 && !has_link(links[0].host_name) && !has_link(links[1].host_name));
	links[1].parent = "br9";
	CHECK(net_attach(&wanted, netns, &err) < 0 && err.kind == ERROR_NOT_FOUND && !has_link(links[0].host_name));
	/* Half of it was made, by somebody who was killed. */
	wanted.link_count = 1;
	CHECK(net_attach(&wanted, netns, &err) == 0);
	wanted.link_count = 2;
	CHECK(net_detach(&wanted, &err) == 0 && !has_link(links[0].host_name));
	return 0;
}

/* Out of service at once; and what is removed later is not what has its name by then. */
static int retirement(void)
{
	struct spec_network_plan wanted = plan();
	struct net_retired retired;
	struct netlink_link link;

	CHECK(open_host() == 0);
	links[1].parent = "br1";
	CHECK(net_attach(&wanted, netns, &err) == 0 && net_retire(&wanted, &retired, &err) == 0 && retired.count == 2);
	CHECK(netlink_get_link(here, links[0].host_name, &link) == 0 && !(link.flags & IFF_UP) && link.master == 0);
	close(netns);
	CHECK(open_container() == 0 && net_attach(&wanted, netns, &err) == 0);
	CHECK(net_retired_remove(&retired, &err) == 0 && retired.count == 0 && has_link(links[0].host_name) && has_link(links[1].host_name));
	CHECK(net_retire(&wanted, &retired, &err) == 0 && net_retired_remove(&retired, &err) == 0);
	CHECK(!has_link(links[0].host_name) && !has_link(links[1].host_name));
	CHECK(net_retire(&wanted, &retired, &err) == 0 && retired.count == 0 && net_retired_remove(&retired, &err) == 0);
	return 0;
}

static int release(void)
{
	char directory[] = "/tmp/attachment-XXXXXX", own[64], taken[64], gone[] = "/tmp/attachment-none/10.66.3.9", name[64];
	char *leases[] = { own, taken, gone, NULL }, *names[] = { name, gone, NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network_plan wanted = plan();
	struct firewall_content content;
	const char *owner;
	struct stat status;
	size_t index;
	bool lost;

	CHECK(open_host() == 0 && mkdtemp(directory));
	if (firewall_ensure(&lost, &err) < 0)
		SKIP("nf_tables");
	snprintf(own, sizeof own, "%s/10.66.3.2", directory);
	snprintf(taken, sizeof taken, "%s/10.66.4.2", directory);
	snprintf(name, sizeof name, "%s/%s", directory, "names");
	CHECK(symlink(ID, own) == 0 && symlink("another", taken) == 0 && close(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
	wanted.ports = ports;
	wanted.port_count = 1;
	wanted.leases = leases;
	wanted.names = names;
	CHECK(net_attach(&wanted, netns, &err) == 0 && firewall_publish(arena, ports, 1, &index, &owner, &err) == 0);
	CHECK(net_release(&wanted, &err) == 0);
	CHECK(lstat(own, &status) < 0 && lstat(name, &status) < 0 && lstat(taken, &status) == 0);
	CHECK(!has_link(links[0].host_name) && !has_link(links[1].host_name));
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 0);
	CHECK(net_release(&wanted, &err) == 0);
	CHECK(unlink(taken) == 0 && rmdir(directory) == 0);
	return 0;
}

IN_CHILD(all_or_none, CLONE_NEWNET)
IN_CHILD(retirement, CLONE_NEWNET)
IN_CHILD(release, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_retirement),
		cmocka_unit_test(test_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
