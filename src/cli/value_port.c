/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_port.h"
#include "spec/port_range.h"

#include <arpa/inet.h>

/* Cuts "/tcp" off TEXT, which is tcp without one. */
static int cut_protocol(char *text, char **ret, struct error *err)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp", NULL };
	static char tcp[] = "tcp";
	char *slash = strchr(text, '/');

	*ret = tcp;
	if (!slash)
		return 0;
	*slash = '\0';
	*ret = slash + 1;
	return value_check_word(*ret, protocols, err);
}

/* Cuts "IP:" off *TEXT: up to the last colon before the host's port; the brackets of an address of version 6 go. */
static int cut_address(char **text, char **ret, struct error *err)
{
	unsigned char binary[sizeof(struct in6_addr)];
	char *address = *text, *end;
	int family = AF_INET;

	if (*address == '[') {
		family = AF_INET6;
		end = strchr(++address, ']');
		if (!end || end[1] != ':')
			return error_set(err, ERROR_INVALID, 0, "expected [ADDRESS]:PORT");
		*end++ = '\0';
	} else {
		end = strchr(address, ':');
		if (!end) {
			*ret = NULL;
			return 0;
		}
	}
	*end = '\0';
	*text = end + 1;
	if (inet_pton(family, address, binary) != 1) {
		error_set(err, ERROR_INVALID, 0, "expected an address of the host, not '%s'", address);
		error_hint(err, "an address of IP version 6 is in brackets: [::1]:8080:80");
		return -EINVAL;
	}
	*ret = address;
	return 0;
}

static void add(struct arena *arena, const struct spec_container_port *port, struct value_ports *ports)
{
	ports->items = value_list_grow(arena, ports->items, ports->count, sizeof *ports->items);
	ports->items[ports->count++] = *port;
}

int value_port_add(struct arena *arena, const char *text, struct value_ports *ports, struct error *err)
{
	struct spec_container_port port = { 0 };
	struct spec_port_range inside, outside;
	char *host = arena_strdup(arena, text), *colon;
	int r = cut_protocol(host, &port.protocol, err);

	if (r < 0)
		return r;
	colon = strrchr(host, ':');
	port.port = colon ? colon + 1 : host;
	r = spec_port_range_parse(port.port, &inside, err);
	if (r == 0 && colon) {
		*colon = '\0';
		r = cut_address(&host, &port.host_ip, err);
		port.host_port = r == 0 && *host ? host : NULL;
	}
	if (r == 0 && port.host_port)
		r = spec_port_range_parse(port.host_port, &outside, err);
	if (r < 0)
		return r;
	if (port.host_port && inside.last != inside.first && inside.last - inside.first != outside.last - outside.first)
		return error_set(err, ERROR_INVALID, 0, "the ranges '%s' and '%s' are not of the same length", port.host_port, port.port);
	add(arena, &port, ports);
	return 0;
}

int value_expose_add(struct arena *arena, const char *text, struct value_strings *set, struct error *err)
{
	char *copy = arena_strdup(arena, text), *protocol;
	struct spec_port_range range;
	int r = cut_protocol(copy, &protocol, err);

	if (r == 0)
		r = spec_port_range_parse(copy, &range, err);
	if (r < 0)
		return r;
	for (unsigned port = range.first; port <= range.last; port++) {
		char *one = arena_printf(arena, "%u/%s", port, protocol);

		if (!set->items || !strv_contains(set->items, one))
			value_strings_add(arena, set, one);
	}
	return 0;
}
