/* SPDX-License-Identifier: Apache-2.0 */
#include "home/ports.h"

#include "base/clock.h"
#include "host/nftables.h"
#include "host/netns_call.h"
#include "host/relinquish.h"
#include "host/syscalls.h"
#include "net/firewall.h"
#include "net/forwarder.h"
#include "net/forwarder_route.h"
#include "net/ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define PORTS_LIMIT 131072u /* of all that is published, both families */
#define DROP_MS 300      /* the most that the forwarder takes to close a socket */
#define REVIVAL_MS 1000     /* one that ended sooner is not started again before the next change */
#define UNPRIVILEGED_FILE "net.ipv4.ip_unprivileged_port_start"

/* One that is listened for: two of the same .order but .target are one place. */
struct home_port {
	struct forwarder_order order;
	const struct spec_published_port *published; /* while it is looked for */
	int fd;
};

/* ---- which ones -------------------------------------------------------------------------- */

static bool parse_address(const char *text, uint16_t port, union forwarder_address *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->v4.sin_port = htons(port); /* of either family */
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		ret->v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1)
		ret->v6.sin6_family = AF_INET6;
	return ret->any.sa_family != AF_UNSPEC;
}

static int protocol_of(const char *word)
{
	return str_equal(word, "tcp") ? IPPROTO_TCP : str_equal(word, "udp") ? IPPROTO_UDP : IPPROTO_SCTP;
}

/* The ports of PORT for ADDRESS of the container, one by one. */
static void expand(const struct spec_published_port *port, const char *address, struct home_ports *out)
{
	bool is4 = !strchr(address, ':');
	const char *host = port->host_ip ? port->host_ip : is4 ? "0.0.0.0" : "::";

	for (uint32_t i = 0; i < port->count && out->count < PORTS_LIMIT; i++) {
		struct home_port one = { .order = { .verb = FORWARDER_LISTEN, .protocol = protocol_of(port->protocol) }, .published = port, .fd = -EBADF };

		snprintf(one.order.owner, sizeof one.order.owner, "%s", address);
		if (!parse_address(host, (uint16_t)(port->host_port + i), &one.order.at) ||
		    !parse_address(address, (uint16_t)(port->port + i), &one.order.target))
			continue;
		if ((out->count & (out->count - 1)) == 0)
			out->list = memory_resize(out->list, out->count ? 2 * out->count : 1, sizeof *out->list);
		out->list[out->count++] = one;
	}
}

static int compare(const void *a, const void *b)
{
	const struct forwarder_order *one = &((const struct home_port *)a)->order, *other = &((const struct home_port *)b)->order;
	int c = one->protocol - other->protocol;

	if (c == 0)
		c = memcmp(&one->at, &other->at, sizeof one->at);
	return c ? c : memcmp(&one->target, &other->target, sizeof one->target);
}

struct reading {
	struct arena *arena;
	struct firewall_content content;
	struct error err;
};

static int call_read(void *context)
{
	struct reading *reading = context;

	return firewall_read(reading->arena, &reading->content, &reading->err);
}

/* All that is published, sorted; the list is the caller's. */
static int read_wanted(const struct home_ports *ports, struct arena *arena, struct home_ports *ret, struct error *err)
{
	struct reading reading = { .arena = arena };
	int result = 0, r = netns_call(ports->network_fd, call_read, &reading, &result);

	if (r < 0)
		return error_errno(err, -r, "cannot enter the network namespace of this user's containers");
	if (result < 0) {
		*err = reading.err;
		return result;
	}
	ret->has_networks = reading.content.bridges[0] != NULL;
	for (size_t i = 0; i < reading.content.port_count; i++) {
		const struct spec_published_port *port = &reading.content.ports[i];

		if (port->address4)
			expand(port, port->address4, ret);
		if (port->address6)
			expand(port, port->address6, ret);
	}
	qsort(ret->list, ret->count, sizeof *ret->list, compare);
	return 0;
}

/* ---- the forwarder ----------------------------------------------------------------------------- */

/* Its two descriptors at the first places behind the streams, and none but those. */
static int keep_descriptors(int control, int network)
{
	int far_control = fcntl(control, F_DUPFD_CLOEXEC, 16), far_network = fcntl(network, F_DUPFD_CLOEXEC, 16);

	if (far_control < 0 || far_network < 0 || dup2(far_control, 3) < 0 || dup2(far_network, 4) < 0 || sys_close_range(5, ~0U, 0) < 0)
		return -errno;
	return 0;
}

/* What it needs of its namespaces has been done by then: sockets with the addresses of others are all that is left. */
static int confine(void)
{
	int r = relinquish_capabilities(UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE);

	if (r == 0)
		r = relinquish_privileges();
	return r < 0 ? r : relinquish_host_calls();
}

_noreturn_ static void live_as_forwarder(int control, int network, pid_t parent)
{
	struct error err = ERROR_INIT;
	int r = keep_descriptors(control, network);

	if (r < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setns(4, CLONE_NEWNET) < 0)
		_exit(1);
	close(4);
	/* Kernels without what that takes carry ports all the same: their clients appear as the gateway. */
	r = forwarder_route_make(NULL);
	if (confine() < 0)
		_exit(1);
	_exit(forwarder_run(3, r == 0, &err) < 0);
}

static int start_forwarder(struct home_ports *ports)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (ports->control_fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		live_as_forwarder(ends[1], ports->network_fd, parent);
	close(ends[1]);
	if (pid < 0) {
		int r = -errno;

		close(ends[0]);
		return r;
	}
	ports->forwarder = pid;
	ports->control_fd = ends[0];
	ports->started_ms = clock_monotonic_ms();
	return 0;
}

static void end_forwarder(struct home_ports *ports)
{
	close_and_forget(&ports->control_fd);
	if (ports->forwarder > 0) {
		kill(ports->forwarder, SIGKILL);
		while (waitpid(ports->forwarder, NULL, 0) < 0 && errno == EINTR)
			;
	}
	ports->forwarder = 0;
}

void home_ports_revive(struct home_ports *ports)
{
	bool was_short = clock_monotonic_ms() - ports->started_ms < REVIVAL_MS;

	end_forwarder(ports);
	if (was_short || ports->count == 0 || start_forwarder(ports) < 0)
		return;
	for (size_t i = 0; i < ports->count; i++)
		if (forwarder_send(ports->control_fd, &ports->list[i].order, ports->list[i].fd) < 0)
			return; /* it has ended again: that is told, too */
}

/* ---- listening ------------------------------------------------------------------------------------ */

/* Who has the port, if that can be told; else that somebody has. */
static void explain_taken(const struct spec_published_port *port, struct error *err)
{
	if (net_ports_check(port, 1, err) < 0)
		return;
	error_set(err, ERROR_CONFLICT, EADDRINUSE, "cannot publish port %u/%s", port->host_port, port->protocol);
}

static void explain(const struct home_port *port, int r, struct error *err)
{
	struct spec_published_port one = *port->published;

	one.host_port = ntohs(port->order.at.v4.sin_port);
	one.count = 1;
	if (r == -EADDRINUSE) {
		explain_taken(&one, err);
		return;
	}
	error_errno(err, -r, "cannot publish port %u/%s", one.host_port, one.protocol);
	if (r == -EACCES)
		error_hint(err, "`sysctl " UNPRIVILEGED_FILE "=%u`, by root, lets ordinary users have it", one.host_port);
	else if (r == -EADDRNOTAVAIL)
		error_hint(err, "the host has no address %s", one.host_ip ? one.host_ip : "of that kind");
	else if (r == -EMFILE)
		error_hint(err, "each port is a descriptor: `ulimit -n` is how many there may be");
}

static int listen_for(struct home_ports *ports, struct home_port *port)
{
	int r = start_forwarder(ports);

	if (r == 0)
		r = forwarder_listen(&port->order, &port->fd);
	/* Perhaps it is the forwarder that has it, which gives up what was dropped a moment later. */
	while (r == -EADDRINUSE && clock_monotonic_ms() - ports->dropped_ms < DROP_MS) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		r = forwarder_listen(&port->order, &port->fd);
	}
	/* A family that the host has not got is missed by nobody who did not name an address of it. */
	if (r == -EAFNOSUPPORT && !port->published->host_ip)
		return 0;
	if (r == 0)
		r = forwarder_send(ports->control_fd, &port->order, port->fd);
	if (r == -EPIPE || r == -ECONNRESET)
		r = 0; /* the next forwarder gets it */
	if (r < 0)
		close_and_forget(&port->fd);
	return r;
}

static void drop(struct home_ports *ports, struct home_port *port)
{
	struct forwarder_order order = port->order;

	order.verb = FORWARDER_DROP_PORT;
	if (ports->control_fd >= 0)
		ignore_result(forwarder_send(ports->control_fd, &order, -1)); /* if it has ended, its sockets have */
	close_and_forget(&port->fd);
	ports->dropped_ms = clock_monotonic_ms();
}

static void note_failure(const struct home_port *port, int r, struct arena *arena, struct spec_home_reply *reply)
{
	struct spec_home_failure *failure;

	if (!reply || reply->count == SPEC_HOME_FAILURES)
		return;
	if (!reply->failures)
		reply->failures = arena_alloc(arena, SPEC_HOME_FAILURES, sizeof *reply->failures);
	failure = &reply->failures[reply->count++];
	*failure = (struct spec_home_failure){ .host_ip = port->published->host_ip, .protocol = port->published->protocol,
		.port = ntohs(port->order.at.v4.sin_port) };
	explain(port, r, &failure->error);
}

/* Both lists are sorted: what is in the old one alone goes first, as its port may be wanted for another. */
static void drop_old(struct home_ports *ports, struct home_ports *wanted)
{
	size_t i = 0, k = 0;

	while (i < ports->count) {
		int c = k < wanted->count ? compare(&ports->list[i], &wanted->list[k]) : -1;

		if (c < 0)
			drop(ports, &ports->list[i++]);
		else if (c > 0)
			k++;
		else
			wanted->list[k++].fd = TAKE_FD(ports->list[i++].fd);
	}
}

static void listen_for_new(struct home_ports *ports, struct home_ports *wanted, struct arena *arena, struct spec_home_reply *reply)
{
	size_t kept = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		struct home_port *port = &wanted->list[i];
		int r = port->fd >= 0 ? 0 : listen_for(ports, port);

		if (r < 0)
			note_failure(port, r, arena, reply);
		port->published = NULL;
		if (port->fd >= 0)
			wanted->list[kept++] = *port;
	}
	wanted->count = kept;
}

int home_ports_look(struct home_ports *ports, struct arena *arena, struct spec_home_reply *reply, struct error *err)
{
	struct home_ports wanted = HOME_PORTS_INIT;
	int r = read_wanted(ports, arena, &wanted, err);

	if (r < 0) {
		free(wanted.list);
		return r;
	}
	drop_old(ports, &wanted);
	free(ports->list);
	ports->list = NULL;
	ports->count = 0;
	listen_for_new(ports, &wanted, arena, reply);
	ports->list = wanted.list;
	ports->count = wanted.count;
	ports->has_networks = wanted.has_networks;
	return 0;
}

void home_ports_look_again(struct home_ports *ports)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	char bytes[8192];
	ssize_t n;

	/* What it says matters less than that it says something; if that was too much it says so (ENOBUFS). */
	do
		n = recv(ports->events_fd, bytes, sizeof bytes, MSG_DONTWAIT);
	while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
	ignore_result(home_ports_look(ports, arena, NULL, &err)); /* the next change, or who asks, finds it so still */
}

/* ---- the beginning and the end ----------------------------------------------------------------------- */

static int call_open_events(void *context)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	int group = NFNLGRP_NFTABLES;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
		return -errno;
	*(int *)context = TAKE_FD(fd);
	return 0;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		ignore_result(setrlimit(RLIMIT_NOFILE, &limit)); /* with fewer there may be fewer ports */
	}
}

int home_ports_open(struct home_ports *ports, int network_fd, struct error *err)
{
	int result = 0, r = netns_call(network_fd, call_open_events, &ports->events_fd, &result);

	if (r == 0)
		r = result;
	if (r < 0)
		return error_errno(err, -r, "cannot watch the firewall of this user's containers");
	raise_limit();
	ports->network_fd = network_fd;
	return 0;
}

void home_ports_done(struct home_ports *ports)
{
	end_forwarder(ports);
	for (size_t i = 0; i < ports->count; i++)
		close_and_forget(&ports->list[i].fd);
	free(TAKE_PTR(ports->list));
	ports->count = 0;
	close_and_forget(&ports->events_fd);
}
