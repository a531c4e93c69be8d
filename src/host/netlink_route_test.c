/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_route.h"

#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/route_dump.h"

#include <string.h>
#include <sys/socket.h>

static int default_routes(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link end = { .name = "p1" }, pair = { .kind = "veth", .name = "p0", .peer = &end, .is_up = true };
	struct netlink_address four, six;
	struct route_destination *routes = NULL;
	size_t count = 0, failed = 9, found = 0;
	int fd = -EBADF, index;

	CHECK(netlink_open(&fd) == 0);
	netlink_add_link(&batch, &pair);
	netlink_change_link(&batch, "p1", &(struct netlink_link_change){ .is_up = true });
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0 && netlink_get_index(fd, "p0", &index) == 0);
	CHECK(netlink_address_parse("192.0.2.1/24", &four) == 0 && netlink_address_parse("2001:db8::1/64", &six) == 0);
	netlink_batch_add_address(&batch, index, &four);
	netlink_batch_add_address(&batch, index, &six);
	CHECK(!netlink_is_own_address(fd, AF_INET, four.local));
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0 && netlink_is_own_address(fd, AF_INET, four.local));
	for (int i = 0; i < 1000 && !netlink_is_own_address(fd, AF_INET6, six.local); i++)
		usleep(1000);
	CHECK(netlink_is_own_address(fd, AF_INET6, six.local));
	four.local[3] = six.local[15] = 9;
	CHECK(!netlink_is_own_address(fd, AF_INET, four.local) && !netlink_is_own_address(fd, AF_INET6, six.local));
	netlink_batch_add_default_route(&batch, AF_INET, index, four.local);
	netlink_batch_add_default_route(&batch, AF_INET6, index, six.local);
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0);
	CHECK(route_dump(&routes, &count) == 0);
	for (size_t i = 0; i < count; i++)
		found += routes[i].prefix == 0 && strcmp(routes[i].interface_name, "p0") == 0;
	free(routes);
	CHECK(found == 2);
	/* A second one; a gateway that is nowhere; one on the link. */
	netlink_batch_add_default_route(&batch, AF_INET, index, four.local);
	CHECK(netlink_batch_send(&batch, fd, NULL) == -EEXIST);
	CHECK(netlink_set_link_down(fd, index) == 0 && netlink_set_link_up(fd, index) == 0);
	four.local[0] = 198;
	netlink_batch_add_default_route(&batch, AF_INET, index, four.local);
	CHECK(netlink_batch_send(&batch, fd, NULL) == -ENETUNREACH);
	netlink_batch_add_default_route(&batch, AF_INET, index, NULL);
	netlink_batch_add_default_route(&batch, AF_INET, index, NULL);
	CHECK(netlink_batch_send(&batch, fd, &failed) == -EEXIST && failed == 1);
	return 0;
}

IN_CHILD(default_routes, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
