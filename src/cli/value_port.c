/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_port.h"

#include <arpa/inet.h>

struct range {
	uint16_t first, last;
};

static int parse_port(const char *text, uint16_t *ret, struct error *err)
{
	uint64_t number;

	if (str_to_u64(text, 10, &number) < 0 || number == 0 || number > UINT16_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected a port from 1 to 65535, not '%s'", text);
	*ret = (uint16_t)number;
	return 0;
}

/* "80" or "80-90". */
static int parse_range(struct arena *arena, const char *text, struct range *ret, struct error *err)
{
	const char *dash = strchr(text, '-');
	int r = parse_port(dash ? arena_strndup(arena, text, (size_t)(dash - text)) : text, &ret->first, err);

	ret->last = ret->first;
	if (r == 0 && dash)
		r = parse_port(dash + 1, &ret->last, err);
	if (r == 0 && ret->last < ret->first)
		return error_set(err, ERROR_INVALID, 0, "the range '%s' ends before it begins", text);
	return r;
}

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

/* One entry for each port of INSIDE. */
static void add_range(struct arena *arena, const struct spec_container_port *what, const struct range *inside, const struct range *outside,
		      struct value_ports *ports)
{
	bool one_to_one = inside->last > inside->first;

	for (unsigned i = 0; i <= (unsigned)(inside->last - inside->first); i++) {
		struct spec_container_port port = *what;

		port.port = arena_printf(arena, "%u", inside->first + i);
		if (outside && one_to_one)
			port.host_port = arena_printf(arena, "%u", outside->first + i);
		ports->items = value_list_grow(arena, ports->items, ports->count, sizeof *ports->items);
		ports->items[ports->count++] = port;
	}
}

int value_port_add(struct arena *arena, const char *text, struct value_ports *ports, struct error *err)
{
	struct spec_container_port port = { 0 };
	struct range inside, outside;
	char *host = arena_strdup(arena, text), *container;
	int r = cut_protocol(host, &port.protocol, err);

	if (r < 0)
		return r;
	container = strrchr(host, ':');
	if (!container) {
		r = parse_range(arena, host, &inside, err);
		if (r == 0)
			add_range(arena, &port, &inside, NULL, ports);
		return r;
	}
	*container++ = '\0';
	r = parse_range(arena, container, &inside, err);
	if (r == 0)
		r = cut_address(&host, &port.host_ip, err);
	if (r < 0)
		return r;
	if (!*host) {
		add_range(arena, &port, &inside, NULL, ports);
		return 0;
	}
	r = parse_range(arena, host, &outside, err);
	if (r < 0)
		return r;
	if (inside.last != inside.first && inside.last - inside.first != outside.last - outside.first)
		return error_set(err, ERROR_INVALID, 0, "the ranges '%s' and '%s' are not of the same length", host, container);
	port.host_port = host;
	add_range(arena, &port, &inside, &outside, ports);
	return 0;
}

int value_expose_add(struct arena *arena, const char *text, struct value_strings *set, struct error *err)
{
	char *copy = arena_strdup(arena, text), *protocol;
	struct range range;
	int r = cut_protocol(copy, &protocol, err);

	if (r == 0)
		r = parse_range(arena, copy, &range, err);
	if (r < 0)
		return r;
	for (unsigned port = range.first; port <= range.last; port++) {
		char *one = arena_printf(arena, "%u/%s", port, protocol);

		if (!set->items || !strv_contains(set->items, one))
			value_strings_add(arena, set, one);
	}
	return 0;
}
