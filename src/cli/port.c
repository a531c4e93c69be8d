/* SPDX-License-Identifier: Apache-2.0 */
/* port: which ports of the host lead to a container's. */
#include "engine/container_ports.h"

#include "base/memory.h"
#include "cli/command.h"

#include <stddef.h>
#include <string.h>

struct port_request {
	bool explain;
};

static const struct option_entry entries[] = {
	{ "explain", 0, OPTION_FLAG, 0, offsetof(struct port_request, explain), NULL,
		"who reaches each published port, and what of the host's firewall stands in the way or is passed by" },
	{ 0 },
};

/* The port of the container that the user names, "80/udp", or "80" for TCP. */
struct wanted {
	bool is_given;
	uint64_t port;
	const char *protocol;
};

static int parse_wanted(struct arena *arena, const char *text, struct wanted *ret, struct error *err)
{
	const char *slash = text ? strchr(text, '/') : NULL;

	*ret = (struct wanted){ .is_given = text, .protocol = slash ? slash + 1 : "tcp" };
	if (text && str_to_u64(slash ? arena_strndup(arena, text, (size_t)(slash - text)) : text, 10, &ret->port) < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid port '%s': expected PORT or PORT/PROTOCOL", text);
	return 0;
}

static bool has_wanted(const struct spec_published_port *port, const struct wanted *wanted)
{
	return !wanted->is_given ||
		(str_equal(port->protocol, wanted->protocol) && wanted->port >= port->port && wanted->port - port->port < port->count);
}

/* Addresses of the host that PORT is at, as Docker calls them; their count. */
static size_t host_addresses(const struct spec_published_port *port, const char *out[2])
{
	size_t count = 0;

	if (port->host_ip) {
		out[count++] = port->host_ip;
		return count;
	}
	if (port->address4)
		out[count++] = "0.0.0.0";
	if (port->address6)
		out[count++] = "::";
	return count;
}

static void add_host(struct buf *out, const char *address, unsigned port)
{
	bool is6 = strchr(address, ':');

	buf_printf(out, "%s%s%s:%u", is6 ? "[" : "", address, is6 ? "]" : "", port);
}

static void print(const struct spec_published_port *port, const struct wanted *wanted, struct buf *out)
{
	const char *addresses[2];
	size_t count = host_addresses(port, addresses);

	for (uint32_t i = 0; i < port->count; i++)
		for (size_t k = 0; k < count; k++) {
			if (wanted->is_given && wanted->port != port->port + i)
				continue;
			if (!wanted->is_given)
				buf_printf(out, "%u/%s -> ", port->port + i, port->protocol);
			add_host(out, addresses[k], port->host_port + i);
			buf_add_char(out, '\n');
		}
}

/* ---- --explain ----------------------------------------------------------------- */

static void add_range(struct buf *out, unsigned first, uint32_t count)
{
	buf_printf(out, "%u", first);
	if (count > 1)
		buf_printf(out, "-%u", first + count - 1);
}

static bool is_loopback(const char *address)
{
	return address && (str_starts_with(address, "127.") || str_equal(address, "::1"));
}

static void add_lines(struct buf *out, const char *title, char *const *lines)
{
	for (; lines && *lines; lines++)
		buf_printf(out, "  %s: %s\n", title, *lines);
}

static const char *who_reaches(const struct spec_published_port *port, bool is_socket)
{
	if (str_equal(port->host_ip, "::1") && !is_socket)
		return "nobody: the kernel takes no answers for ::1 from a bridge; publish 127.0.0.1 instead";
	if (is_loopback(port->host_ip))
		return "this host alone, by that address";
	if (port->host_ip)
		return "whoever reaches that address of this host, by any of its interfaces; containers; this host itself";
	if (port->address6 && is_socket)
		return "whoever reaches any address of this host; containers; this host itself, also by 127.0.0.1 and ::1";
	return port->address6 ? "whoever reaches any address of this host; containers; this host itself, also by 127.0.0.1, but not by ::1"
	                      : "whoever reaches any IPv4 address of this host; containers; this host itself, also by 127.0.0.1";
}

static void explain(const struct container_port *p, const struct container_ports *all, struct buf *out)
{
	const struct spec_published_port *port = p->port;
	const char *addresses[2];
	size_t count = host_addresses(port, addresses);

	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		add_host(out, addresses[i], port->host_port);
		if (port->count > 1)
			buf_printf(out, "-%u", port->host_port + port->count - 1);
	}
	buf_add_text(out, " -> ");
	add_range(out, port->port, port->count);
	buf_printf(out, "/%s\n  leads to: %s%s%s", port->protocol, port->address4 ? port->address4 : "", port->address4 && port->address6 ? ", " : "",
		port->address6 ? port->address6 : "");
	if (p->path)
		buf_printf(out, " by %s (network %s)", p->path->bridge, p->path->network);
	buf_add_char(out, '\n');
	if (p->is_missing)
		buf_add_text(out, "  not there: somebody has removed it from the table 'inet bivy'\n");
	buf_printf(out, "  reached by: %s\n", who_reaches(port, all->are_sockets));
	if (is_loopback(port->host_ip))
		return; /* what this host sends itself is not forwarded by others' leave */
	if (all->are_sockets)
		buf_add_text(out, "  asked: the host's own rules for what comes in (INPUT), as for any program that listens; root alone can read them\n");
	add_lines(out, "stopped by", p->path ? p->path->stopped : NULL);
	add_lines(out, "not asked", all->bypassed);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct port_request *request = call->request;
	const char *container = call->operands[0], *text = call->operands[1];
	struct container_ports ports;
	struct directories directories;
	struct wanted wanted;
	bool found = false;
	int r = parse_wanted(arena, text, &wanted, err);

	if (r == 0)
		r = cli_directories(call, arena, &directories, err);
	if (r == 0)
		r = container_ports_read(arena, &directories, container, request->explain, &ports, err);
	for (size_t i = 0; r == 0 && i < ports.count; i++) {
		if (!has_wanted(ports.list[i].port, &wanted))
			continue;
		if (request->explain)
			explain(&ports.list[i], &ports, out);
		else
			print(ports.list[i].port, &wanted, out);
		found = true;
	}
	if (r == 0 && wanted.is_given && !found)
		return error_set(err, ERROR_NOT_FOUND, 0, "no public port '%s' of container '%s'", text, container);
	return r;
}

const struct command cli_port = {
	.command = {
		.name = "port",
		.operands = "CONTAINER [PORT[/PROTOCOL]]",
		.summary = "show which ports of the host lead to a container",
		.description = "Lists the ports of a running container that are published, or where a single one of them is. With --explain: from where "
			       "each is reached, which chains of the host's firewall (ufw's, firewalld's, docker's and others) stop what comes to it, "
			       "and which that protect the host itself are not asked, since it is forwarded. An ordinary user's ports are sockets of the "
			       "host: its rules for what comes in (INPUT) are asked, and none else.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct port_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
