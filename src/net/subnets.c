/* SPDX-License-Identifier: Apache-2.0 */
#include "net/subnets.h"
#include "base/file.h"
#include "base/memory.h"
#include "host/route_dump.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_LIMIT (256u << 10)

/*
 * What networks get their subnets from, in this order: private addresses (RFC
 * 1918) that are seldom somebody's own network. Not 10.0.0.0/16 and such, which
 * clouds give to machines; not 172.17.0.0/16 to 172.23.0.0/16, docker's first;
 * not 10.88.0.0/15, Podman's; 192.168 last, where people live.
 */
static const struct {
	uint8_t address[4];
	unsigned prefix;
} pools[] = {
	{ { 10, 66, 0, 0 }, 15 },
	{ { 10, 192, 0, 0 }, 11 },
	{ { 172, 24, 0, 0 }, 13 },
	{ { 192, 168, 128, 0 }, 17 },
};

/*
 * Shorter prefixes are a default route in pieces (0.0.0.0/1 and 128.0.0.0/1, as
 * VPNs make them; 2000::/3): they say where the rest goes, not who has it.
 */
#define DEFAULT_PREFIX4 4
#define DEFAULT_PREFIX6 4

static unsigned bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* ---- text ------------------------------------------------------------------------- */

static int parse_prefix(const char *text, const char *digits, struct net_subnet *subnet, struct error *err)
{
	uint64_t prefix = 0;

	/* The kernel's tools take no sign and no blank either. */
	if (!*digits || strspn(digits, "0123456789") != strlen(digits) || str_to_u64(digits, 10, &prefix) < 0)
		return error_set(err, ERROR_INVALID, 0, "'%.100s' has a prefix that is no number", text);
	if (prefix > bits_of(subnet->family))
		return error_set(err, ERROR_INVALID, 0, "'%.100s' has a prefix of more than %u bits", text, bits_of(subnet->family));
	subnet->prefix = (unsigned)prefix;
	return 0;
}

int net_address_parse(const char *text, struct net_subnet *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct net_subnet subnet = { .family = AF_INET };
	char address[INET6_ADDRSTRLEN];
	int r = 0;

	if (length >= sizeof address)
		return error_set(err, ERROR_INVALID, 0, "'%.100s' is not an address", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, subnet.address) != 1) {
		memset(subnet.address, 0, sizeof subnet.address);
		subnet.family = AF_INET6;
		if (inet_pton(AF_INET6, address, subnet.address) != 1)
			return error_set(err, ERROR_INVALID, 0, "'%.100s' is not an address", text);
	}
	subnet.prefix = bits_of(subnet.family);
	if (slash)
		r = parse_prefix(text, slash + 1, &subnet, err);
	if (r < 0)
		return r;
	*ret = subnet;
	return 0;
}

/* Clears the bits behind the prefix; whether any was set. */
static bool clear_host_part(struct net_subnet *subnet)
{
	bool was_set = false;

	for (unsigned i = 0; i < bits_of(subnet->family) / 8; i++) {
		unsigned kept = subnet->prefix >= (i + 1) * 8 ? 8 : subnet->prefix > i * 8 ? subnet->prefix - i * 8 : 0;
		uint8_t mask = (uint8_t)(0xff00u >> kept);

		was_set = was_set || (subnet->address[i] & ~mask);
		subnet->address[i] &= mask;
	}
	return was_set;
}

int net_subnet_parse(const char *text, struct net_subnet *ret, struct error *err)
{
	struct net_subnet subnet;
	char meant[INET6_ADDRSTRLEN + 4];
	int r = net_address_parse(text, &subnet, err);

	if (r < 0)
		return r;
	if (clear_host_part(&subnet)) {
		net_subnet_format(&subnet, true, meant);
		return error_set(err, ERROR_INVALID, 0, "'%.100s' is an address in the network %s, not a network", text, meant);
	}
	*ret = subnet;
	return 0;
}

void net_subnet_format(const struct net_subnet *subnet, bool prefix, char *out)
{
	if (!inet_ntop(subnet->family, subnet->address, out, INET6_ADDRSTRLEN))
		out[0] = '\0'; /* a family that is none */
	if (prefix)
		sprintf(out + strlen(out), "/%u", subnet->prefix);
}

/* ---- arithmetic ----------------------------------------------------------------------- */

/* Whether the first BITS bits are the same. */
static bool shares_prefix(const struct net_subnet *a, const struct net_subnet *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (a->family != b->family || memcmp(a->address, b->address, bytes) != 0)
		return false;
	return rest == 0 || ((a->address[bytes] ^ b->address[bytes]) >> (8 - rest)) == 0;
}

bool net_subnets_overlap(const struct net_subnet *a, const struct net_subnet *b)
{
	return shares_prefix(a, b, a->prefix < b->prefix ? a->prefix : b->prefix);
}

bool net_subnet_contains(const struct net_subnet *subnet, const struct net_subnet *address)
{
	return address->prefix >= subnet->prefix && shares_prefix(subnet, address, subnet->prefix);
}

/* Adds N << SHIFT to the address; false if it does not fit. */
static bool add_shifted(struct net_subnet *address, uint64_t n, unsigned shift)
{
	unsigned carry = 0;

	for (unsigned i = bits_of(address->family) / 8, bit = 0; i-- > 0; bit += 8) {
		/* Bits BIT to BIT + 7 of the shifted number. */
		uint64_t part = bit + 8 <= shift ? 0 : bit < shift ? n << (shift - bit) : bit - shift < 64 ? n >> (bit - shift) : 0;
		unsigned sum = address->address[i] + (unsigned)(part & 0xff) + carry;

		address->address[i] = (uint8_t)sum;
		carry = sum >> 8;
	}
	return carry == 0;
}

int net_subnet_address(const struct net_subnet *subnet, uint64_t n, struct net_subnet *ret)
{
	unsigned bits = bits_of(subnet->family) - subnet->prefix;
	struct net_subnet address = *subnet;

	if (bits < 64 && n >> bits)
		return -ERANGE;
	if (!add_shifted(&address, n, 0))
		return -ERANGE;
	address.prefix = bits_of(subnet->family);
	*ret = address;
	return 0;
}

/* ---- what is taken ---------------------------------------------------------------------- */

static bool is_default_route(const struct route_destination *route)
{
	return route->prefix < (route->family == AF_INET ? DEFAULT_PREFIX4 : DEFAULT_PREFIX6);
}

static void use_route(const struct route_destination *route, struct net_used_subnet *used)
{
	used->subnet = (struct net_subnet){ .family = route->family, .prefix = route->prefix };
	memcpy(used->subnet.address, route->address, sizeof used->subnet.address);
	memcpy(used->interface, route->interface_name, sizeof used->interface);
	if (route->interface_name[0])
		snprintf(used->owner, sizeof used->owner, "the %s through %s", route->type == RTN_LOCAL ? "address" : "route", route->interface_name);
	else
		snprintf(used->owner, sizeof used->owner, "a route of the host");
}

/* "nameserver ADDRESS" lines of TEXT, which is changed. Those of this host itself are nobody's in the way. */
static size_t use_resolvers(char *text, struct net_used_subnet *used, size_t limit)
{
	static const struct net_subnet loopback4 = { .family = AF_INET, .prefix = 8, .address = { 127 } };
	size_t count = 0;
	char *line;

	while (count < limit && (line = strsep(&text, "\n"))) {
		char *word = strsep(&line, " \t"), *address = line ? line + strspn(line, " \t") : NULL;

		if (!str_equal(word, "nameserver") || !address)
			continue;
		address[strcspn(address, " \t%#;")] = '\0';
		if (net_address_parse(address, &used[count].subnet, NULL) < 0 || strchr(address, '/') ||
		    net_subnet_contains(&loopback4, &used[count].subnet))
			continue;
		snprintf(used[count++].owner, sizeof used->owner, "the name server %.39s", address);
	}
	return count;
}

#define RESOLVERS 8

int net_subnets_used(struct net_used_subnet **ret, size_t *ret_count, struct error *err)
{
	_cleanup_free_ struct route_destination *routes = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct net_used_subnet *used;
	size_t route_count = 0, count = 0;
	int r = route_dump(&routes, &route_count);

	if (r < 0)
		return error_errno(err, -r, "cannot read the routes of the host");
	used = memory_new(route_count + RESOLVERS, sizeof *used);
	for (size_t i = 0; i < route_count; i++)
		if (!is_default_route(&routes[i]))
			use_route(&routes[i], &used[count++]);
	/* Without that file, or with one that cannot be read, there are none to keep clear of. */
	if (file_read_regular_at(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_LIMIT, &text) == 0 && text.data)
		count += use_resolvers(text.data, used + count, RESOLVERS);
	*ret = used;
	*ret_count = count;
	return 0;
}

/* ---- choosing ----------------------------------------------------------------------------- */

/* The largest of USED that overlaps CANDIDATE, or NULL. */
static const struct net_used_subnet *find_overlap(const struct net_subnet *candidate, const struct net_used_subnet *used, size_t count)
{
	const struct net_used_subnet *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (net_subnets_overlap(candidate, &used[i].subnet) && (!found || used[i].subnet.prefix < found->subnet.prefix))
			found = &used[i];
	return found;
}

/* The first of PREFIX bits in POOL. What is larger than a candidate is stepped over at once. */
static bool choose_in(const struct net_subnet *pool, unsigned prefix, const struct net_used_subnet *used, size_t count, struct net_subnet *ret)
{
	struct net_subnet candidate = *pool;

	if (prefix < pool->prefix)
		return false;
	candidate.prefix = prefix;
	while (net_subnet_contains(pool, &candidate)) {
		const struct net_used_subnet *in_the_way = find_overlap(&candidate, used, count);
		unsigned step = in_the_way && in_the_way->subnet.prefix < prefix ? in_the_way->subnet.prefix : prefix;

		if (!in_the_way) {
			*ret = candidate;
			return true;
		}
		candidate.prefix = step;
		clear_host_part(&candidate);
		if (step == 0 || !add_shifted(&candidate, 1, bits_of(candidate.family) - step))
			return false;
		candidate.prefix = prefix;
	}
	return false;
}

int net_subnet_choose(int family, unsigned prefix, const struct net_subnet *ula, const struct net_used_subnet *used, size_t count,
		      struct net_subnet *ret, struct error *err)
{
	char text[INET6_ADDRSTRLEN + 4];

	if (family == AF_INET6) {
		if (choose_in(ula, prefix, used, count, ret))
			return 0;
		net_subnet_format(ula, true, text);
		return error_set(err, ERROR_UNAVAILABLE, 0, "no subnet of %u bits is free in %s", prefix, text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		struct net_subnet pool = { .family = AF_INET, .prefix = pools[i].prefix };

		memcpy(pool.address, pools[i].address, sizeof pools[i].address);
		if (choose_in(&pool, prefix, used, count, ret))
			return 0;
	}
	error_set(err, ERROR_UNAVAILABLE, 0, "no subnet of %u bits is free in the private addresses that networks are given", prefix);
	error_hint(err, "--subnet says which one to use");
	return -EINVAL;
}
