/* SPDX-License-Identifier: Apache-2.0 */
/* What a container asks of networks, looked at before there is a container. */
#include "engine/container_network_check.h"
#include "engine/container_network_plan.h"
#include "engine/network_lease.h"
#include "spec/net_limit.h"

#define OPTION_PREFIX "com.docker.network.endpoint."

static bool is_option(const char *key)
{
	return str_equal(key, OPTION_PREFIX "sysctls") || str_equal(key, OPTION_PREFIX "ifname");
}

static int check_addresses(const struct spec_network *network, const struct spec_container_endpoint *endpoint, struct error *err)
{
	int r = endpoint->ipv4 ? network_lease_check(network, endpoint->ipv4, err) : 0;

	return r < 0 || !endpoint->ipv6 ? r : network_lease_check(network, endpoint->ipv6, err);
}

static int check_endpoint(const struct spec_network *network, const struct spec_container_endpoint *endpoint, struct error *err)
{
	if (endpoint->aliases && endpoint->aliases[0] && !container_network_has_names(network)) {
		error_set(err, ERROR_INVALID, 0, "the alias '%.100s' is of no use: names are not resolved in the network '%s'", endpoint->aliases[0],
			  network->name);
		error_hint(err, "make a network with 'bivy network create'");
		return -EINVAL;
	}
	if (endpoint->mac && str_equal(network->driver, "ipvlan"))
		return error_set(err, ERROR_INVALID, 0, "members of '%s', an ipvlan, have the hardware address of the host's interface", network->name);
	for (size_t i = 0; i < endpoint->option_count; i++)
		if (!is_option(endpoint->options[i].key) && !strchr(endpoint->options[i].key, '.')) /* "com.example.…" is for somebody else's driver */
			return error_set(err, ERROR_INVALID, 0, "there is no option '%.100s' of a place in a network", endpoint->options[i].key);
	return check_addresses(network, endpoint, err);
}

/* "CONTAINER:ALIAS" becomes "ID:ALIAS". */
static int resolve_links(struct arena *arena, const struct directories *directories, struct spec_container_endpoint *endpoint, struct error *err)
{
	size_t count = endpoint->links ? strv_length(endpoint->links) : 0;
	char **links = arena_alloc(arena, count + 1, sizeof *links);

	for (size_t i = 0; i < count; i++) {
		_cleanup_container_record_ struct container_record other = { .fd = -EBADF };
		const char *colon = strchr(endpoint->links[i], ':');
		const char *name = arena_strndup(arena, endpoint->links[i], colon ? (size_t)(colon - endpoint->links[i]) : strlen(endpoint->links[i]));
		int r = container_record_open(arena, directories, name, &other, err);

		if (r < 0)
			return error_wrap(err, "cannot link to '%.100s'", name);
		links[i] = arena_printf(arena, "%s:%s", other.container->id, colon ? colon + 1 : name);
	}
	endpoint->links = count ? links : NULL;
	return 0;
}

int container_network_check_endpoint(struct arena *arena, const struct directories *directories, struct spec_container_endpoint *endpoint,
	const struct spec_network **ret, struct error *err)
{
	const struct spec_network *network = NULL;
	int r = network_find(arena, directories, endpoint->network ? endpoint->network : NETWORK_DEFAULT, &network, err);

	if (r == 0)
		r = check_endpoint(network, endpoint, err);
	if (r == 0)
		r = resolve_links(arena, directories, endpoint, err);
	if (r < 0)
		return r;
	endpoint->network = network->name;
	endpoint->network_id = network->id;
	*ret = network;
	return 0;
}

/* The first one's network is the container's mode. */
static int check_endpoints(struct arena *arena, const struct directories *directories, struct spec_host_config *host, bool *ret_publishes,
	struct error *err)
{
	bool publishes = false;

	for (size_t i = 0; i < host->endpoint_count; i++) {
		const struct spec_network *network = NULL;

		if (container_network_check_endpoint(arena, directories, &host->endpoints[i], &network, err) < 0)
			return error_wrap(err, "--network");
		publishes |= str_equal(network->driver, "bridge") && !network->internal;
		for (size_t k = 0; k < i; k++) {
			if (str_equal(host->endpoints[k].network, network->name))
				return error_set(err, ERROR_INVALID, 0, "--network: the network '%s' is given twice", network->name);
			if (host->endpoints[i].interface && str_equal(host->endpoints[k].interface, host->endpoints[i].interface))
				return error_set(err, ERROR_INVALID, 0, "--network: two interfaces are called '%s'", host->endpoints[i].interface);
		}
	}
	*ret_publishes = publishes;
	return 0;
}

static int refuse_ports(const struct spec_host_config *host, bool may_wait, struct error *err)
{
	const char *mode = host->network_mode;
	bool shares = mode && str_starts_with(mode, "container:");

	if (!host->port_count && !host->publish_all)
		return 0;
	if (str_equal(mode, "host") || (may_wait && !shares))
		return 0; /* they are open already; docker drops them likewise */
	if (shares)
		return error_set(err, ERROR_INVALID, 0, "cannot publish ports of a container that shares the network of another one: that one can publish them");
	error_set(err, ERROR_INVALID, 0, "cannot publish ports: the container %s", host->endpoint_count ? "is in no network that is a bridge and not internal" :
		  "has no network to publish them from");
	if (!host->endpoint_count)
		error_hint(err, "with --network=host they are open as they are");
	return -EINVAL;
}

int container_network_check(struct arena *arena, const struct directories *directories, struct spec_container *container, bool ports_may_wait,
	struct error *err)
{
	struct spec_host_config *host = &container->host;
	struct spec_container_endpoint *endpoints = arena_alloc(arena, host->endpoint_count + 2, sizeof *endpoints);
	struct spec_net_limit limit;
	bool publishes = false;
	int r;

	if (!container_network_is_member(host))
		return refuse_ports(host, ports_may_wait, err);
	if (host->endpoint_count)
		memcpy(endpoints, host->endpoints, host->endpoint_count * sizeof *endpoints);
	else
		endpoints[host->endpoint_count++].network = host->network_mode;
	host->endpoints = endpoints;
	r = check_endpoints(arena, directories, host, &publishes, err);
	if (r == 0 && host->net_limit && spec_net_limit_parse(host->net_limit, &limit, err) < 0)
		r = error_wrap(err, "--net-limit");
	if (r < 0)
		return r;
	host->network_mode = endpoints[0].network;
	return publishes ? 0 : refuse_ports(host, ports_may_wait, err);
}
