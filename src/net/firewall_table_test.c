/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules do, with packets: a host, somebody outside, and containers in two networks and an internal one, each of which tells whoever
 * asks at port 8080 what address he comes from.
 */
#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "net/bridge.h"
#include "net/firewall.h"
#include "net/link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#define PORT 8080
#define NOTHING ""
#define PATIENCE_MS 3000   /* for an answer that must come */
#define IMPATIENCE_MS 40   /* for one that must not: answers come in less than one */

enum place { HOST, OUTSIDE, WEB, NEIGHBOUR, DATABASE, HIDDEN, PLACES };

static struct error err;
static int namespaces[PLACES];
static pid_t servers[PLACES];

static struct spec_network_subnet web_subnets[] = { { "10.66.3.0/24", "10.66.3.1" }, { "fd12:3::/64", "fd12:3::1" } };
static struct spec_network_subnet db_subnets[] = { { "10.66.4.0/24", "10.66.4.1" }, { "fd12:4::/64", "fd12:4::1" } };
static struct spec_network_subnet in_subnets[] = { { "10.66.5.0/24", "10.66.5.1" } };
static const struct spec_network networks[] = {
	{ .id = "1a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", .name = "web", .driver = "bridge", .interface = "br-web", .subnets = web_subnets, .subnet_count = 2 },
	{ .id = "2a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", .name = "db", .driver = "bridge", .interface = "br-db", .subnets = db_subnets, .subnet_count = 2 },
	{ .id = "3a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", .name = "in", .driver = "bridge", .interface = "br-in", .subnets = in_subnets, .subnet_count = 1, .internal = true },
};

static struct spec_network_link links[PLACES] = {
	[OUTSIDE] = { .parent = "lan0", .host_name = "v1", .addresses = (char *[]){ "192.0.2.2/24", "2001:db8::2/64", NULL },
		.gateway4 = "192.0.2.1", .gateway6 = "2001:db8::1" },
	[WEB] = { .parent = "br-web", .host_name = "v2", .addresses = (char *[]){ "10.66.3.2/24", "fd12:3::2/64", NULL },
		.gateway4 = "10.66.3.1", .gateway6 = "fd12:3::1" },
	[NEIGHBOUR] = { .parent = "br-web", .host_name = "v3", .addresses = (char *[]){ "10.66.3.3/24", "fd12:3::3/64", NULL },
		.gateway4 = "10.66.3.1", .gateway6 = "fd12:3::1" },
	[DATABASE] = { .parent = "br-db", .host_name = "v4", .addresses = (char *[]){ "10.66.4.2/24", "fd12:4::2/64", NULL },
		.gateway4 = "10.66.4.1", .gateway6 = "fd12:4::1" },
	[HIDDEN] = { .parent = "br-in", .host_name = "v5", .addresses = (char *[]){ "10.66.5.2/24", NULL }, .gateway4 = "10.66.5.1" },
};

/* Who asks whom, and what comes back. */
struct question {
	enum place from;
	int type;
	const char *address;
	uint16_t port;
	const char *expected;
};

/* ---- servers and clients --------------------------------------------------------- */

static int serve_on(int type)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), off = 0;

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
		return -1;
	return type == SOCK_STREAM && listen(fd, 16) < 0 ? -1 : fd;
}

static void format_peer(const struct sockaddr_in6 *peer, char *out)
{
	inet_ntop(AF_INET6, &peer->sin6_addr, out, INET6_ADDRSTRLEN);
	if (IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr))
		inet_ntop(AF_INET, &peer->sin6_addr.s6_addr[12], out, INET6_ADDRSTRLEN);
}

static void answer_tcp(int listener)
{
	struct sockaddr_in6 peer;
	socklen_t size = sizeof peer;
	char text[INET6_ADDRSTRLEN] = "";
	int fd = accept(listener, (struct sockaddr *)&peer, &size);

	format_peer(&peer, text);
	ignore_result(send(fd, text, strlen(text), MSG_NOSIGNAL));
	close(fd);
}

static void answer_udp(int fd)
{
	struct sockaddr_in6 peer;
	socklen_t size = sizeof peer;
	char text[INET6_ADDRSTRLEN] = "";

	ignore_result(recvfrom(fd, text, 1, 0, (struct sockaddr *)&peer, &size));
	format_peer(&peer, text);
	ignore_result(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&peer, size));
}

/* Listens in PLACE when it returns. */
static int start_server(enum place place)
{
	int ready[2] = { -1, -1 };
	char byte = 0;

	CHECK(pipe(ready) == 0);
	servers[place] = fork();
	if (servers[place] == 0) {
		struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(namespaces[place], CLONE_NEWNET) < 0 || (fds[0].fd = serve_on(SOCK_STREAM)) < 0 || (fds[1].fd = serve_on(SOCK_DGRAM)) < 0)
			_exit(1);
		ignore_result(write(ready[1], "r", 1));
		while (poll(fds, 2, -1) > 0) {
			if (fds[0].revents)
				answer_tcp(fds[0].fd);
			if (fds[1].revents)
				answer_udp(fds[1].fd);
		}
		_exit(1);
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return 0;
}

static void ask(int type, const char *address, uint16_t port, unsigned patience_ms, char *out, size_t size)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { .tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000 };
	bool is6 = strchr(address, ':');
	int fd = socket(is6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	ssize_t length = -1;

	inet_pton(AF_INET6, address, &six.sin6_addr);
	inet_pton(AF_INET, address, &four.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, is6 ? (struct sockaddr *)&six : (struct sockaddr *)&four, is6 ? sizeof six : sizeof four) == 0 &&
		(type == SOCK_STREAM || send(fd, "?", 1, 0) == 1))
		length = recv(fd, out, size - 1, 0);
	out[length > 0 ? length : 0] = '\0';
	close(fd);
}

/* What the server says that is asked from PLACE; "" for no answer. */
static void ask_from(const struct question *q, char *out, size_t size)
{
	int answer[2] = { -1, -1 };
	ssize_t length;
	pid_t pid;

	out[0] = '\0';
	if (pipe(answer) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (setns(namespaces[q->from], CLONE_NEWNET) < 0)
			_exit(1);
		ask(q->type, q->address, q->port, *q->expected ? PATIENCE_MS : IMPATIENCE_MS, out, size);
		ignore_result(write(answer[1], out, strlen(out)));
		_exit(0);
	}
	close(answer[1]);
	length = read(answer[0], out, size - 1);
	out[length > 0 ? length : 0] = '\0';
	close(answer[0]);
	waitpid(pid, NULL, 0);
}

/* ---- the world ------------------------------------------------------------------------ */

static int open_namespace(enum place place)
{
	_cleanup_close_ int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	CHECK(home >= 0 && unshare(CLONE_NEWNET) == 0 && netlink_set_loopback_up() == 0);
	namespaces[place] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(namespaces[place] >= 0 && setns(home, CLONE_NEWNET) == 0);
	return 0;
}

static int make_lan(void)
{
	static const char *const addresses[] = { "192.0.2.1/24", "2001:db8::1/64" };
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_new_link lan = { .kind = "bridge", .name = "lan0", .is_up = true };
	_cleanup_close_ int fd = -EBADF;
	int index;

	CHECK(netlink_open(&fd) == 0);
	netlink_add_link(&batch, &lan);
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0 && netlink_get_index(fd, "lan0", &index) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct netlink_address address;

		CHECK(netlink_address_parse(addresses[i], &address) == 0);
		address.flags |= 0x02; /* IFA_F_NODAD */
		CHECK(netlink_add_address(fd, index, &address) == 0);
	}
	return 0;
}

static int make_world(void)
{
	bool lost;

	namespaces[HOST] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(netlink_set_loopback_up() == 0);
	if (firewall_ensure(&lost, &err) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		CHECK(err.kind == ERROR_UNSUPPORTED);
		SKIP("nf_tables");
	}
	CHECK(make_lan() == 0);
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		if (net_bridge_up(&networks[i], &err) < 0) {
			fprintf(stderr, "# %s\n", err.message);
			return 1;
		}
	for (enum place p = OUTSIDE; p < PLACES; p++) {
		links[p].name = "eth0";
		CHECK(open_namespace(p) == 0);
		if (net_link_attach(&links[p], namespaces[p], &err) < 0) {
			fprintf(stderr, "# %s\n", err.message);
			return 1;
		}
		CHECK(start_server(p) == 0);
	}
	return 0;
}

/* ---- what reaches what ------------------------------------------------------------------- */

/* Without a port published. */
static const struct question closed[] = {
	{ NEIGHBOUR, SOCK_STREAM, "10.66.3.2", PORT, "10.66.3.3" },
	{ NEIGHBOUR, SOCK_STREAM, "fd12:3::2", PORT, "fd12:3::3" },
	{ HOST, SOCK_STREAM, "10.66.3.2", PORT, "10.66.3.1" },
	{ HOST, SOCK_STREAM, "10.66.5.2", PORT, "10.66.5.1" },
	/* Invariant 2. */
	{ OUTSIDE, SOCK_STREAM, "10.66.3.2", PORT, NOTHING },
	{ OUTSIDE, SOCK_DGRAM, "fd12:3::2", PORT, NOTHING },
	{ DATABASE, SOCK_STREAM, "10.66.3.2", PORT, NOTHING },
	{ DATABASE, SOCK_DGRAM, "fd12:3::2", PORT, NOTHING },
	/* What goes out has the host's address. */
	{ WEB, SOCK_STREAM, "192.0.2.2", PORT, "192.0.2.1" },
	{ WEB, SOCK_DGRAM, "2001:db8::2", PORT, "2001:db8::1" },
	/* Invariant 3. */
	{ HIDDEN, SOCK_DGRAM, "192.0.2.2", PORT, NOTHING },
	{ HIDDEN, SOCK_DGRAM, "10.66.3.2", PORT, NOTHING },
	{ WEB, SOCK_DGRAM, "10.66.5.2", PORT, NOTHING },
};

static const struct spec_published_port published[] = {
	{ NULL, "tcp", 80, PORT, 1, "10.66.3.2", "fd12:3::2" },
	{ NULL, "udp", 80, PORT, 1, "10.66.3.2", "fd12:3::2" },
	{ "127.0.0.1", "tcp", 81, PORT, 1, "10.66.3.2", NULL },
	{ NULL, "tcp", 8000, 8000, 500, "10.66.4.2", "fd12:4::2" },
};

static const struct question open_[] = {
	/* Invariant 5: the client's own address … */
	{ OUTSIDE, SOCK_STREAM, "192.0.2.1", 80, "192.0.2.2" },
	{ OUTSIDE, SOCK_STREAM, "2001:db8::1", 80, "2001:db8::2" },
	{ OUTSIDE, SOCK_DGRAM, "192.0.2.1", 80, "192.0.2.2" },
	{ OUTSIDE, SOCK_DGRAM, "2001:db8::1", 80, "2001:db8::2" },
	{ OUTSIDE, SOCK_STREAM, "192.0.2.1", PORT, "192.0.2.2" }, /* a range */
	{ OUTSIDE, SOCK_STREAM, "2001:db8::1", PORT, "2001:db8::2" },
	{ DATABASE, SOCK_STREAM, "192.0.2.1", 80, "10.66.4.2" },
	{ DATABASE, SOCK_STREAM, "fd12:4::1", 80, "fd12:4::2" },
	{ HOST, SOCK_STREAM, "192.0.2.1", 80, "192.0.2.1" },
	{ HOST, SOCK_STREAM, "2001:db8::1", 80, "2001:db8::1" },
	/* … but from loopback, and from members of the same network, itself among them. */
	{ HOST, SOCK_STREAM, "127.0.0.1", 80, "10.66.3.1" },
	{ HOST, SOCK_DGRAM, "127.0.0.1", 80, "10.66.3.1" },
	{ HOST, SOCK_STREAM, "127.0.0.1", 81, "10.66.3.1" },
	{ HOST, SOCK_STREAM, "127.0.0.1", PORT, "10.66.4.1" },
	{ NEIGHBOUR, SOCK_STREAM, "192.0.2.1", 80, "10.66.3.1" },
	{ NEIGHBOUR, SOCK_STREAM, "2001:db8::1", 80, "fd12:3::1" },
	{ WEB, SOCK_STREAM, "10.66.3.1", 80, "10.66.3.1" },
	{ WEB, SOCK_STREAM, "2001:db8::1", 80, "fd12:3::1" },
	/* What is for the host's own loopback is nobody else's. */
	{ OUTSIDE, SOCK_STREAM, "192.0.2.1", 81, NOTHING },
	{ WEB, SOCK_STREAM, "10.66.3.1", 81, NOTHING },
	/* Still. */
	{ OUTSIDE, SOCK_STREAM, "10.66.3.2", PORT, NOTHING },
	{ HIDDEN, SOCK_DGRAM, "10.66.5.1", 80, NOTHING },
};

static int check(const struct question *questions, size_t count)
{
	int wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct question *q = &questions[i];
		char answer[INET6_ADDRSTRLEN];

		ask_from(q, answer, sizeof answer);
		if (strcmp(answer, q->expected) == 0)
			continue;
		fprintf(stderr, "# from %d, type %d, to %s port %u: '%s' and not '%s'\n", q->from, q->type, q->address, q->port, answer, q->expected);
		wrong++;
	}
	return wrong;
}

/* A client that goes on with the same socket: who asked in vain before is heard, who was heard is not any more. */
static int lasting_flow(struct arena *arena)
{
	struct spec_published_port port = { NULL, "udp", 99, PORT, 1, "10.66.3.2", "fd12:3::2" };
	struct sockaddr_in host = { .sin_family = AF_INET, .sin_port = htons(port.host_port) };
	struct timeval patience = { .tv_usec = IMPATIENCE_MS * 1000 };
	int fd = -1, home = namespaces[HOST];
	const char *owner;
	char answer[64];
	size_t taken;

	inet_pton(AF_INET, "192.0.2.1", &host.sin_addr);
	CHECK(setns(namespaces[OUTSIDE], CLONE_NEWNET) == 0 && (fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0);
	CHECK(setns(home, CLONE_NEWNET) == 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	CHECK(sendto(fd, "?", 1, 0, (struct sockaddr *)&host, sizeof host) == 1 && recv(fd, answer, sizeof answer, 0) < 0);
	CHECK(firewall_publish(arena, &port, 1, &taken, &owner, &err) == 0);
	patience.tv_sec = PATIENCE_MS / 1000;
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	CHECK(sendto(fd, "?", 1, 0, (struct sockaddr *)&host, sizeof host) == 1 && recv(fd, answer, sizeof answer, 0) == 9);
	CHECK(firewall_unpublish(&port, 1, &err) == 0);
	patience.tv_sec = 0;
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	CHECK(sendto(fd, "?", 1, 0, (struct sockaddr *)&host, sizeof host) == 1 && recv(fd, answer, sizeof answer, 0) < 0);
	close(fd);
	return 0;
}

static int traffic(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *owner;
	size_t taken;
	int r = make_world();

	if (r == 0) {
		r = check(closed, ARRAY_SIZE(closed));
		if (firewall_publish(arena, published, ARRAY_SIZE(published), &taken, &owner, &err) < 0)
			r = 1;
		r += check(open_, ARRAY_SIZE(open_)) + lasting_flow(arena);
	}
	for (size_t i = 0; i < PLACES; i++)
		if (servers[i] > 0)
			kill(servers[i], SIGKILL);
	return r > 0 && r != 77 ? 1 : r;
}

static void test_traffic(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET | CLONE_NEWNS, traffic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
