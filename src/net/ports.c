/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ports.h"

#include "base/file.h"
#include "base/memory.h"
#include "host/sock_diag.h"
#include "net/firewall_elements.h"
#include "net/subnets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define RANGE_FILE "/proc/sys/net/ipv4/ip_local_port_range"
#define RANGE_FIRST 32768 /* the kernel's default, ip(7) */
#define RANGE_LAST 60999
#define PORTS 65536u

static const char *const protocols[] = { "tcp", "udp", "sctp" };

/* ---- ports of the host that are asked for -------------------------------------- */

/* Addresses of the host of one family that are meant. */
struct place {
	int family;
	const uint8_t *address; /* NULL: all */
};

static bool is_any(const uint8_t *address, int family)
{
	static const uint8_t zeros[16];

	return memcmp(address, zeros, family == AF_INET ? 4 : 16) == 0;
}

/* Whether a socket takes what comes to PLACE, or a part of it. */
static bool is_in_the_way(const struct sock_diag_socket *s, const struct place *place)
{
	if (s->family != place->family)
		return s->family == AF_INET6 && !s->is_v6_only && is_any(s->address, AF_INET6);
	return !place->address || is_any(s->address, s->family) || memcmp(s->address, place->address, s->family == AF_INET ? 4 : 16) == 0;
}

/* The places that PORT is published at; HOST is filled if they are one. Their count, or an error. */
static int find_places(const char *host_ip, bool has4, bool has6, struct net_subnet *host, struct place places[2], struct error *err)
{
	int count = 0;

	if (host_ip) {
		int r = net_address_parse(host_ip, host, err);

		if (r < 0)
			return r;
		places[0] = (struct place){ host->family, is_any(host->address, host->family) ? NULL : host->address };
		return 1;
	}
	if (has4)
		places[count++] = (struct place){ AF_INET, NULL };
	if (has6)
		places[count++] = (struct place){ AF_INET6, NULL };
	return count;
}

static int fail_taken(const struct sock_diag_socket *s, const char *protocol, struct error *err)
{
	char address[INET6_ADDRSTRLEN] = "", name[16];
	bool is6 = s->family == AF_INET6;
	int pid, r;

	inet_ntop(s->family, s->address, address, sizeof address);
	if (s->inode == 0 || sock_diag_find_process(s->inode, &pid, name) < 0) {
		r = error_set(err, ERROR_CONFLICT, 0, "cannot publish port %u/%s: %s%s%s:%u is in use", s->port, protocol, is6 ? "[" : "", address,
			is6 ? "]" : "", s->port);
		error_hint(err, "`ss -l%cnp 'sport = :%u'` tells who has it", str_equal(protocol, "sctp") ? 'S' : *protocol, s->port);
		return r;
	}
	return error_set(err, ERROR_CONFLICT, 0, "cannot publish port %u/%s: %s%s%s:%u is in use by %s (process %d)", s->port, protocol,
		is6 ? "[" : "", address, is6 ? "]" : "", s->port, name, pid);
}

static int check_port(const struct spec_published_port *port, const struct sock_diag_socket *sockets, size_t count, struct error *err)
{
	struct net_subnet host;
	struct place places[2];
	int n = find_places(port->host_ip, port->address4, port->address6, &host, places, err);

	if (n < 0)
		return n;
	for (size_t i = 0; i < count; i++) {
		const struct sock_diag_socket *s = &sockets[i];

		if (s->port < port->host_port || s->port >= port->host_port + port->count)
			continue;
		for (int k = 0; k < n; k++)
			if (is_in_the_way(s, &places[k]))
				return fail_taken(s, port->protocol, err);
	}
	return 0;
}

static int read_sockets(const char *protocol, struct sock_diag_socket **ret, size_t *ret_count, struct error *err)
{
	int r = sock_diag_read(firewall_protocol_number(protocol), ret, ret_count);

	return r < 0 ? error_errno(err, -r, "cannot ask the kernel for its sockets") : 0;
}

static bool is_asked_for(const struct spec_published_port *ports, size_t count, const char *protocol)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(ports[i].protocol, protocol))
			return true;
	return false;
}

int net_ports_check(const struct spec_published_port *ports, size_t count, struct error *err)
{
	int r = 0;

	for (size_t p = 0; r == 0 && p < ARRAY_SIZE(protocols); p++) {
		_cleanup_free_ struct sock_diag_socket *sockets = NULL;
		size_t socket_count = 0;

		if (!is_asked_for(ports, count, protocols[p]))
			continue;
		r = read_sockets(protocols[p], &sockets, &socket_count, err);
		/* With no socket there are only the ports' words to be checked, by who publishes them. */
		for (size_t i = 0; r == 0 && socket_count > 0 && i < count; i++)
			if (str_equal(ports[i].protocol, protocols[p]))
				r = check_port(&ports[i], sockets, socket_count, err);
	}
	return r;
}

/* ---- ports that are free --------------------------------------------------------- */

static void read_range(unsigned *first, unsigned *last)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_at(AT_FDCWD, RANGE_FILE, 64, &text) < 0 || sscanf(text.data, "%u %u", first, last) != 2 || *first == 0 || *first > *last ||
		*last >= PORTS) {
		*first = RANGE_FIRST;
		*last = RANGE_LAST;
	}
}

/* The ports that some socket of PLACES has. */
static bool *taken_ports(const struct sock_diag_socket *sockets, size_t count, const struct place *places, int place_count)
{
	bool *taken = memory_new(PORTS, sizeof *taken);

	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < place_count; k++)
			if (is_in_the_way(&sockets[i], &places[k]))
				taken[sockets[i].port] = true;
	return taken;
}

/* The first of COUNT free ports in a row, looked for from START on and around; 0: there are none. */
static unsigned find_free(const bool *taken, unsigned first, unsigned last, unsigned count, unsigned start)
{
	unsigned places = last - first + 1 >= count ? last - first + 2 - count : 0;

	for (unsigned i = 0; i < places; i++) {
		unsigned port = first + (start + i) % places, free_count = 0;

		while (free_count < count && !taken[port + free_count])
			free_count++;
		if (free_count == count)
			return port;
	}
	return 0;
}

/* A range that somebody named is gone through in its order, as Docker does; from the kernel's own each takes another place. */
static unsigned choose_start(bool is_named, unsigned attempt)
{
	unsigned chance;

	if (is_named || getrandom(&chance, sizeof chance, 0) != sizeof chance)
		return attempt;
	return chance;
}

int net_ports_choose(const char *protocol, const char *host_ip, uint16_t first, uint16_t last, uint32_t count, unsigned attempt, uint16_t *ret,
	struct error *err)
{
	_cleanup_free_ struct sock_diag_socket *sockets = NULL;
	_cleanup_free_ bool *taken = NULL;
	bool is_named = first != 0;
	unsigned from = first, to = last, port = 0;
	struct net_subnet host;
	struct place places[2];
	size_t socket_count = 0;
	int n = find_places(host_ip, true, true, &host, places, err);
	int r = n < 0 ? n : read_sockets(protocol, &sockets, &socket_count, err);

	if (r < 0)
		return r;
	if (!is_named)
		read_range(&from, &to);
	taken = taken_ports(sockets, socket_count, places, n);
	if (from <= to && count > 0 && attempt <= to - from)
		port = find_free(taken, from, to, count, choose_start(is_named, attempt));
	if (port == 0)
		return error_set(err, ERROR_UNAVAILABLE, 0, "cannot publish a port: none of %u-%u/%s is free", from, to, protocol);
	*ret = (uint16_t)port;
	return 0;
}
