/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three network namespaces: the host, where clients are; the one of the bridges, in which a forwarder runs as a process; a container.
 * A socket belongs to where it was made, so one process is client and server.
 */
#include "net/forwarder.h"

#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/netlink_route.h"
#include "host/netns_call.h"
#include "host/relinquish.h"
#include "net/forwarder_confinement.h"
#include "net/forwarder_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define PORT 8080
#define SERVER_PORT 80
#define WAIT_MS 5000

static int host = -EBADF, home = -EBADF, container = -EBADF, control = -EBADF;
static pid_t forwarder;

/* ---- the place ------------------------------------------------------------------------ */

static int go(int netns)
{
	return setns(netns, CLONE_NEWNET);
}

static int add_address(const char *link, const char *text)
{
	_cleanup_close_ int fd = -EBADF;
	struct netlink_address address;
	int index;

	CHECK(netlink_open(&fd) == 0 && netlink_get_index(fd, link, &index) == 0 && netlink_address_parse(text, &address) == 0);
	CHECK(netlink_add_address(fd, index, &address) == 0 && netlink_set_link_up(fd, index) == 0);
	return 0;
}

static int add_default_routes(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	uint8_t gateway[16];
	int index;

	CHECK(netlink_open(&fd) == 0 && netlink_get_index(fd, "eth0", &index) == 0 && inet_pton(AF_INET, "10.66.3.1", gateway) == 1);
	netlink_batch_add_default_route(&batch, AF_INET, index, gateway);
	CHECK(inet_pton(AF_INET6, "fd66::1", gateway) == 1);
	netlink_batch_add_default_route(&batch, AF_INET6, index, gateway);
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0);
	return 0;
}

static int make_place(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct netlink_new_link end, pair;

	host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(host >= 0 && netns_make(&home) == 0 && netns_make(&container) == 0 && netlink_set_loopback_up() == 0);
	CHECK(add_address("lo", "198.51.100.1/32") == 0 && add_address("lo", "198.51.100.7/32") == 0 && add_address("lo", "10.66.3.9/32") == 0);
	CHECK(add_address("lo", "2001:db8::1/128") == 0);
	CHECK(go(home) == 0 && netlink_open(&fd) == 0);
	end = (struct netlink_new_link){ .name = "eth0", .is_elsewhere = true, .netns_fd = container };
	pair = (struct netlink_new_link){ .kind = "veth", .name = "bridge", .peer = &end, .is_up = true };
	netlink_add_link(&batch, &pair);
	CHECK(netlink_batch_send(&batch, fd, NULL) == 0);
	CHECK(add_address("bridge", "10.66.3.1/24") == 0 && add_address("bridge", "fd66::1/64") == 0);
	CHECK(go(container) == 0 && add_address("eth0", "10.66.3.2/24") == 0 && add_address("eth0", "fd66::2/64") == 0 && add_default_routes() == 0);
	CHECK(go(host) == 0);
	return 0;
}

static union forwarder_address address(const char *text, uint16_t port)
{
	union forwarder_address result = { 0 };

	if (inet_pton(AF_INET, text, &result.v4.sin_addr) == 1)
		result.v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &result.v6.sin6_addr) == 1)
		result.v6.sin6_family = AF_INET6;
	result.v4.sin_port = htons(port);
	return result;
}

static socklen_t size_of(const union forwarder_address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

/* Of the place that we are in; -errno. */
static int bound_socket(int type, const char *text, uint16_t port)
{
	union forwarder_address at = address(text, port);
	const struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
	int fd = socket(at.any.sa_family, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		(at.any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 || bind(fd, &at.any, size_of(&at)) < 0 ||
		(type == SOCK_STREAM && listen(fd, 4096) < 0))
		return -errno;
	return fd;
}

static int publish(int protocol, const char *at, uint16_t port, const char *target, const char *gateway)
{
	struct forwarder_order order = { .verb = FORWARDER_LISTEN, .protocol = protocol, .owner = "web" };
	_cleanup_close_ int fd = -EBADF;
	int r;

	order.at = address(at, port);
	order.target = address(target, SERVER_PORT);
	order.gateway = address(gateway, 0);
	r = forwarder_listen(&order, &fd);
	return r < 0 ? r : forwarder_send(control, &order, fd);
}

static int start_forwarder(rlim_t files)
{
	struct error err = ERROR_INIT;
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	forwarder = fork();
	CHECK(forwarder >= 0);
	if (forwarder == 0) {
		const struct rlimit limit = { files, files };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		if (files > 0 && setrlimit(RLIMIT_NOFILE, &limit) < 0)
			_exit(1);
		_exit(forwarder_run(ends[1], true, forwarder_confine, &err) < 0);
	}
	close(ends[1]);
	control = ends[0];
	CHECK(go(host) == 0);
	return 0;
}

/* By the first way for answers that there is. 77 where the kernel cannot. */
static int start(rlim_t files)
{
	struct error err = ERROR_INIT;

	CHECK(make_place() == 0 && go(home) == 0);
	if (forwarder_route_make(&err) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		SKIP("nf_tables");
	}
	CHECK(forwarder_route_make(&err) == 0); /* again */
	return start_forwarder(files);
}

static int start_for(enum forwarder_answers answers)
{
	struct error err = ERROR_INIT;

	CHECK(make_place() == 0 && go(home) == 0);
	if (forwarder_route_make_for(answers, &err) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		SKIP(answers == FORWARDER_OF_SOCKETS ? "nft_socket" : "nft_ct, nft_fib_inet");
	}
	return start_forwarder(0);
}

/* It ends when nobody gives orders any more, and frees what it has. */
static int stop(void)
{
	int status;

	close(control);
	CHECK(waitpid(forwarder, &status, 0) == forwarder && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}

static int server_socket(int type, const char *text)
{
	int fd;

	if (go(container) < 0)
		return -errno;
	fd = bound_socket(type, text, SERVER_PORT);
	return go(host) < 0 ? -errno : fd;
}

/* From FROM (NULL: whoever). */
static int client_socket(int type, const char *from, const char *to)
{
	union forwarder_address source, target = address(to, PORT);
	const struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
	int fd = socket(target.any.sa_family, type | SOCK_CLOEXEC, 0);

	if (from)
		source = address(from, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
		(from && bind(fd, &source.any, size_of(&source)) < 0) || connect(fd, &target.any, size_of(&target)) < 0)
		return -errno;
	return fd;
}

/* A connection of one client and of its server. */
static int connect_both(int listener, const char *from, const char *to, int *ret_client, int *ret_server, union forwarder_address *seen)
{
	const struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
	socklen_t size = sizeof *seen;

	*ret_client = client_socket(SOCK_STREAM, from, to);
	CHECK(*ret_client >= 0);
	*ret_server = accept4(listener, seen ? &seen->any : NULL, seen ? &size : NULL, SOCK_CLOEXEC);
	CHECK(*ret_server >= 0 && setsockopt(*ret_server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	return 0;
}

static bool is_own_name(int fd, const union forwarder_address *seen)
{
	union forwarder_address own;
	socklen_t size = sizeof own;

	return getsockname(fd, &own.any, &size) == 0 && own.v4.sin_port == seen->v4.sin_port &&
		(own.any.sa_family == AF_INET ? own.v4.sin_addr.s_addr == seen->v4.sin_addr.s_addr :
						memcmp(&own.v6.sin6_addr, &seen->v6.sin6_addr, sizeof own.v6.sin6_addr) == 0);
}

static bool has_address(const union forwarder_address *seen, const char *text)
{
	union forwarder_address wanted = address(text, ntohs(seen->v4.sin_port));

	return wanted.any.sa_family == AF_INET ? wanted.v4.sin_addr.s_addr == seen->v4.sin_addr.s_addr :
						 memcmp(&wanted.v6.sin6_addr, &seen->v6.sin6_addr, sizeof wanted.v6.sin6_addr) == 0;
}

/* ---- TCP --------------------------------------------------------------------------------- */

/* Invariant 1. 10.66.3.9 is an address of the host's, and of a neighbour of the container. */
static int sources_of(enum forwarder_answers answers)
{
	static const struct {
		const char *from, *to, *seen; /* seen NULL: itself */
	} table[] = {
		{ "198.51.100.7", "198.51.100.1", NULL },
		{ NULL, "198.51.100.1", NULL },
		{ "127.0.0.1", "127.0.0.1", "10.66.3.1" },
		{ "10.66.3.9", "198.51.100.1", "10.66.3.1" },
		{ NULL, "2001:db8::1", NULL },
		{ NULL, "::1", "fd66::1" },
	};
	int r = start_for(answers), four, six;

	if (r)
		return r;
	four = server_socket(SOCK_STREAM, "10.66.3.2");
	six = server_socket(SOCK_STREAM, "fd66::2");
	CHECK(four >= 0 && six >= 0);
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0 && publish(IPPROTO_TCP, "::", PORT, "fd66::2", "fd66::1") == 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		union forwarder_address seen = { 0 };
		int client, server;
		char text[8];

		fprintf(stderr, "# from %s to %s\n", table[i].from ? table[i].from : "any", table[i].to);
		CHECK(connect_both(strchr(table[i].to, ':') ? six : four, table[i].from, table[i].to, &client, &server, &seen) == 0);
		CHECK(table[i].seen ? has_address(&seen, table[i].seen) : is_own_name(client, &seen));
		CHECK(send(client, "ping", 4, 0) == 4 && recv(server, text, sizeof text, 0) == 4 && memcmp(text, "ping", 4) == 0);
		CHECK(send(server, "pong!", 5, 0) == 5 && recv(client, text, sizeof text, 0) == 5 && memcmp(text, "pong!", 5) == 0);
		close(client);
		close(server);
	}
	return stop();
}

static int sources(void)
{
	return sources_of(FORWARDER_OF_SOCKETS);
}

static int sources_without_sockets(void)
{
	return sources_of(FORWARDER_OF_CONNECTIONS);
}

/* A container that has IP version 4 alone. */
static int other_family(void)
{
	union forwarder_address seen = { 0 };
	int r = start(0), listener, client, server;

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "::", PORT, "10.66.3.2", "10.66.3.1") == 0);
	CHECK(connect_both(listener, NULL, "::1", &client, &server, &seen) == 0 && has_address(&seen, "10.66.3.1"));
	return stop();
}

/* One port of a client's for two of the host's that lead to the same of the container's: the second has another. */
static int same_source(void)
{
	union forwarder_address from = address("198.51.100.7", 40000), to = address("198.51.100.1", PORT), seen = { 0 };
	socklen_t size = sizeof seen;
	int r = start(0), listener, on = 1;

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0 && publish(IPPROTO_TCP, "0.0.0.0", PORT + 1, "10.66.3.2", "10.66.3.1") == 0);
	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		to.v4.sin_port = htons((uint16_t)(PORT + i));
		CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, &from.any, sizeof from.v4) == 0);
		CHECK(connect(fd, &to.any, sizeof to.v4) == 0 && accept(listener, &seen.any, &size) >= 0);
		CHECK(has_address(&seen, "198.51.100.7") && (ntohs(seen.v4.sin_port) == 40000) == (i == 0));
	}
	return stop();
}

/* Invariant 3. */
static int ends(void)
{
	const struct linger reset = { .l_onoff = 1 };
	int r = start(0), listener, client, server;
	char text[8];

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0);
	/* One direction ends, the other goes on. */
	CHECK(connect_both(listener, NULL, "127.0.0.1", &client, &server, NULL) == 0);
	CHECK(send(client, "a", 1, 0) == 1 && shutdown(client, SHUT_WR) == 0);
	CHECK(recv(server, text, sizeof text, 0) == 1 && recv(server, text, sizeof text, 0) == 0);
	CHECK(send(server, "bc", 2, 0) == 2 && recv(client, text, sizeof text, 0) == 2);
	close(server);
	CHECK(recv(client, text, sizeof text, 0) == 0);
	close(client);
	/* Resets, both ways, and what came before one. */
	CHECK(connect_both(listener, NULL, "127.0.0.1", &client, &server, NULL) == 0);
	CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
	close(client);
	CHECK(recv(server, text, sizeof text, 0) < 0 && errno == ECONNRESET);
	close(server);
	CHECK(connect_both(listener, NULL, "127.0.0.1", &client, &server, NULL) == 0);
	CHECK(setsockopt(server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
	close(server);
	CHECK(recv(client, text, sizeof text, 0) < 0 && errno == ECONNRESET);
	close(client);
	/* Nobody is there. */
	close(listener);
	client = client_socket(SOCK_STREAM, NULL, "127.0.0.1");
	CHECK(client < 0 ? client == -ECONNRESET : recv(client, text, sizeof text, 0) < 0 && errno == ECONNRESET);
	return stop();
}

static uint64_t next_number(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* What both directions of a connection have been given and have had, byte by byte of a sequence. */
struct stream {
	int from, to;
	uint64_t written, read, write_state, read_state, total;
};

static int push(struct stream *stream)
{
	uint8_t block[16384];
	uint64_t state = stream->write_state;
	size_t size = stream->total - stream->written < sizeof block ? stream->total - stream->written : sizeof block;
	ssize_t n;

	for (size_t i = 0; i < size; i++)
		block[i] = (uint8_t)next_number(&state);
	n = send(stream->from, block, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	for (ssize_t i = 0; i < n; i++)
		ignore_result((long)next_number(&stream->write_state)); /* as far as it went */
	stream->written += n > 0 ? (uint64_t)n : 0;
	if (stream->written == stream->total)
		CHECK(shutdown(stream->from, SHUT_WR) == 0);
	CHECK(n > 0 || errno == EAGAIN);
	return 0;
}

static int pull(struct stream *stream)
{
	uint8_t block[65536];
	ssize_t n = recv(stream->to, block, sizeof block, MSG_DONTWAIT);

	CHECK(n > 0 || (n < 0 && errno == EAGAIN));
	for (ssize_t i = 0; i < n; i++)
		CHECK(block[i] == (uint8_t)next_number(&stream->read_state));
	stream->read += n > 0 ? (uint64_t)n : 0;
	return 0;
}

/* Both directions at once, with readers that are behind. */
static int run_streams(struct stream *streams, size_t count)
{
	bool is_over = false;

	while (!is_over) {
		struct pollfd polls[4];

		is_over = true;
		for (size_t i = 0; i < count; i++) {
			polls[2 * i] = (struct pollfd){ streams[i].written < streams[i].total ? streams[i].from : -1, POLLOUT, 0 };
			polls[2 * i + 1] = (struct pollfd){ streams[i].read < streams[i].total ? streams[i].to : -1, POLLIN, 0 };
			is_over &= streams[i].read == streams[i].total;
		}
		if (is_over)
			break;
		CHECK(poll(polls, 2 * count, WAIT_MS) > 0);
		for (size_t i = 0; i < count; i++) {
			if (polls[2 * i].revents)
				CHECK(push(&streams[i]) == 0);
			if (polls[2 * i + 1].revents)
				CHECK(pull(&streams[i]) == 0);
		}
	}
	return 0;
}

static int bytes(void)
{
	struct stream streams[2] = { { .total = 100000000, .write_state = 1, .read_state = 1 }, { .total = 100000000, .write_state = 2, .read_state = 2 } };
	int r = start(0), listener, client, server;
	char text[8];

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0);
	CHECK(connect_both(listener, NULL, "198.51.100.1", &client, &server, NULL) == 0);
	streams[0].from = streams[1].to = client;
	streams[0].to = streams[1].from = server;
	CHECK(run_streams(streams, 2) == 0);
	CHECK(recv(client, text, sizeof text, 0) == 0 && recv(server, text, sizeof text, 0) == 0);
	return stop();
}

/* More than there are pipes, each with a receiver that takes nothing: the last one goes on all the same. */
static int slow_receivers(void)
{
	enum { SLOW = 80 };
	struct stream stream = { .total = 3000000, .write_state = 3, .read_state = 3 };
	static uint8_t block[1 << 16];
	int r = start(0), listener, clients[SLOW], servers[SLOW];

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0);
	for (int i = 0; i < SLOW; i++) {
		int size = 4096;

		CHECK(connect_both(listener, NULL, "127.0.0.1", &clients[i], &servers[i], NULL) == 0);
		CHECK(setsockopt(servers[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
		for (int quiet = 0; quiet < 5;) {
			ssize_t n = send(clients[i], block, sizeof block, MSG_DONTWAIT);

			quiet = n > 0 ? 0 : quiet + 1;
			if (n < 0)
				usleep(1000);
		}
	}
	CHECK(connect_both(listener, NULL, "127.0.0.1", &stream.from, &stream.to, NULL) == 0);
	CHECK(run_streams(&stream, 1) == 0);
	return stop();
}

/* Invariant 4: with descriptors for some 20 at a time, 100 come at once, and each has its turn. */
static int without_descriptors(void)
{
	enum { CLIENTS = 100 };
	int r = start(64), listener, clients[CLIENTS], left = CLIENTS;

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = client_socket(SOCK_STREAM, NULL, "127.0.0.1");
		CHECK(clients[i] >= 0 && send(clients[i], "x", 1, 0) == 1);
	}
	for (int rounds = 0; left > 0; rounds++) {
		struct pollfd ask = { listener, POLLIN, 0 };
		char text[8];

		CHECK(rounds < 1000);
		if (poll(&ask, 1, 10) == 1) {
			int server = accept(listener, NULL, NULL);

			CHECK(server >= 0 && recv(server, text, sizeof text, 0) == 1 && send(server, "y", 1, 0) == 1);
			close(server);
		}
		/* Which of them it was nobody knows: those that are answered go. */
		for (int k = 0; k < CLIENTS; k++)
			if (clients[k] >= 0 && recv(clients[k], text, sizeof text, MSG_DONTWAIT) == 1) {
				close_and_forget(&clients[k]);
				left--;
			}
	}
	return stop();
}

static int drops(void)
{
	struct forwarder_order order = { .verb = FORWARDER_DROP_PORT, .protocol = IPPROTO_TCP, .owner = "web", .at = address("0.0.0.0", PORT) };
	int r = start(0), listener, client, server, late;
	char text[8];

	if (r)
		return r;
	listener = server_socket(SOCK_STREAM, "10.66.3.2");
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0);
	CHECK(connect_both(listener, NULL, "127.0.0.1", &client, &server, NULL) == 0);
	/* The port goes, the connection stays. */
	CHECK(forwarder_send(control, &order, -1) == 0);
	do
		late = client_socket(SOCK_STREAM, NULL, "127.0.0.1");
	while (late >= 0 && close(late) == 0);
	CHECK(late == -ECONNREFUSED || late == -ECONNRESET);
	CHECK(send(client, "a", 1, 0) == 1 && recv(server, text, sizeof text, 0) == 1);
	order.verb = FORWARDER_DROP;
	CHECK(forwarder_send(control, &order, -1) == 0);
	CHECK(recv(client, text, sizeof text, 0) < 0 && errno == ECONNRESET);
	/* What is dropped may come again. */
	CHECK(publish(IPPROTO_TCP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0);
	CHECK(connect_both(listener, NULL, "127.0.0.1", &client, &server, NULL) == 0);
	return stop();
}

/* ---- UDP ---------------------------------------------------------------------------------- */

static int ask(int client, int server, const char *question, size_t length, union forwarder_address *seen)
{
	static char text[65536];
	socklen_t size = sizeof *seen;

	CHECK(send(client, question, length, 0) == (ssize_t)length);
	CHECK(recvfrom(server, text, sizeof text, 0, &seen->any, &size) == (ssize_t)length && memcmp(text, question, length) == 0);
	CHECK(sendto(server, text, length, 0, &seen->any, size) == (ssize_t)length);
	CHECK(recv(client, text, sizeof text, 0) == (ssize_t)length && memcmp(text, question, length) == 0);
	return 0;
}

static int datagrams_of(enum forwarder_answers answers)
{
	static char large[60000];
	struct forwarder_order order = { .verb = FORWARDER_DROP, .owner = "web" };
	union forwarder_address seen = { 0 };
	int r = start_for(answers), four, six, client, other;

	if (r)
		return r;
	memset(large, 'l', sizeof large);
	four = server_socket(SOCK_DGRAM, "10.66.3.2");
	six = server_socket(SOCK_DGRAM, "fd66::2");
	CHECK(publish(IPPROTO_UDP, "0.0.0.0", PORT, "10.66.3.2", "10.66.3.1") == 0 && publish(IPPROTO_UDP, "::", PORT, "fd66::2", "fd66::1") == 0);
	/* The client is connected: an answer from another address than it asked would not come to it. */
	client = client_socket(SOCK_DGRAM, "198.51.100.7", "198.51.100.1");
	CHECK(ask(client, four, "one", 3, &seen) == 0 && is_own_name(client, &seen));
	CHECK(ask(client, four, "", 0, &seen) == 0 && ask(client, four, large, sizeof large, &seen) == 0);
	other = client_socket(SOCK_DGRAM, NULL, "127.0.0.1");
	CHECK(ask(other, four, "two", 3, &seen) == 0 && has_address(&seen, "10.66.3.1"));
	CHECK(ask(client, four, "three", 5, &seen) == 0 && is_own_name(client, &seen));
	other = client_socket(SOCK_DGRAM, NULL, "2001:db8::1");
	CHECK(ask(other, six, "four", 4, &seen) == 0 && is_own_name(other, &seen));
	/* Nobody listens for a while. */
	close(four);
	CHECK(send(client, "x", 1, 0) == 1);
	usleep(50000);
	CHECK((four = server_socket(SOCK_DGRAM, "10.66.3.2")) >= 0 && ask(client, four, "five", 4, &seen) == 0);
	CHECK(forwarder_send(control, &order, -1) == 0);
	return stop();
}

static int datagrams(void)
{
	return datagrams_of(FORWARDER_OF_SOCKETS);
}

static int datagrams_without_sockets(void)
{
	return datagrams_of(FORWARDER_OF_CONNECTIONS);
}

/* ---- what it can do that somebody has taken over ---------------------------------------------------------- */

static long call_open(void)
{
	return open("/", O_RDONLY);
}

static long call_execute(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static long call_fork(void)
{
	return fork();
}

static long call_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long call_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long call_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long call_kill(void)
{
	return kill(getppid(), 0);
}

static long call_udp(void)
{
	return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* In a child; how that ended. */
static int status_of(long (*call)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(forwarder_confine() < 0 ? 2 : call() < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static int confinement(void)
{
	static long (*const others[])(void) = { call_open, call_execute, call_fork, call_netlink, call_raw, call_unix, call_kill };

	if (RELINQUISH_IS_SANITIZED)
		SKIP("a program without sanitizers");
	CHECK(status_of(call_udp) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		int status = status_of(others[i]);

		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
	return 0;
}

IN_CHILD(confinement, CLONE_NEWNET)
IN_CHILD(sources, CLONE_NEWNET)
IN_CHILD(sources_without_sockets, CLONE_NEWNET)
IN_CHILD(other_family, CLONE_NEWNET)
IN_CHILD(same_source, CLONE_NEWNET)
IN_CHILD(ends, CLONE_NEWNET)
IN_CHILD(bytes, CLONE_NEWNET)
IN_CHILD(slow_receivers, CLONE_NEWNET)
IN_CHILD(without_descriptors, CLONE_NEWNET)
IN_CHILD(drops, CLONE_NEWNET)
IN_CHILD(datagrams, CLONE_NEWNET)
IN_CHILD(datagrams_without_sockets, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confinement),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_sources_without_sockets),
		cmocka_unit_test(test_other_family),
		cmocka_unit_test(test_same_source),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_slow_receivers),
		cmocka_unit_test(test_without_descriptors),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_datagrams_without_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
