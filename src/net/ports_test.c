/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ports.h"

#include "base/str.h"
#include "host/child_test.h"
#include "host/netlink_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* A socket at ADDRESS that waits for clients. */
static int occupy(const char *address, uint16_t port, int type, bool v6_only)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool is6 = strchr(address, ':');
	int fd = socket(is6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0), only = v6_only;

	inet_pton(AF_INET6, address, &six.sin6_addr);
	inet_pton(AF_INET, address, &four.sin_addr);
	if (is6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) < 0)
		return -1;
	if (bind(fd, is6 ? (struct sockaddr *)&six : (struct sockaddr *)&four, is6 ? sizeof six : sizeof four) < 0)
		return -1;
	return type == SOCK_STREAM && listen(fd, 1) < 0 ? -1 : fd;
}

static int check(const char *host_ip, const char *protocol, uint16_t port, uint32_t count, bool four, bool six, struct error *err)
{
	struct spec_published_port ports[] = {
		{ NULL, "tcp", 1, 1, 1, "10.0.0.2", "fd12::2" },
		{ (char *)host_ip, (char *)protocol, port, port, count, four ? "10.0.0.2" : NULL, six ? "fd12::2" : NULL },
	};

	*err = ERROR_INIT;
	return net_ports_check(ports, 2, err);
}

static int body(void)
{
	struct error err;
	char expected[128];

	CHECK(netlink_set_loopback_up() == 0);
	CHECK(check(NULL, "tcp", 80, 1, true, true, &err) == 0);
	CHECK(occupy("127.0.0.1", 80, SOCK_STREAM, false) >= 0);
	prctl(PR_SET_NAME, "nginx");
	CHECK(check(NULL, "tcp", 80, 1, true, true, &err) < 0 && err.kind == ERROR_CONFLICT);
	snprintf(expected, sizeof expected, "cannot publish port 80/tcp: 127.0.0.1:80 is in use by nginx (process %d)", getpid());
	CHECK(str_equal(err.message, expected));
	CHECK(check("127.0.0.1", "tcp", 80, 1, true, true, &err) < 0);
	CHECK(check("127.0.0.2", "tcp", 80, 1, true, true, &err) == 0);
	CHECK(check(NULL, "udp", 80, 1, true, true, &err) == 0);
	CHECK(check(NULL, "sctp", 80, 1, true, true, &err) == 0);
	CHECK(check(NULL, "tcp", 80, 1, false, true, &err) == 0);
	CHECK(check("::", "tcp", 80, 1, true, true, &err) == 0);
	CHECK(check(NULL, "tcp", 81, 60000, true, true, &err) == 0);
	CHECK(check(NULL, "tcp", 70, 11, true, true, &err) < 0);
	CHECK(check(NULL, "tcp", 70, 10, true, true, &err) == 0);
	CHECK(occupy("::", 81, SOCK_DGRAM, true) >= 0);
	CHECK(check(NULL, "udp", 81, 1, true, false, &err) == 0);
	CHECK(check(NULL, "udp", 81, 1, true, true, &err) < 0 && strstr(err.message, "[::]:81 is in use by nginx"));
	CHECK(occupy("::", 82, SOCK_DGRAM, false) >= 0);
	CHECK(check("192.0.2.1", "udp", 82, 1, true, false, &err) < 0);
	CHECK(check("nowhere", "udp", 82, 1, true, false, &err) < 0 && err.kind == ERROR_INVALID);
	return 0;
}

static int choices(void)
{
	struct error err = ERROR_INIT;
	uint16_t port = 0;

	CHECK(occupy("0.0.0.0", 2001, SOCK_STREAM, false) >= 0 && occupy("127.0.0.1", 2003, SOCK_STREAM, false) >= 0);
	CHECK(net_ports_choose("tcp", NULL, 2000, 2005, 1, 0, &port, &err) == 0 && port == 2000);
	CHECK(net_ports_choose("tcp", NULL, 2000, 2005, 1, 1, &port, &err) == 0 && port == 2002);
	CHECK(net_ports_choose("tcp", NULL, 2000, 2005, 2, 0, &port, &err) == 0 && port == 2004);
	CHECK(net_ports_choose("udp", NULL, 2000, 2005, 6, 0, &port, &err) == 0 && port == 2000);
	CHECK(net_ports_choose("tcp", "192.0.2.1", 2002, 2003, 2, 0, &port, &err) == 0 && port == 2002);
	CHECK(net_ports_choose("tcp", NULL, 2000, 2005, 3, 0, &port, &err) < 0 && err.kind == ERROR_UNAVAILABLE);
	CHECK(str_equal(err.message, "cannot publish a port: none of 2000-2005/tcp is free"));
	CHECK(net_ports_choose("tcp", NULL, 2001, 2001, 1, 0, &port, &err) < 0);
	CHECK(net_ports_choose("tcp", NULL, 2004, 2005, 1, 2, &port, &err) < 0);
	CHECK(net_ports_choose("tcp", NULL, 65535, 65535, 1, 0, &port, &err) == 0 && port == 65535);
	CHECK(net_ports_choose("tcp", NULL, 0, 0, 1, 0, &port, &err) == 0 && port >= 1024);
	return 0;
}

static void test_check(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, body);
}

static void test_choose(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, choices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_choose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
