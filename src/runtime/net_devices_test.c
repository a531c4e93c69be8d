/* SPDX-License-Identifier: Apache-2.0 */
/* In two network namespaces of the test's own, with links of the kinds that this kernel has. */
#include "runtime/net_devices.h"

#include "base/memory.h"
#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

static int here_fd = -EBADF, there_fd = -EBADF, there_netns_fd = -EBADF;
static struct error err;

static bool open_namespaces(void)
{
	int here_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return netlink_open(&here_fd) == 0 && unshare(CLONE_NEWNET) == 0 && netlink_open(&there_fd) == 0 &&
	       (there_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) >= 0 && setns(here_netns_fd, CLONE_NEWNET) == 0;
}

static bool add_link(const char *name)
{
	char command[256];

	snprintf(command, sizeof command, "ip link add %s type dummy 2>/dev/null || ip link add %s type veth peer name %sx 2>/dev/null", name, name, name);
	return system(command) == 0;
}

static bool has_address(int fd, const char *name, const char *text)
{
	_cleanup_free_ struct netlink_address *addresses = NULL;
	struct netlink_link link;
	size_t count = 0;
	uint8_t wanted[4];

	if (inet_pton(AF_INET, text, wanted) != 1 || netlink_get_link(fd, name, &link) < 0 || netlink_get_addresses(fd, link.index, &addresses, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (addresses[i].family == AF_INET && memcmp(addresses[i].local, wanted, 4) == 0)
			return true;
	return false;
}

static int move(void)
{
	struct spec_net_device devices[] = { { (char *)"out0", (char *)"in0" }, { (char *)"out1", NULL } };
	struct netlink_link link;

	CHECK(open_namespaces());
	if (!add_link("out0") || !add_link("out1"))
		SKIP("dummy or veth links");
	CHECK(system("ip address add 192.0.2.7/24 dev out0 && ip link set out0 up") == 0);
	CHECK(net_devices_move(devices, 2, there_netns_fd, &err) == 0);
	CHECK(netlink_get_link(here_fd, "out0", &link) == -ENODEV && netlink_get_link(here_fd, "out1", &link) == -ENODEV);
	CHECK(netlink_get_link(there_fd, "in0", &link) == 0 && (link.flags & IFF_UP));
	CHECK(netlink_get_link(there_fd, "out1", &link) == 0 && (link.flags & IFF_UP));
	CHECK(has_address(there_fd, "in0", "192.0.2.7"));
	/* The caller is where it was. */
	CHECK(system("ip link show in0 >/dev/null 2>&1") != 0);
	return 0;
}

static int missing(void)
{
	struct spec_net_device devices[] = { { (char *)"out0", NULL }, { (char *)"nothing0", NULL } };
	struct netlink_link link;

	CHECK(open_namespaces());
	if (!add_link("out0"))
		SKIP("dummy or veth links");
	CHECK(net_devices_move(devices, 2, there_netns_fd, &err) == -ENODEV);
	CHECK(strstr(err.message, "linux.netDevices") && strstr(err.message, "nothing0"));
	CHECK(netlink_get_link(here_fd, "out0", &link) == 0);
	return 0;
}

/* The second one cannot get its name; the first one comes back as it was. */
static int name_is_taken(void)
{
	struct spec_net_device devices[] = { { (char *)"out0", (char *)"in0" }, { (char *)"out1", (char *)"lo" } };
	struct netlink_link link;

	CHECK(open_namespaces());
	if (!add_link("out0") || !add_link("out1"))
		SKIP("dummy or veth links");
	CHECK(system("ip address add 192.0.2.7/24 dev out0 && ip link set out0 up && ip link set out1 up") == 0);
	CHECK(net_devices_move(devices, 2, there_netns_fd, &err) < 0);
	CHECK(strstr(err.message, "out1") && strstr(err.message, "lo"));
	CHECK(netlink_get_link(there_fd, "in0", &link) == -ENODEV);
	CHECK(netlink_get_link(here_fd, "out0", &link) == 0 && (link.flags & IFF_UP));
	CHECK(netlink_get_link(here_fd, "out1", &link) == 0 && (link.flags & IFF_UP));
	CHECK(has_address(here_fd, "out0", "192.0.2.7"));
	return 0;
}

IN_CHILD(move, CLONE_NEWNET)
IN_CHILD(missing, CLONE_NEWNET)
IN_CHILD(name_is_taken, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_name_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
