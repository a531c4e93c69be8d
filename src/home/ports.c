/* SPDX-License-Identifier: Apache-2.0 */
#include "home/ports.h"

#include "base/clock.h"
#include "host/nftables.h"
#include "host/netns_call.h"
#include "net/firewall.h"
#include "net/forwarder.h"
#include "net/forwarder_route.h"
#include "net/ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define PORTS_LIMIT 524288u /* of all that is published, both families: half of fs.nr_open, as it comes */
#define DROP_MS 300         /* the most that the forwarder takes to close a socket */
#define REVIVAL_MS 20       /* after the end of a forwarder that was short; twice that after the next one, and so on */
#define REVIVALS 6          /* with the ports open; then nobody should wait for what does not come */
#define HOPELESS_MS 2000    /* until it is tried again then */
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

/* The ports of PORT for ADDRESS of the container, one by one. -E2BIG: they are too many. */
static int expand(const struct spec_published_port *port, const char *address, struct home_ports *out)
{
	bool is4 = !strchr(address, ':');
	const char *host = port->host_ip ? port->host_ip : is4 ? "0.0.0.0" : "::";

	if (port->count > PORTS_LIMIT - out->count)
		return -E2BIG;
	for (uint32_t i = 0; i < port->count; i++) {
		struct home_port one = { .order = { .verb = FORWARDER_LISTEN, .protocol = protocol_of(port->protocol) }, .published = port, .fd = -EBADF };

		snprintf(one.order.owner, sizeof one.order.owner, "%s", address);
		if (!parse_address(host, (uint16_t)(port->host_port + i), &one.order.at) ||
		    !parse_address(address, (uint16_t)(port->port + i), &one.order.target))
			continue;
		if ((out->count & (out->count - 1)) == 0)
			out->list = memory_resize(out->list, out->count ? 2 * out->count : 1, sizeof *out->list);
		out->list[out->count++] = one;
	}
	return 0;
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
	bool has_forwarder;
	struct firewall_content content;
	struct error err;
};

static int call_read(void *context)
{
	struct reading *reading = context;

	/* Whoever flushes all rules flushes those by which answers come to the forwarder, too. Without them it may have begun (home/carrier.c). */
	if (reading->has_forwarder)
		ignore_result(forwarder_route_ensure(NULL));
	return firewall_read(reading->arena, &reading->content, &reading->err);
}

/* All that is published, sorted; the list is the caller's. */
static int read_wanted(const struct home_ports *ports, struct arena *arena, struct home_ports *ret, struct error *err)
{
	struct reading reading = { .arena = arena, .has_forwarder = ports->carrier.control_fd >= 0 };
	int result = 0, r = netns_call(ports->network_fd, call_read, &reading, &result);

	if (r < 0)
		return error_errno(err, -r, "cannot enter the network namespace of this user's containers");
	if (result < 0) {
		*err = reading.err;
		return result;
	}
	ret->has_networks = reading.content.bridges[0] != NULL;
	for (size_t i = 0; r == 0 && i < reading.content.port_count; i++) {
		const struct spec_published_port *port = &reading.content.ports[i];

		if (port->address4)
			r = expand(port, port->address4, ret);
		if (r == 0 && port->address6)
			r = expand(port, port->address6, ret);
	}
	if (r < 0)
		return error_set(err, ERROR_UNAVAILABLE, 0, "cannot publish more than %u ports in all", PORTS_LIMIT);
	qsort(ret->list, ret->count, sizeof *ret->list, compare);
	return 0;
}

/* ---- the forwarder ----------------------------------------------------------------------------- */

/* There is one, and it has all that is listened for. */
static int start_forwarder(struct home_ports *ports)
{
	bool was_there = ports->carrier.control_fd >= 0;
	int r = home_carrier_start(&ports->carrier, ports->network_fd);

	if (r < 0 || was_there)
		return r;
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].fd >= 0 && forwarder_send(ports->carrier.control_fd, &ports->list[i].order, ports->list[i].fd) < 0)
			break; /* it has ended again: that is told, too */
	return 0;
}

/* Clients are refused then. */
static void stop_listening(struct home_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		close_and_forget(&ports->list[i].fd);
	ports->count = 0;
}

static void revive_later(struct home_ports *ports)
{
	int64_t delay_ms = HOPELESS_MS;

	if (ports->failures < REVIVALS)
		delay_ms = (int64_t)REVIVAL_MS << ports->failures++;
	else
		stop_listening(ports);
	ports->revival_ms = clock_monotonic_ms() + delay_ms;
}

void home_ports_revive(struct home_ports *ports)
{
	bool was_short = home_carrier_was_short(&ports->carrier);

	home_carrier_end(&ports->carrier);
	if (ports->count == 0)
		return;
	if (!was_short)
		ports->failures = 0;
	if (was_short || start_forwarder(ports) < 0)
		revive_later(ports);
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
	if (r == -EPROTONOSUPPORT) {
		error_set(err, ERROR_UNSUPPORTED, 0, "cannot publish port %u/%s: an ordinary user's ports are of tcp and udp alone", one.host_port, one.protocol);
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
		r = forwarder_send(ports->carrier.control_fd, &port->order, port->fd);
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
	if (ports->carrier.control_fd >= 0)
		ignore_result(forwarder_send(ports->carrier.control_fd, &order, -1)); /* if it has ended, its sockets have */
	close_and_forget(&port->fd);
	ports->dropped_ms = clock_monotonic_ms();
}

/* Of a container there is one: who publishes its ports takes them all back. */
static struct error *add_failure(const struct home_port *port, struct arena *arena, struct spec_home_reply *reply)
{
	struct spec_home_failure *failure;

	if (!reply || reply->count == SPEC_HOME_FAILURES)
		return NULL;
	if (!reply->failures)
		reply->failures = arena_alloc(arena, SPEC_HOME_FAILURES, sizeof *reply->failures);
	failure = &reply->failures[reply->count++];
	*failure = (struct spec_home_failure){ .host_ip = port->published->host_ip, .protocol = port->published->protocol,
		.port = ntohs(port->order.at.v4.sin_port) };
	return &failure->error;
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

static int compare_owners(const void *a, const void *b)
{
	return strcmp((*(struct home_port *const *)a)->order.owner, (*(struct home_port *const *)b)->order.owner);
}

/* COUNT new ones of one container: all are tried. */
static size_t listen_for_owner(struct home_ports *ports, struct home_port **list, size_t count, struct arena *arena, struct spec_home_reply *reply)
{
	size_t listening = 0;
	bool has_failed = false;

	for (size_t i = 0; i < count; i++) {
		int r = listen_for(ports, list[i]);
		struct error *err = r < 0 && !has_failed ? add_failure(list[i], arena, reply) : NULL;

		if (err)
			explain(list[i], r, err);
		has_failed |= r < 0;
		listening += list[i]->fd >= 0;
	}
	return listening;
}

static void fail_too_many(size_t wanted, size_t limit, struct error *err)
{
	error_set(err, ERROR_UNAVAILABLE, 0, "cannot publish so many ports: %zu sockets are needed for all there are, and there may be %zu", wanted, limit);
	error_hint(err, "a process may have %zu descriptors (`ulimit -Hn`), of which half can be ports: two for each, where a network has both IP versions", 2 * limit);
}

/* Of a container all get a socket or, if there cannot be so many, none. */
static void listen_for_new(struct home_ports *ports, struct arena *arena, struct spec_home_reply *reply)
{
	struct home_port **new = memory_new(ports->count + 1, sizeof *new);
	size_t limit = forwarder_listener_limit(), count = 0, n;

	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].fd < 0)
			new[count++] = &ports->list[i];
	qsort(new, count, sizeof *new, compare_owners);
	for (size_t i = 0, listening = ports->count - count; i < count; i += n) {
		struct error *err = NULL;

		for (n = 1; i + n < count && compare_owners(&new[i], &new[i + n]) == 0; n++)
			;
		if (n <= limit && listening <= limit - n)
			listening += listen_for_owner(ports, new + i, n, arena, reply);
		else
			err = add_failure(new[i], arena, reply);
		if (err)
			fail_too_many(ports->count, limit, err);
	}
	free(new);
}

/* Those without a socket are tried again when it is looked next. */
static void forget_unheard(struct home_ports *ports)
{
	size_t kept = 0;

	for (size_t i = 0; i < ports->count; i++) {
		ports->list[i].published = NULL; /* it goes with the arena */
		if (ports->list[i].fd >= 0)
			ports->list[kept++] = ports->list[i];
	}
	ports->count = kept;
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
	ports->list = wanted.list;
	ports->count = wanted.count;
	ports->has_networks = wanted.has_networks;
	listen_for_new(ports, arena, reply);
	forget_unheard(ports);
	return 0;
}

static int look_quietly(struct home_ports *ports)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;

	return home_ports_look(ports, arena, NULL, &err);
}

void home_ports_look_again(struct home_ports *ports)
{
	char bytes[8192];
	ssize_t n;

	/* What it says matters less than that it says something; if that was too much it says so (ENOBUFS). */
	do
		n = recv(ports->events_fd, bytes, sizeof bytes, MSG_DONTWAIT);
	while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
	ignore_result(look_quietly(ports)); /* the next change, or who asks, finds it so still */
}

int home_ports_tend(struct home_ports *ports)
{
	int64_t rest_ms = ports->revival_ms - clock_monotonic_ms();
	int r;

	if (ports->revival_ms == 0)
		return -1;
	if (rest_ms > 0)
		return (int)rest_ms;
	ports->revival_ms = 0;
	r = start_forwarder(ports);
	if (r == 0 && ports->count == 0)
		r = look_quietly(ports);
	if (r < 0)
		revive_later(ports);
	return r < 0 ? 0 : -1;
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
	home_carrier_end(&ports->carrier);
	for (size_t i = 0; i < ports->count; i++)
		close_and_forget(&ports->list[i].fd);
	free(TAKE_PTR(ports->list));
	ports->count = 0;
	close_and_forget(&ports->events_fd);
}
