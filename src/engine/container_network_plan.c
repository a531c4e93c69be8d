/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_network_plan.h"
#include "engine/home.h"
#include "engine/network_lease.h"
#include "spec/net_limit.h"

#include <sys/socket.h>

#define SHORT_ID 12
#define SYSCTL_OPTION "com.docker.network.endpoint.sysctls"
#define INTERFACE_OPTION "com.docker.network.endpoint.ifname"
#define BINDING_OPTION "com.docker.network.bridge.host_binding_ipv4"

bool container_network_is_member(const struct spec_host_config *host)
{
	const char *mode = host->network_mode;

	return !str_is_empty(mode) && !str_equal(mode, "none") && !str_equal(mode, "host") && !str_starts_with(mode, "container:") &&
	       !str_starts_with(mode, "ns:");
}

bool container_network_has_names(const struct spec_network *network)
{
	return !network->no_dns && !str_equal(network->name, NETWORK_DEFAULT);
}

char *container_network_path(struct arena *arena, const struct directories *directories, const char *network_id, const char *name)
{
	return arena_printf(arena, "%s/networks/%s/%s", directories->run_root, network_id, name);
}

char **container_network_add(struct arena *arena, char **list, const char *text)
{
	return strv_append(arena, list, arena_strdup(arena, text));
}

size_t container_network_find_link(const struct spec_network_plan *plan, const char *network)
{
	for (size_t i = 0; i < plan->link_count; i++)
		if (str_equal(plan->links[i].network, network))
			return i;
	return SIZE_MAX;
}

/* ---- addresses ------------------------------------------------------------------------ */

struct address_request {
	struct arena *arena;
	const struct container_record *record;
	const struct spec_network *network;
	struct spec_network_plan *plan;
	struct spec_network_link *link;
};

/* An address of FAMILY, WANTED if that is not NULL. A network without subnets of that family has none. */
static int take_address(const struct address_request *request, int family, const char *wanted, struct error *err)
{
	struct network_lease lease = { .address = NULL };
	int r = network_lease_take(request->arena, request->record->directories, request->network, family, wanted, request->plan->id, &lease, err);

	if (r < 0 || !lease.address)
		return r;
	request->plan->leases = container_network_add(request->arena, request->plan->leases, lease.path);
	request->link->addresses = container_network_add(request->arena, request->link->addresses, lease.address);
	*(family == AF_INET ? &request->link->bridge4 : &request->link->bridge6) = lease.gateway;
	return 0;
}

static int take_addresses(const struct address_request *request, const struct spec_container_endpoint *endpoint, struct error *err)
{
	int r = request->network->no_ipv4 && !endpoint->ipv4 ? 0 : take_address(request, AF_INET, endpoint->ipv4, err);

	if (r == 0 && (request->network->ipv6 || endpoint->ipv6))
		r = take_address(request, AF_INET6, endpoint->ipv6, err);
	for (char **address = endpoint->link_local; r == 0 && address && *address; address++)
		request->link->addresses = container_network_add(request->arena, request->link->addresses,
			arena_printf(request->arena, "%s/%d", *address, strchr(*address, ':') ? 64 : 16));
	return r;
}

/* ---- what a link is called -------------------------------------------------------------- */

static bool has_host_name(const struct spec_network_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->link_count; i++)
		if (str_equal(plan->links[i].host_name, name))
			return true;
	return false;
}

static bool has_name(const struct spec_network_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->link_count; i++)
		if (str_equal(plan->links[i].name, name))
			return true;
	return false;
}

/* NULL if all are taken. */
static char *choose_host_name(struct arena *arena, const struct spec_network_plan *plan)
{
	static const char signs[CONTAINER_NETWORK_LINKS + 1] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (const char *sign = signs; *sign; sign++) {
		char *name = arena_printf(arena, "v%.*s%c", SHORT_ID, plan->id, *sign);

		if (!has_host_name(plan, name))
			return name;
	}
	return NULL;
}

/* What the network's maker says of ports for which nothing is said; all addresses are NULL. */
static char *find_binding(const struct spec_network *network)
{
	for (size_t i = 0; i < network->option_count; i++)
		if (str_equal(network->options[i].key, BINDING_OPTION))
			return str_equal(network->options[i].value, "0.0.0.0") || str_equal(network->options[i].value, "::") ? NULL : network->options[i].value;
	return NULL;
}

static const char *find_option(const struct spec_container_endpoint *endpoint, const char *key)
{
	for (size_t i = 0; i < endpoint->option_count; i++)
		if (str_equal(endpoint->options[i].key, key))
			return endpoint->options[i].value;
	return NULL;
}

/* Names that endpoints ask for are known before: others do not get them. */
static char *choose_name(struct arena *arena, const struct spec_network_plan *plan, const struct spec_container *container,
	const struct spec_container_endpoint *endpoint)
{
	const char *asked = endpoint->interface ? endpoint->interface : find_option(endpoint, INTERFACE_OPTION);

	if (asked)
		return arena_strdup(arena, asked);
	for (size_t number = 0;; number++) {
		char *name = arena_printf(arena, "eth%zu", number);
		bool is_asked = false;

		for (size_t i = 0; i < container->host.endpoint_count; i++)
			is_asked |= str_equal(container->host.endpoints[i].interface, name);
		if (!is_asked && !has_name(plan, name))
			return name;
	}
}

/* Locally administered, the same at each start that makes a link (FNV-1a over both ids); one that is adopted has its own (seat.h). */
static char *derive_mac(struct arena *arena, const char *container_id, const char *network_id)
{
	const char *const texts[] = { container_id, network_id };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (const char *c = texts[i]; *c; c++)
			hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return arena_printf(arena, "02:%02x:%02x:%02x:%02x:%02x", (unsigned)(hash >> 56) & 0xff, (unsigned)(hash >> 48) & 0xff,
			    (unsigned)(hash >> 40) & 0xff, (unsigned)(hash >> 32) & 0xff, (unsigned)(hash >> 24) & 0xff);
}

/* "net.ipv4.conf.IFNAME.log_martians=1,…". */
static int read_sysctls(struct arena *arena, const struct spec_container_endpoint *endpoint, struct spec_network_link *link, struct error *err)
{
	const char *text = find_option(endpoint, SYSCTL_OPTION);
	char **words = text ? bundle_split(arena, text, ',') : NULL;

	if (!words)
		return 0;
	link->sysctls = arena_alloc(arena, strv_length(words) + 1, sizeof *link->sysctls);
	for (; *words; words++) {
		char *equals = strchr(*words, '=');

		if (!equals || !str_starts_with(*words, "net.") || !strstr(*words, ".IFNAME."))
			return error_set(err, ERROR_INVALID, 0, "'%.200s' is no sysctl of an interface: expected net.…IFNAME.…=VALUE", *words);
		*equals = '\0';
		link->sysctls[link->sysctl_count++] = (struct spec_pair){ *words, equals + 1 };
	}
	return 0;
}

static enum spec_link_kind kind_of(const struct spec_network *network)
{
	return str_equal(network->driver, "macvlan") ? SPEC_LINK_MACVLAN : str_equal(network->driver, "ipvlan") ? SPEC_LINK_IPVLAN : SPEC_LINK_VETH;
}

static int read_limit(const struct spec_container *container, struct spec_network_link *link, struct error *err)
{
	struct spec_net_limit limit;
	int r = container->host.net_limit ? spec_net_limit_parse(container->host.net_limit, &limit, err) : 0;

	if (r < 0 || !container->host.net_limit)
		return r;
	link->receive_bps = limit.down_bps;
	link->transmit_bps = limit.up_bps;
	link->priority = limit.priority;
	return 0;
}

int container_network_plan_link(struct arena *arena, const struct container_record *record, const struct spec_network *network,
	const struct spec_container_endpoint *endpoint, struct spec_network_plan *plan, struct error *err)
{
	const struct spec_container *container = record->container;
	struct spec_network_link *links = arena_alloc(arena, plan->link_count + 1, sizeof *links);
	struct spec_network_link *link = &links[plan->link_count];
	const struct address_request request = { arena, record, network, plan, link };
	int r;

	if (plan->link_count)
		memcpy(links, plan->links, plan->link_count * sizeof *links);
	*link = (struct spec_network_link){
		.kind = kind_of(network), .network = network->name, .network_id = network->id, .parent = network->interface, .mode = network->mode,
		.host_name = choose_host_name(arena, plan), .name = choose_name(arena, plan, container, endpoint), .mtu = network->mtu,
		.internal = network->internal, .isolated = spec_network_is_off(network, SPEC_NETWORK_ICC), .aliases = endpoint->aliases, .host_binding = find_binding(network),
	};
	if (!link->host_name)
		return error_set(err, ERROR_INVALID, 0, "a container is in %d networks at most", CONTAINER_NETWORK_LINKS);
	if (has_name(plan, link->name))
		return error_set(err, ERROR_CONFLICT, 0, "there is another interface called '%s'", link->name);
	link->has_bursts = link->kind == SPEC_LINK_VETH && home_exists();
	if (link->kind != SPEC_LINK_IPVLAN)
		link->mac = endpoint->mac ? endpoint->mac : derive_mac(arena, container->id, network->id);
	r = read_sysctls(arena, endpoint, link, err);
	if (r == 0)
		r = read_limit(container, link, err);
	if (r == 0)
		r = take_addresses(&request, endpoint, err);
	if (r < 0)
		return r;
	plan->links = links;
	plan->link_count++;
	return 0;
}

/* ---- default routes ------------------------------------------------------------------------ */

static int64_t priority_of(const struct spec_host_config *host, const char *network)
{
	for (size_t i = 0; i < host->endpoint_count; i++)
		if (str_equal(host->endpoints[i].network, network))
			return host->endpoints[i].gateway_priority;
	return 0;
}

static bool is_better(const struct spec_host_config *host, const struct spec_network_link *a, const struct spec_network_link *b)
{
	int64_t one = priority_of(host, a->network), other = b ? priority_of(host, b->network) : 0;

	return !b || one > other || (one == other && strcmp(a->network, b->network) < 0);
}

void container_network_plan_routes(struct spec_network_plan *plan, const struct spec_host_config *host)
{
	struct spec_network_link *best4 = NULL, *best6 = NULL;

	for (size_t i = 0; i < plan->link_count; i++) {
		struct spec_network_link *link = &plan->links[i];

		link->gateway4 = link->gateway6 = NULL;
		if (link->bridge4 && !link->internal && is_better(host, link, best4))
			best4 = link;
		if (link->bridge6 && !link->internal && is_better(host, link, best6))
			best6 = link;
	}
	if (best4)
		best4->gateway4 = best4->bridge4;
	if (best6)
		best6->gateway6 = best6->bridge6;
}

/* ---- ports ----------------------------------------------------------------------------------- */

/* The link with an address of FAMILY that a port can lead to: on a bridge that is not internal, the one with the default route first. */
static const struct spec_network_link *find_target(const struct spec_network_plan *plan, int family)
{
	const struct spec_network_link *found = NULL;

	for (size_t i = 0; i < plan->link_count; i++) {
		const struct spec_network_link *link = &plan->links[i];
		const char *gateway = family == AF_INET ? link->gateway4 : link->gateway6, *bridge = family == AF_INET ? link->bridge4 : link->bridge6;

		if (link->kind == SPEC_LINK_VETH && !link->internal && bridge && (!found || gateway))
			found = link;
	}
	return found;
}

/* That address, without its prefix; NULL without one. */
static char *find_address(struct arena *arena, const struct spec_network_link *link, int family)
{
	for (char **address = link ? link->addresses : NULL; address && *address; address++)
		if ((strchr(*address, ':') != NULL) == (family == AF_INET6))
			return arena_strndup(arena, *address, strcspn(*address, "/"));
	return NULL;
}

static int plan_port(const struct spec_container_port *asked, struct spec_published_port *port, struct spec_port_range *choice, struct error *err)
{
	struct spec_port_range inside, outside = { 0, 0 };
	int r = spec_port_range_parse(asked->port, &inside, err);

	if (r == 0 && !str_is_empty(asked->host_port) && !str_equal(asked->host_port, "0"))
		r = spec_port_range_parse(asked->host_port, &outside, err);
	if (r < 0)
		return error_wrap(err, "cannot publish the port '%.20s'", asked->port);
	port->host_ip = str_is_empty(asked->host_ip) ? NULL : asked->host_ip;
	port->protocol = asked->protocol ? asked->protocol : (char *)"tcp";
	port->port = inside.first;
	port->count = (uint32_t)(inside.last - inside.first) + 1;
	*choice = outside;
	if (outside.first && (uint32_t)(outside.last - outside.first) + 1 == port->count) {
		port->host_port = outside.first;
		return 0;
	}
	if (outside.first && port->count != 1)
		return error_set(err, ERROR_INVALID, 0, "the ranges '%.20s' and '%.20s' are not of the same length", asked->host_port, asked->port);
	return 0;
}

static bool is_among(const struct spec_container_port *ports, size_t count, uint16_t number, const char *protocol)
{
	for (size_t i = 0; i < count; i++) {
		struct spec_port_range range;

		if (str_equal(ports[i].protocol ? ports[i].protocol : "tcp", protocol) && spec_port_range_parse(ports[i].port, &range, NULL) == 0 &&
		    range.first <= number && number <= range.last)
			return true;
	}
	return false;
}

/* Exposed ones, "80/tcp" or a range, behind those that were asked for. */
static struct spec_container_port *add_exposed(struct arena *arena, const struct spec_container_port *ports, size_t *count, char *const *exposed)
{
	struct spec_container_port *all = arena_alloc(arena, *count + (exposed ? strv_length(exposed) : 0) + 1, sizeof *all);
	size_t asked = *count;

	if (asked)
		memcpy(all, ports, asked * sizeof *all);
	for (; exposed && *exposed; exposed++) {
		const char *slash = strchr(*exposed, '/'), *protocol = slash ? slash + 1 : "tcp";
		char *port = arena_strndup(arena, *exposed, strcspn(*exposed, "/"));
		struct spec_port_range range;

		if (spec_port_range_parse(port, &range, NULL) == 0 && !is_among(ports, asked, range.first, protocol))
			all[(*count)++] = (struct spec_container_port){ .port = port, .protocol = arena_strdup(arena, protocol) };
	}
	return all;
}

/* Of addresses of the host of one version packets reach addresses of that version alone. */
static int set_addresses(char *address4, char *address6, struct spec_published_port *port, struct error *err)
{
	bool only4 = port->host_ip && !strchr(port->host_ip, ':'), only6 = port->host_ip && !only4;

	port->address4 = only6 ? NULL : address4;
	port->address6 = only4 ? NULL : address6;
	if (port->address4 || port->address6)
		return 0;
	return error_set(err, ERROR_INVALID, 0, "cannot publish the port %u on '%s': the container has no address of that IP version", port->port,
			 port->host_ip ? port->host_ip : "");
}

/* Whether NEXT goes on where PORT ends, on both sides. */
static bool goes_on(const struct spec_published_port *port, const struct spec_published_port *next)
{
	return port->host_port && next->host_port == port->host_port + port->count && next->port == port->port + port->count &&
	       str_equal(port->host_ip, next->host_ip) && str_equal(port->protocol, next->protocol);
}

/* A thousand times -p that is one range is one entry, for whoever reads it and for the firewall. Their count then. */
static size_t join(struct spec_published_port *ports, struct spec_port_range *ranges, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept && goes_on(&ports[kept - 1], &ports[i])) {
			ports[kept - 1].count += ports[i].count;
			continue;
		}
		ports[kept] = ports[i];
		ranges[kept++] = ranges[i];
	}
	return kept;
}

int container_network_plan_ports(struct arena *arena, const struct spec_container_port *ports, size_t count, char *const *exposed,
	const struct spec_network_plan *plan, struct spec_published_port **ret, struct spec_port_range **ret_ranges, size_t *ret_count,
	struct error *err)
{
	const struct spec_container_port *all = add_exposed(arena, ports, &count, exposed);
	const struct spec_network_link *link4 = find_target(plan, AF_INET), *link6 = find_target(plan, AF_INET6);
	char *address4 = find_address(arena, link4, AF_INET), *address6 = find_address(arena, link6, AF_INET6);
	char *binding = link4 ? link4->host_binding : link6 ? link6->host_binding : NULL;
	struct spec_published_port *published = arena_alloc(arena, count + 1, sizeof *published);
	struct spec_port_range *ranges = arena_alloc(arena, count + 1, sizeof *ranges);
	int r = 0;

	if (!address4 && !address6)
		count = 0; /* in no such network, they wait for one */
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = plan_port(&all[i], &published[i], &ranges[i], err);
		if (!published[i].host_ip)
			published[i].host_ip = binding;
		if (r == 0)
			r = set_addresses(address4, address6, &published[i], err);
	}
	if (r < 0)
		return r;
	*ret = published;
	*ret_ranges = ranges;
	*ret_count = join(published, ranges, count);
	return 0;
}

/* ---- names -------------------------------------------------------------------------------------- */

char **container_network_names(struct arena *arena, const struct spec_container *container, const struct spec_container_endpoint *endpoint)
{
	const char *hostname = container->config.hostname;
	char **names = container_network_add(arena, NULL, container->name);

	for (char **alias = endpoint ? endpoint->aliases : NULL; alias && *alias; alias++)
		if (!strv_contains(names, *alias))
			names = container_network_add(arena, names, *alias);
	names = container_network_add(arena, names, arena_strndup(arena, container->id, SHORT_ID));
	if (!str_is_empty(hostname) && !strv_contains(names, hostname))
		names = container_network_add(arena, names, hostname);
	return names;
}
