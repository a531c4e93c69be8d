/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_lease.h"
#include "engine/network_files.h"
#include "engine/network_members.h"
#include "net/leases.h"
#include "spec/config.h"

#include <arpa/inet.h>
#include <fcntl.h>

/* What leases are taken from, parsed. */
struct pool {
	const struct spec_network_subnet *given;
	struct net_subnet subnet, range;
	struct net_subnet *reserved; /* gateway and other hosts */
	size_t reserved_count;
};

static int read_reserved(struct arena *arena, struct pool *pool, struct error *err)
{
	const struct spec_network_subnet *given = pool->given;
	int r = 0;

	pool->reserved = arena_alloc(arena, given->auxiliary_count + 1, sizeof *pool->reserved);
	if (given->gateway)
		r = net_address_parse(given->gateway, &pool->reserved[pool->reserved_count++], err);
	for (size_t i = 0; r == 0 && i < given->auxiliary_count; i++)
		r = net_address_parse(given->auxiliary[i].value, &pool->reserved[pool->reserved_count++], err);
	return r;
}

/* 0 and .given NULL if there is none of FAMILY. */
static int find_pool(struct arena *arena, const struct spec_network *network, int family, struct pool *ret, struct error *err)
{
	struct pool pool = { .given = NULL };
	int r = 0;

	for (size_t i = 0; i < network->subnet_count && !pool.given; i++) {
		r = net_subnet_parse(network->subnets[i].subnet, &pool.subnet, err);
		if (r < 0)
			return error_wrap(err, "the network '%s'", network->name);
		if (pool.subnet.family == family)
			pool.given = &network->subnets[i];
	}
	pool.range = pool.subnet;
	if (pool.given && pool.given->ip_range)
		r = net_subnet_parse(pool.given->ip_range, &pool.range, err);
	if (r == 0 && pool.given)
		r = read_reserved(arena, &pool, err);
	if (r < 0)
		return error_wrap(err, "the network '%s'", network->name);
	*ret = pool;
	return 0;
}

static int refuse_family(const struct spec_network *network, int family, const char *wanted, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "the network '%s' has no addresses of IP version %d, such as %.100s", network->name,
			 family == AF_INET ? 4 : 6, wanted);
}

static int read_wanted(const char *text, struct net_subnet *ret, struct error *err)
{
	if (strchr(text, '/'))
		return error_set(err, ERROR_INVALID, 0, "expected an address without prefix, not '%.100s'", text);
	return net_address_parse(text, ret, err);
}

int network_lease_take(struct arena *arena, const struct directories *directories, const struct spec_network *network, int family, const char *wanted,
		       const char *id, struct network_lease *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *name = NULL;
	char text[INET6_ADDRSTRLEN + 4];
	struct net_subnet asked, address;
	struct pool pool;
	int r = find_pool(arena, network, family, &pool, err);

	if (r == 0 && wanted)
		r = read_wanted(wanted, &asked, err);
	if (r < 0)
		return r;
	if (!pool.given || (wanted && asked.family != family)) {
		*ret = (struct network_lease){ NULL };
		return wanted ? refuse_family(network, family, wanted, err) : 0;
	}
	r = network_open_leases(directories, network, &fd, err);
	if (r == 0)
		r = net_lease_take(fd, &pool.subnet, &pool.range, pool.reserved, pool.reserved_count, wanted ? &asked : NULL, id,
				   network_member_is_alive, (void *)directories, &address, &name, err);
	if (r < 0)
		return error_wrap(err, "the network '%s'", network->name);
	net_subnet_format(&address, true, text);
	*ret = (struct network_lease){ arena_strdup(arena, text), pool.given->gateway,
				       arena_printf(arena, "%s/leases/%s", network_run_path(arena, directories, network->id), name) };
	return 0;
}

int network_lease_check(const struct spec_network *network, const char *wanted, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct net_subnet asked;
	struct pool pool;
	int r = read_wanted(wanted, &asked, err);

	if (r == 0)
		r = find_pool(arena, network, asked.family, &pool, err);
	if (r < 0)
		return r;
	if (!pool.given)
		return refuse_family(network, asked.family, wanted, err);
	r = net_lease_check(&pool.subnet, pool.reserved, pool.reserved_count, &asked, err);
	return r < 0 ? error_wrap(err, "the network '%s'", network->name) : 0;
}
