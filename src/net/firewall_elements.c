/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall_elements.h"

#include "base/memory.h"
#include "net/subnets.h"
#include "spec/config.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define PORT_MAXIMUM 65535u
#define FIELD_SIZE 4 /* fields are padded to it */

/* ---- lists -------------------------------------------------------------------- */

void firewall_elements_done(struct firewall_elements *elements)
{
	for (size_t i = 0; i < ARRAY_SIZE(elements->lists); i++)
		free(elements->lists[i].elements);
	memset(elements, 0, sizeof *elements);
}

void firewall_list_reserve(struct firewall_list *list, size_t count)
{
	if (list->capacity - list->count >= count)
		return;
	list->capacity = list->count + count > 2 * list->capacity ? list->count + count : 2 * list->capacity;
	list->elements = memory_resize(list->elements, list->capacity, sizeof *list->elements);
}

struct nftables_element *firewall_list_add(struct firewall_list *list)
{
	struct nftables_element *element;

	if (list->count == list->capacity)
		firewall_list_reserve(list, list->capacity ? list->capacity : 2);
	element = &list->elements[list->count++];
	memset(element, 0, sizeof *element);
	return element;
}

/* All but the comment. */
static int compare(const void *a, const void *b)
{
	size_t from = offsetof(struct nftables_element, key), to = offsetof(struct nftables_element, data_length) + sizeof(uint8_t);

	return memcmp((const char *)a + from, (const char *)b + from, to - from);
}

bool firewall_elements_equal(const struct nftables_element *a, const struct nftables_element *b)
{
	return compare(a, b) == 0;
}

void firewall_list_sort(struct firewall_list *list)
{
	if (list->count > 1)
		qsort(list->elements, list->count, sizeof *list->elements, compare);
}

bool firewall_list_has(const struct firewall_list *list, const struct nftables_element *element)
{
	return list->count > 0 && bsearch(element, list->elements, list->count, sizeof *element, compare);
}

/* FNV-1a, with 64 bits. */
static uint64_t digest(uint64_t state, const void *bytes, size_t length)
{
	for (const uint8_t *p = bytes; length > 0; length--)
		state = (state ^ *p++) * 0x100000001b3;
	return state;
}

uint64_t firewall_list_digest(enum firewall_set set, const struct firewall_list *list)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct nftables_element *e = &list->elements[i];
		uint8_t number = (uint8_t)set;
		uint64_t one = digest(0xcbf29ce484222325, &number, sizeof number);

		one = digest(one, e->key, e->key_length);
		one = digest(one, e->end, e->end_length);
		sum += digest(one, e->data, e->data_length);
	}
	return sum;
}

/* ---- networks --------------------------------------------------------------------- */

static void add_interface(struct firewall_list *list, const char *name, unsigned times)
{
	struct nftables_element *element = firewall_list_add(list);

	for (unsigned i = 0; i < times; i++)
		memcpy(element->key + (size_t)i * IF_NAMESIZE, name, strlen(name));
	element->key_length = (uint8_t)(times * IF_NAMESIZE);
}

static size_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

/* The last address of SUBNET. */
static void last_address(const struct net_subnet *subnet, uint8_t *out)
{
	for (unsigned i = 0; i < address_size(subnet->family); i++) {
		unsigned bits = subnet->prefix > 8 * i ? subnet->prefix - 8 * i : 0;

		out[i] = subnet->address[i] | (uint8_t)(bits >= 8 ? 0 : 0xff >> bits);
	}
}

static void add_subnet(struct firewall_elements *elements, const struct net_subnet *subnet)
{
	bool is4 = subnet->family == AF_INET;
	struct nftables_element *element = firewall_list_add(&elements->lists[is4 ? FIREWALL_MEMBERS4 : FIREWALL_MEMBERS6]);
	size_t size = address_size(subnet->family);

	for (size_t i = 0; i < 2; i++) {
		memcpy(element->key + i * size, subnet->address, size);
		last_address(subnet, element->end + i * size);
	}
	element->key_length = element->end_length = (uint8_t)(2 * size);
}

int firewall_elements_add_network(struct firewall_elements *elements, const struct spec_network *network, struct error *err)
{
	const char *name = network->interface;

	if (str_is_empty(name) || strlen(name) >= IF_NAMESIZE)
		return error_set(err, ERROR_INVALID, 0, "invalid name of a bridge '%s'", name ? name : "");
	add_interface(&elements->lists[FIREWALL_NETWORKS], name, 1);
	/* Otherwise they are to each other as what is outside. */
	if (!spec_network_is_off(network, SPEC_NETWORK_ICC))
		add_interface(&elements->lists[FIREWALL_MEMBERS], name, 2);
	if (network->internal)
		add_interface(&elements->lists[FIREWALL_INTERNAL], name, 1);
	else if (!spec_network_is_off(network, SPEC_NETWORK_MASQUERADE))
		add_interface(&elements->lists[FIREWALL_MASQUERADED], name, 1);
	for (size_t i = 0; i < network->subnet_count; i++) {
		struct net_subnet subnet;
		int r = net_subnet_parse(network->subnets[i].subnet, &subnet, err);

		if (r < 0)
			return r;
		add_subnet(elements, &subnet);
	}
	return 0;
}

/* ---- ports ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
};

const char *firewall_protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}

uint8_t firewall_protocol_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (str_equal(protocols[i].name, name))
			return protocols[i].number;
	return 0;
}

static void put_port(uint8_t *to, unsigned port)
{
	to[0] = (uint8_t)(port >> 8);
	to[1] = (uint8_t)port;
}

static unsigned get_port(const uint8_t *from)
{
	return (unsigned)from[0] << 8 | from[1];
}

/* For one family; 0 is 4, 1 is 6. */
static const struct {
	int family;
	enum firewall_set ports, ports_at, ranges;
} families[] = {
	{ AF_INET, FIREWALL_PORTS4, FIREWALL_PORTS4_AT, FIREWALL_RANGES4 },
	{ AF_INET6, FIREWALL_PORTS6, FIREWALL_PORTS6_AT, FIREWALL_RANGES6 },
};

/* The key: an address of HOST, unless that is NULL, PROTOCOL, PORT; its length. */
static uint8_t put_key(uint8_t *key, const uint8_t *host, size_t size, uint8_t protocol, unsigned port)
{
	size_t at = host ? size : 0;

	if (host)
		memcpy(key, host, size);
	key[at] = protocol;
	put_port(key + at + FIELD_SIZE, port);
	return (uint8_t)(at + 2 * FIELD_SIZE);
}

/* A port of HOST, or of all its addresses (NULL), that leads to PORT of ADDRESS. */
static void add_port(struct firewall_list *list, const uint8_t *host, uint8_t protocol, unsigned host_port, const struct net_subnet *address,
	unsigned port)
{
	struct nftables_element *element = firewall_list_add(list);
	size_t size = address_size(address->family);

	element->key_length = put_key(element->key, host, size, protocol, host_port);
	memcpy(element->data, address->address, size);
	put_port(element->data + size, port);
	element->data_length = (uint8_t)(size + FIELD_SIZE);
}

/* COUNT ports from FIRST on that lead to the same ones of ADDRESS. */
static void add_range(struct firewall_list *list, const uint8_t *host, uint8_t protocol, unsigned first, unsigned count,
	const struct net_subnet *address)
{
	static const uint8_t lowest[16];
	uint8_t highest[16];
	struct nftables_element *element = firewall_list_add(list);
	size_t size = address_size(address->family);

	memset(highest, 0xff, sizeof highest);
	element->key_length = put_key(element->key, host ? host : lowest, size, protocol, first);
	element->end_length = put_key(element->end, host ? host : highest, size, protocol, first + count - 1);
	memcpy(element->data, address->address, size);
	element->data_length = (uint8_t)size;
}

/* The address of the host that is meant, or NULL: all of them. */
static const uint8_t *single_address(const struct net_subnet *host)
{
	static const uint8_t any[16];

	return host && memcmp(host->address, any, address_size(host->family)) != 0 ? host->address : NULL;
}

static int add_family(struct firewall_elements *elements, const struct spec_published_port *port, const struct net_subnet *host, bool is6,
	struct error *err)
{
	const char *text = is6 ? port->address6 : port->address4;
	uint8_t protocol = firewall_protocol_number(port->protocol);
	const uint8_t *single = single_address(host);
	struct firewall_list *list = &elements->lists[single ? families[is6].ports_at : families[is6].ports];
	struct net_subnet address;
	int r;

	if (!text || (host && host->family != families[is6].family))
		return 0;
	r = net_address_parse(text, &address, err);
	if (r < 0)
		return r;
	if (address.family != families[is6].family)
		return error_set(err, ERROR_INVALID, 0, "'%s' is an address of the other family", text);
	if (port->count > 1 && port->host_port == port->port) {
		add_range(&elements->lists[families[is6].ranges], single, protocol, port->host_port, port->count, &address);
		return 0;
	}
	firewall_list_reserve(list, port->count);
	for (unsigned i = 0; i < port->count; i++)
		add_port(list, single, protocol, port->host_port + i, &address, port->port + i);
	return 0;
}

static int check(const struct spec_published_port *port, struct error *err)
{
	if (firewall_protocol_number(port->protocol) == 0)
		return error_set(err, ERROR_INVALID, 0, "unknown protocol '%s'", port->protocol ? port->protocol : "");
	if (port->host_port == 0 || port->port == 0 || port->count == 0 || port->count > PORT_MAXIMUM ||
		port->host_port + port->count - 1 > PORT_MAXIMUM || port->port + port->count - 1 > PORT_MAXIMUM)
		return error_set(err, ERROR_INVALID, 0, "no range of ports: %u from %u on", port->count, port->host_port);
	return 0;
}

int firewall_elements_add_port(struct firewall_elements *elements, const struct spec_published_port *port, struct error *err)
{
	struct net_subnet host;
	int r = check(port, err);

	if (r == 0 && port->host_ip)
		r = net_address_parse(port->host_ip, &host, err);
	if (r == 0)
		r = add_family(elements, port, port->host_ip ? &host : NULL, false, err);
	if (r == 0)
		r = add_family(elements, port, port->host_ip ? &host : NULL, true, err);
	return r;
}

/* ---- and back ----------------------------------------------------------------------------- */

static char *format(struct arena *arena, const uint8_t *address, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(size == 4 ? AF_INET : AF_INET6, address, text, sizeof text);
	return arena_strdup(arena, text);
}

struct firewall_span firewall_element_span(enum firewall_set set, const struct nftables_element *element)
{
	bool has_address = firewall_sets[set].key[0] != NFTABLES_PROTOCOL;
	struct firewall_span span = { .size = firewall_sets[set].data[0] == NFTABLES_IPV4_ADDRESS ? 4 : 16 };
	const uint8_t *end = element->end_length ? element->end : element->key;
	size_t at = has_address ? span.size : 0;

	memset(span.last_address, 0xff, span.size);
	if (has_address) {
		memcpy(span.first_address, element->key, span.size);
		memcpy(span.last_address, end, span.size);
	}
	span.protocol = element->key[at];
	span.first = (uint16_t)get_port(element->key + at + FIELD_SIZE);
	span.last = (uint16_t)get_port(end + at + FIELD_SIZE);
	return span;
}

bool firewall_spans_overlap(const struct firewall_span *a, const struct firewall_span *b)
{
	return a->protocol == b->protocol && a->first <= b->last && b->first <= a->last &&
		memcmp(a->first_address, b->last_address, a->size) <= 0 && memcmp(b->first_address, a->last_address, a->size) <= 0;
}

void firewall_element_port(struct arena *arena, enum firewall_set set, const struct nftables_element *element, struct spec_published_port *ret)
{
	struct firewall_span span = firewall_element_span(set, element);
	char *address = format(arena, element->data, span.size);
	const char *protocol = firewall_protocol_name(span.protocol);
	bool is_single = memcmp(span.first_address, span.last_address, span.size) == 0;

	*ret = (struct spec_published_port){
		.host_ip = is_single ? format(arena, span.first_address, span.size) : NULL,
		.protocol = arena_strdup(arena, protocol ? protocol : "?"),
		.host_port = span.first,
		.port = firewall_sets[set].data[1] ? (uint16_t)get_port(element->data + span.size) : span.first,
		.count = (uint32_t)(span.last - span.first + 1),
		.address4 = span.size == 4 ? address : NULL,
		.address6 = span.size == 4 ? NULL : address,
	};
}
