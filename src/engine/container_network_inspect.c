/* SPDX-License-Identifier: Apache-2.0 */
/* "NetworkSettings" of docker's inspect: what the container has now, by its plan; and what it asked for, by its record. */
#include "base/json.h"
#include "engine/container_network_plan.h"

static void write_text(struct json_writer *w, const char *key, const char *text)
{
	json_write_string(w, key, text ? text : "");
}

static void write_list(struct json_writer *w, const char *key, char *const *list)
{
	if (!list || !*list) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

/* ---- ports ------------------------------------------------------------------------------- */

static void write_binding(struct json_writer *w, const char *ip, unsigned number)
{
	_cleanup_free_ char *text = str_printf("%u", number);

	json_write_open(w, NULL, '{');
	json_write_string(w, "HostIp", ip);
	json_write_string(w, "HostPort", text);
	json_write_close(w, '}');
}

static bool is_of(const struct spec_published_port *port, unsigned number, const char *protocol)
{
	return str_equal(port->protocol, protocol) && number >= port->port && number - port->port < port->count;
}

/* All bindings of a port of the container's, as docker has them: one for each version. */
static void write_bindings(struct json_writer *w, const struct spec_network_plan *plan, size_t first, unsigned number)
{
	const char *protocol = plan->ports[first].protocol;
	_cleanup_free_ char *key = str_printf("%u/%s", number, protocol);

	for (size_t i = 0; i < first; i++)
		if (is_of(&plan->ports[i], number, protocol))
			return;
	json_write_open(w, key, '[');
	for (size_t i = first; i < plan->port_count; i++) {
		const struct spec_published_port *port = &plan->ports[i];
		unsigned host = port->host_port + (number - port->port);

		if (!is_of(port, number, protocol))
			continue;
		if (port->host_ip) {
			write_binding(w, port->host_ip, host);
			continue;
		}
		if (port->address4)
			write_binding(w, "0.0.0.0", host);
		if (port->address6)
			write_binding(w, "::", host);
	}
	json_write_close(w, ']');
}

static bool is_published(const struct spec_network_plan *plan, const char *exposed)
{
	const char *slash = strchr(exposed, '/');
	uint64_t number = 0;
	_cleanup_free_ char *text = str_printf("%.*s", (int)strcspn(exposed, "/"), exposed);

	if (str_to_u64(text, 10, &number) < 0)
		return true; /* it is no single port: not to be shown either */
	for (size_t i = 0; plan && i < plan->port_count; i++)
		if (is_of(&plan->ports[i], (unsigned)number, slash ? slash + 1 : "tcp"))
			return true;
	return false;
}

/* Exposed ones that are not published have null. */
static void write_ports(struct json_writer *w, const struct spec_network_plan *plan, const struct spec_container_config *config)
{
	json_write_open(w, "Ports", '{');
	for (size_t i = 0; plan && i < plan->port_count; i++)
		for (uint32_t k = 0; k < plan->ports[i].count; k++)
			write_bindings(w, plan, i, plan->ports[i].port + k);
	for (char **port = plan ? config->exposed_ports : NULL; port && *port; port++)
		if (!is_published(plan, *port))
			json_write_null(w, *port);
	json_write_close(w, '}');
}

/* ---- networks ---------------------------------------------------------------------------------- */

/* The first address of a version, without its prefix, and that. */
static char *find_address(struct arena *arena, const struct spec_network_link *link, bool is_v6, int64_t *ret_prefix)
{
	*ret_prefix = 0;
	for (char **address = link ? link->addresses : NULL; address && *address; address++) {
		const char *slash = strchr(*address, '/');

		if ((strchr(*address, ':') != NULL) != is_v6 || !slash || str_to_i64(slash + 1, 10, ret_prefix) < 0)
			continue;
		return arena_strndup(arena, *address, (size_t)(slash - *address));
	}
	return NULL;
}

static void write_addresses(struct json_writer *w, struct arena *arena, const struct spec_network_link *link, const char *endpoint_id)
{
	int64_t prefix4, prefix6;
	char *ipv4 = find_address(arena, link, false, &prefix4), *ipv6 = find_address(arena, link, true, &prefix6);

	write_text(w, "EndpointID", endpoint_id);
	write_text(w, "Gateway", link ? link->bridge4 : NULL);
	write_text(w, "IPAddress", ipv4);
	json_write_int(w, "IPPrefixLen", prefix4);
	write_text(w, "IPv6Gateway", link ? link->bridge6 : NULL);
	write_text(w, "GlobalIPv6Address", ipv6);
	json_write_int(w, "GlobalIPv6PrefixLen", prefix6);
	write_text(w, "MacAddress", link ? link->mac : NULL);
}

static char *make_endpoint_id(struct arena *arena, const struct container_record *record, const struct spec_network_link *link)
{
	return link ? network_endpoint_id(arena, record->container->id, link->network_id) : NULL;
}

static void write_options(struct json_writer *w, const struct spec_container_endpoint *endpoint)
{
	if (endpoint->option_count == 0) {
		json_write_null(w, "DriverOpts");
		return;
	}
	json_write_open(w, "DriverOpts", '{');
	for (size_t i = 0; i < endpoint->option_count; i++)
		json_write_string(w, endpoint->options[i].key, endpoint->options[i].value);
	json_write_close(w, '}');
}

static void write_asked(struct json_writer *w, const struct spec_container_endpoint *endpoint)
{
	if (endpoint->ipv4 || endpoint->ipv6 || endpoint->link_local) {
		json_write_open(w, "IPAMConfig", '{');
		if (endpoint->ipv4)
			json_write_string(w, "IPv4Address", endpoint->ipv4);
		if (endpoint->ipv6)
			json_write_string(w, "IPv6Address", endpoint->ipv6);
		if (endpoint->link_local)
			write_list(w, "LinkLocalIPs", endpoint->link_local);
		json_write_close(w, '}');
	} else {
		json_write_null(w, "IPAMConfig");
	}
	write_list(w, "Links", endpoint->links);
	write_list(w, "Aliases", endpoint->aliases);
	write_options(w, endpoint);
	json_write_int(w, "GwPriority", endpoint->gateway_priority);
	write_text(w, "NetworkID", endpoint->network_id);
}

static void write_endpoint(struct json_writer *w, const struct container_record *record, const struct spec_network_plan *plan,
	const struct spec_container_endpoint *endpoint)
{
	size_t index = plan ? container_network_find_link(plan, endpoint->network) : SIZE_MAX;
	const struct spec_network_link *link = index == SIZE_MAX ? NULL : &plan->links[index];

	json_write_open(w, endpoint->network, '{');
	write_asked(w, endpoint);
	write_addresses(w, record->arena, link, make_endpoint_id(record->arena, record, link));
	if (str_equal(endpoint->network, NETWORK_DEFAULT))
		json_write_null(w, "DNSNames");
	else
		write_list(w, "DNSNames", container_network_names(record->arena, record->container, endpoint));
	if (link)
		json_write_string(w, "InterfaceName", link->name);
	json_write_close(w, '}');
}

static void write_networks(struct json_writer *w, const struct container_record *record, const struct spec_network_plan *plan)
{
	const struct spec_host_config *host = &record->container->host;
	const struct spec_container_endpoint mode = { .network = host->network_mode };

	json_write_open(w, "Networks", '{');
	for (size_t i = 0; i < host->endpoint_count; i++)
		write_endpoint(w, record, plan, &host->endpoints[i]);
	/* Docker's networks of these names are none of ours, but who looks for them finds them. */
	if (str_equal(host->network_mode, "none") || str_equal(host->network_mode, "host"))
		write_endpoint(w, record, NULL, &mode);
	json_write_close(w, '}');
}

/* What docker has of old, beside the addresses of the default network. */
static void write_constants(struct json_writer *w)
{
	json_write_bool(w, "HairpinMode", false);
	json_write_string(w, "LinkLocalIPv6Address", "");
	json_write_int(w, "LinkLocalIPv6PrefixLen", 0);
	json_write_null(w, "SecondaryIPAddresses");
	json_write_null(w, "SecondaryIPv6Addresses");
}

/* One that ended has no addresses, whatever is left of its plan; a damaged plan is `system check`'s to tell. NULL: none. */
static const struct spec_network_plan *read_plan(const struct container_record *record)
{
	const struct spec_network_plan *plan = NULL;

	if (record->is_supervised && container_network_read(record->arena, record, &plan, NULL) < 0)
		plan = NULL;
	return plan;
}

void container_network_write_networks(struct json_writer *w, const struct container_record *record)
{
	write_networks(w, record, read_plan(record));
}

void container_network_write_inspect(struct json_writer *w, const struct container_record *record)
{
	const struct spec_network_plan *plan = read_plan(record);
	const struct spec_network_link *legacy = NULL;
	_cleanup_free_ char *key = NULL;

	for (size_t i = 0; plan && i < plan->link_count; i++)
		if (str_equal(plan->links[i].network, NETWORK_DEFAULT))
			legacy = &plan->links[i];
	key = plan && record->state->pid > 0 ? str_printf("/proc/%lld/ns/net", (long long)record->state->pid) : NULL;
	json_write_open(w, "NetworkSettings", '{');
	write_text(w, "Bridge", "");
	write_text(w, "SandboxID", plan ? record->container->id : NULL);
	write_text(w, "SandboxKey", key);
	write_constants(w);
	write_ports(w, plan, &record->container->config);
	write_addresses(w, record->arena, legacy, make_endpoint_id(record->arena, record, legacy));
	write_networks(w, record, plan);
	json_write_close(w, '}');
}
