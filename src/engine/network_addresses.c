/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_addresses.h"
#include "base/str.h"
#include "engine/networks.h"
#include "spec/config.h"

#include <arpa/inet.h>

#define PREFIX4 24
#define PREFIX4_DEFAULT 20 /* of the default network, where all containers are that nobody asked about */
#define PREFIX6 64

/* Room for a gateway and one container, between the addresses that are nobody's. */
#define LONGEST_PREFIX4 30
#define LONGEST_PREFIX6 126

/* Neither a network's nor a host's (RFC 6890, RFC 4291). */
static const struct {
	const char *text, *what;
} impossible[] = {
	{ "0.0.0.0/8", "addresses of nobody" },
	{ "127.0.0.0/8", "loopback addresses" },
	{ "224.0.0.0/3", "multicast and reserved addresses" },
	{ "::/127", "the loopback address" },
	{ "::ffff:0:0/96", "addresses of version 4" },
	{ "fe80::/10", "link-local addresses" },
	{ "ff00::/8", "multicast addresses" },
};

static char *format(struct arena *arena, const struct net_subnet *subnet, bool prefix)
{
	char text[INET6_ADDRSTRLEN + 4];

	net_subnet_format(subnet, prefix, text);
	return arena_strdup(arena, text);
}

/* ---- which belongs to which ------------------------------------------------------------ */

/* The subnet of NETWORK that TEXT, an address or a range, is in. */
static int find_subnet(const struct spec_network *network, const char *what, const char *text, struct spec_network_subnet **ret, struct error *err)
{
	struct net_subnet address, subnet;
	int r = net_address_parse(text, &address, err);

	if (r < 0)
		return error_wrap(err, "%s", what);
	for (size_t i = 0; i < network->subnet_count; i++) {
		r = net_subnet_parse(network->subnets[i].subnet, &subnet, err);
		if (r < 0)
			return error_wrap(err, "the subnet");
		if (net_subnet_contains(&subnet, &address)) {
			*ret = &network->subnets[i];
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, 0, "%s %s is in no subnet of the network", what, text);
	if (network->subnet_count == 0)
		error_hint(err, "--subnet says which one it has");
	return -EINVAL;
}

static int assign(const struct spec_network *network, const char *what, char *const *texts, size_t offset, struct error *err)
{
	for (; texts && *texts; texts++) {
		struct spec_network_subnet *subnet = NULL;
		char **slot;
		int r = find_subnet(network, what, *texts, &subnet, err);

		if (r < 0)
			return r;
		slot = (char **)(void *)((char *)subnet + offset);
		if (*slot)
			return error_set(err, ERROR_INVALID, 0, "%s %s and %s are in one subnet, which has one at most", what, *slot, *texts);
		*slot = *texts;
	}
	return 0;
}

static int assign_auxiliary(struct arena *arena, const struct spec_network *network, const struct network_address_texts *texts, struct error *err)
{
	for (size_t i = 0; i < texts->auxiliary_count; i++) {
		struct spec_network_subnet *subnet = NULL;
		int r = find_subnet(network, "the auxiliary address", texts->auxiliary[i].value, &subnet, err);

		if (r < 0)
			return r;
		if (!subnet->auxiliary)
			subnet->auxiliary = arena_alloc(arena, texts->auxiliary_count, sizeof *subnet->auxiliary);
		subnet->auxiliary[subnet->auxiliary_count++] = texts->auxiliary[i];
	}
	return 0;
}

int network_addresses_assign(struct arena *arena, const struct network_address_texts *texts, struct spec_network *network, struct error *err)
{
	int r;

	network->subnet_count = strv_length(texts->subnets);
	network->subnets = arena_alloc(arena, network->subnet_count + 1, sizeof *network->subnets);
	for (size_t i = 0; i < network->subnet_count; i++)
		network->subnets[i].subnet = texts->subnets[i];
	r = assign(network, "the range", texts->ranges, offsetof(struct spec_network_subnet, ip_range), err);
	if (r == 0)
		r = assign(network, "the gateway", texts->gateways, offsetof(struct spec_network_subnet, gateway), err);
	return r < 0 ? r : assign_auxiliary(arena, network, texts, err);
}

/* ---- one subnet that was given -------------------------------------------------------- */

static int check_subnet(const char *text, const struct net_subnet *subnet, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(impossible); i++) {
		struct net_subnet other;
		int r = net_subnet_parse(impossible[i].text, &other, err);

		if (r < 0)
			return r;
		if (net_subnets_overlap(subnet, &other))
			return error_set(err, ERROR_INVALID, 0, "the subnet %s contains %s (%s)", text, impossible[i].what, impossible[i].text);
	}
	if (subnet->prefix > (subnet->family == AF_INET ? LONGEST_PREFIX4 : LONGEST_PREFIX6))
		return error_set(err, ERROR_INVALID, 0, "the subnet %s is too small: a gateway and a container are to have addresses in it", text);
	return 0;
}

/* An address in the subnet that is neither its first nor, of version 4, its last. */
static int read_address(const char *what, const char *text, const struct net_subnet *subnet, struct net_subnet *ret, struct error *err)
{
	unsigned bits = subnet->family == AF_INET ? 32 - subnet->prefix : 0;
	char whole[INET6_ADDRSTRLEN + 4];
	struct net_subnet first, last;
	int r = net_address_parse(text, ret, err);

	if (r < 0)
		return error_wrap(err, "%s", what);
	net_subnet_format(subnet, true, whole);
	if (strchr(text, '/'))
		return error_set(err, ERROR_INVALID, 0, "%s: expected an address, not '%.100s'", what, text);
	if (!net_subnet_contains(subnet, ret))
		return error_set(err, ERROR_INVALID, 0, "%s %s is not in the subnet %s", what, text, whole);
	if (net_subnet_address(subnet, 0, &first) == 0 && net_subnets_overlap(&first, ret))
		return error_set(err, ERROR_INVALID, 0, "%s %s is the address of the subnet %s itself", what, text, whole);
	if (bits && net_subnet_address(subnet, (UINT64_C(1) << bits) - 1, &last) == 0 && net_subnets_overlap(&last, ret))
		return error_set(err, ERROR_INVALID, 0, "%s %s is the broadcast address of the subnet %s", what, text, whole);
	return 0;
}

static bool needs_gateway(const struct spec_network *network)
{
	return str_equal(network->driver, "bridge") || !network->internal;
}

static int complete_gateway(struct arena *arena, const struct spec_network *network, const struct net_subnet *subnet,
	struct spec_network_subnet *given, struct error *err)
{
	struct net_subnet gateway;
	int r = 0;

	if (given->gateway)
		r = read_address("the gateway", given->gateway, subnet, &gateway, err);
	else if (!needs_gateway(network))
		return 0;
	else if (net_subnet_address(subnet, 1, &gateway) < 0)
		return error_set(err, ERROR_INTERNAL, 0, "the subnet %s has no address for a gateway", given->subnet);
	if (r == 0)
		given->gateway = format(arena, &gateway, false);
	return r;
}

static int check_range(struct arena *arena, const struct net_subnet *subnet, struct spec_network_subnet *given, struct error *err)
{
	struct net_subnet range;
	int r;

	if (!given->ip_range)
		return 0;
	r = net_subnet_parse(given->ip_range, &range, err);
	if (r < 0)
		return error_wrap(err, "the range");
	if (!net_subnet_contains(subnet, &range))
		return error_set(err, ERROR_INVALID, 0, "the range %s is not in the subnet %s", given->ip_range, given->subnet);
	given->ip_range = format(arena, &range, true);
	return 0;
}

static int check_auxiliary(struct arena *arena, const struct net_subnet *subnet, struct spec_network_subnet *given, struct error *err)
{
	for (size_t i = 0; i < given->auxiliary_count; i++) {
		struct net_subnet address;
		int r = read_address("the auxiliary address", given->auxiliary[i].value, subnet, &address, err);

		if (r < 0)
			return r;
		given->auxiliary[i].value = format(arena, &address, false);
	}
	return 0;
}

static int complete_subnet(struct arena *arena, const struct spec_network *network, struct spec_network_subnet *given, int *ret_family,
	struct error *err)
{
	struct net_subnet subnet;
	int r = net_subnet_parse(given->subnet, &subnet, err);

	if (r < 0)
		return error_wrap(err, "the subnet");
	given->subnet = format(arena, &subnet, true);
	r = check_subnet(given->subnet, &subnet, err);
	if (r == 0)
		r = complete_gateway(arena, network, &subnet, given, err);
	if (r == 0)
		r = check_range(arena, &subnet, given, err);
	if (r == 0)
		r = check_auxiliary(arena, &subnet, given, err);
	*ret_family = subnet.family;
	return r;
}

/* ---- all that were given ----------------------------------------------------------------- */

int network_addresses_check(struct arena *arena, struct spec_network *network, struct error *err)
{
	struct spec_network_subnet *sorted = arena_alloc(arena, 2, sizeof *sorted);
	size_t count = 0;

	for (size_t i = 0; i < network->subnet_count; i++) {
		struct spec_network_subnet given = network->subnets[i];
		int family = 0, r = complete_subnet(arena, network, &given, &family, err);
		struct spec_network_subnet *slot = &sorted[family == AF_INET ? 0 : 1];

		if (r < 0)
			return r;
		if (slot->subnet)
			return error_set(err, ERROR_INVALID, 0, "the subnets %s and %s are of one version of IP: a network has one of each", slot->subnet,
					 given.subnet);
		*slot = given;
	}
	if (sorted[0].subnet && network->no_ipv4)
		return error_set(err, ERROR_INVALID, 0, "the subnet %s is of IP version 4, which the network is not to have", sorted[0].subnet);
	network->ipv6 = network->ipv6 || sorted[1].subnet;
	if (network->no_ipv4 && !network->ipv6)
		return error_set(err, ERROR_INVALID, 0, "a network needs one of the two versions of IP");
	/* What is not there is chosen later. */
	for (size_t i = 0; i < 2; i++)
		if (sorted[i].subnet)
			sorted[count++] = sorted[i];
	network->subnets = sorted;
	network->subnet_count = count;
	return 0;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static int check_overlaps(const struct spec_network *network, const struct net_subnet *subnet, const struct net_used_subnet *used, size_t count,
	struct error *err)
{
	char text[INET6_ADDRSTRLEN + 4], other[INET6_ADDRSTRLEN + 4];

	for (size_t i = 0; i < count; i++) {
		/* A bridge that somebody made for us may have its addresses already. */
		if (!net_subnets_overlap(subnet, &used[i].subnet) || (used[i].interface[0] && str_equal(used[i].interface, network->interface)))
			continue;
		net_subnet_format(subnet, true, text);
		net_subnet_format(&used[i].subnet, true, other);
		return error_set(err, ERROR_CONFLICT, 0, "the subnet %s overlaps %s (%s)", text, used[i].owner, other);
	}
	return 0;
}

static unsigned prefix_for(const struct spec_network *network, int family)
{
	if (family == AF_INET6)
		return PREFIX6;
	return str_equal(network->name, NETWORK_DEFAULT) ? PREFIX4_DEFAULT : PREFIX4;
}

static int choose(struct arena *arena, struct spec_network *network, int family, const struct net_subnet *ula, const struct net_used_subnet *used,
	size_t count, struct spec_network_subnet *ret, struct error *err)
{
	struct net_subnet subnet;
	int r = net_subnet_choose(family, prefix_for(network, family), ula, used, count, &subnet, err);

	if (r < 0)
		return r;
	ret->subnet = format(arena, &subnet, true);
	return complete_gateway(arena, network, &subnet, ret, err);
}

int network_addresses_choose(struct arena *arena, struct spec_network *network, const struct net_subnet *ula, const struct net_used_subnet *used,
	size_t count, size_t other_count, struct error *err)
{
	size_t in_the_way = str_equal(network->driver, "bridge") ? count : other_count;
	struct spec_network_subnet *all = arena_alloc(arena, 2, sizeof *all);
	bool has[2] = { network->no_ipv4, !network->ipv6 };
	size_t total = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < network->subnet_count; i++) {
		struct net_subnet subnet;

		r = net_subnet_parse(network->subnets[i].subnet, &subnet, err);
		if (r == 0)
			r = check_overlaps(network, &subnet, used, in_the_way, err);
		if (r == 0) {
			has[subnet.family == AF_INET ? 0 : 1] = true;
			all[subnet.family == AF_INET ? 0 : 1] = network->subnets[i];
		}
	}
	if (r == 0 && !has[0])
		r = choose(arena, network, AF_INET, ula, used, count, &all[0], err);
	if (r == 0 && !has[1])
		r = choose(arena, network, AF_INET6, ula, used, count, &all[1], err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 2; i++)
		if (all[i].subnet)
			all[total++] = all[i];
	network->subnets = all;
	network->subnet_count = total;
	return 0;
}
