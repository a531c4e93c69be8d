/* SPDX-License-Identifier: Apache-2.0 */
#include "net/parent.h"
#include "base/str.h"

#include "host/child_test.h"

static int without_routes(void)
{
	struct error err = ERROR_INIT;
	char *name = NULL;

	CHECK(net_parent_default(&name, &err) < 0 && !name && err.kind == ERROR_NOT_FOUND && err.hint[0]);
	CHECK(net_parent_check("lo", NULL) == 0);
	CHECK(net_parent_check("eth7", &err) < 0 && err.kind == ERROR_NOT_FOUND);
	CHECK(str_equal(err.message, "the host has no interface 'eth7'"));
	return 0;
}

static int with_a_route(void)
{
	char *name = NULL;

	if (access("/usr/sbin/ip", X_OK) < 0)
		SKIP("ip");
	CHECK(system("ip link add d0 type veth peer name d1 && ip addr add 192.0.2.2/24 dev d0 && ip link set d0 up && ip link set d1 up && "
		     "ip route add default via 192.0.2.1 dev d0") == 0);
	CHECK(net_parent_default(&name, NULL) == 0 && str_equal(name, "d0"));
	free(name);
	return 0;
}

IN_CHILD(without_routes, CLONE_NEWNET)
IN_CHILD(with_a_route, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_without_routes), cmocka_unit_test(test_with_a_route) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
