/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/network_plan.h"
#include "spec/config.h"
#include "spec/decode.h"
#include "spec/network.h"

#define PRIORITY_LIMIT 7
#define PORTS 65536u

static const char *const kind_words[] = {
	[SPEC_LINK_VETH] = "veth",
	[SPEC_LINK_MACVLAN] = "macvlan",
	[SPEC_LINK_IPVLAN] = "ipvlan",
};

static const char *const protocols[] = { "tcp", "udp", "sctp" };

enum plan_field { PLAN_LINKS, PLAN_PORTS, LINK_KIND };

static const struct field plan_fields[] = {
	FIELD_MUST(STRING, struct spec_network_plan, id, "id"),
	FIELD_BY(PLAN_LINKS, "links", 0),
	FIELD_BY(PLAN_PORTS, "ports", 0),
	FIELD(STRINGS, struct spec_network_plan, leases, "leases"),
	FIELD(STRINGS, struct spec_network_plan, names, "names"),
};

static const struct field link_fields[] = {
	FIELD_BY(LINK_KIND, "kind", FIELD_REQUIRED),
	FIELD(STRING, struct spec_network_link, network, "network"),
	FIELD(STRING, struct spec_network_link, network_id, "networkId"),
	FIELD(STRING, struct spec_network_link, parent, "parent"),
	FIELD(STRING, struct spec_network_link, mode, "mode"),
	FIELD(STRING, struct spec_network_link, host_name, "hostName"),
	FIELD(STRING, struct spec_network_link, name, "name"),
	FIELD(STRING, struct spec_network_link, mac, "mac"),
	FIELD(STRINGS, struct spec_network_link, addresses, "addresses"),
	FIELD(STRING, struct spec_network_link, gateway4, "gateway4"),
	FIELD(STRING, struct spec_network_link, gateway6, "gateway6"),
	FIELD(STRING, struct spec_network_link, bridge4, "bridge4"),
	FIELD(STRING, struct spec_network_link, bridge6, "bridge6"),
	FIELD(STRING, struct spec_network_link, host_binding, "hostBinding"),
	FIELD(U32, struct spec_network_link, mtu, "mtu"),
	FIELD(BOOL, struct spec_network_link, has_bursts, "bursts"),
	FIELD(BOOL, struct spec_network_link, internal, "internal"),
	FIELD(BOOL, struct spec_network_link, isolated, "isolated"),
	FIELD(BOOL, struct spec_network_link, is_pending, "pending"),
	FIELD(STRINGS, struct spec_network_link, aliases, "aliases"),
	FIELD_LIST(PAIRS, struct spec_network_link, sysctls, sysctl_count, "sysctls"),
	FIELD(U64, struct spec_network_link, receive_bps, "receiveBps"),
	FIELD(U64, struct spec_network_link, transmit_bps, "transmitBps"),
	FIELD(U32, struct spec_network_link, priority, "priority"),
};

static const struct field port_fields[] = {
	FIELD(STRING, struct spec_published_port, host_ip, "hostIp"),
	FIELD(STRING, struct spec_published_port, protocol, "protocol"),
	FIELD(U16, struct spec_published_port, host_port, "hostPort"),
	FIELD(U16, struct spec_published_port, port, "port"),
	FIELD(U32, struct spec_published_port, count, "count"),
	FIELD(STRING, struct spec_published_port, address4, "address4"),
	FIELD(STRING, struct spec_published_port, address6, "address6"),
};

/* ---- decoding ------------------------------------------------------------------ */

static int decode_kind(const struct decoder *d, const struct json *value, struct spec_network_link *link)
{
	char *word = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &word);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kind_words); i++) {
		if (str_equal(kind_words[i], word)) {
			link->kind = (enum spec_link_kind)i;
			return 0;
		}
	}
	return decode_fail(d, value, "there is no kind '%.100s'", word);
}

static int decode_own_field(const struct decoder *d, const struct json *value, void *object, unsigned id);

/* Names become parts of paths (of sysctls), so they are looked at here, once for all. */
static int check_name(const struct decoder *d, const struct json *value, const char *member, const char *name)
{
	if (!name)
		return decode_fail_missing(d, value, member);
	if (!spec_interface_name_is_valid(name))
		return decode_fail_member(d, value, member, "'%.100s' is not a name for an interface", name);
	return 0;
}

static int decode_link(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_network_link *link = element;
	int r = decode_fields(d, value, link_fields, ARRAY_SIZE(link_fields), link, decode_own_field);

	if (r == 0)
		r = check_name(d, value, "name", link->name);
	if (r == 0)
		r = check_name(d, value, "hostName", link->host_name);
	if (r == 0)
		r = check_name(d, value, "parent", link->parent);
	if (r < 0)
		return r;
	if (link->priority > PRIORITY_LIMIT)
		return decode_fail_member(d, value, "priority", "%u is out of range (0 to %d)", link->priority, PRIORITY_LIMIT);
	return 0;
}

static int decode_port(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_published_port *port = element;
	bool is_known = false;
	int r = decode_fields(d, value, port_fields, ARRAY_SIZE(port_fields), port, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		is_known = is_known || str_equal(protocols[i], port->protocol);
	if (!is_known)
		return decode_fail_member(d, value, "protocol", "expected tcp, udp or sctp");
	if (port->host_port == 0 || port->port == 0)
		return decode_fail_member(d, value, port->port ? "hostPort" : "port", "there is no port 0");
	if (port->count == 0 || port->count > PORTS - port->host_port || port->count > PORTS - port->port)
		return decode_fail_member(d, value, "count", "%u ports are not there from %u and %u on", port->count, port->host_port, port->port);
	return 0;
}

static int decode_own_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_network_plan *plan = object;

	switch ((enum plan_field)id) {
	case PLAN_LINKS:
		return decode_list(d, value, JSON_ARRAY, sizeof *plan->links, decode_link, &plan->links, &plan->link_count);
	case PLAN_PORTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *plan->ports, decode_port, &plan->ports, &plan->port_count);
	case LINK_KIND:
		return decode_kind(d, value, object);
	}
	return -EINVAL;
}

/* What is removed at the end is told by its whole path. */
static int check_paths(const struct decoder *d, const char *member, char *const *paths)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (paths[i][0] != '/')
			return decode_fail_member(d, d->root, member, "'%.100s' is not an absolute path", paths[i]);
	return 0;
}

bool spec_network_link_has(const struct spec_network_link *link, const char *address)
{
	size_t length = address ? strlen(address) : 0;

	for (char *const *own = link->addresses; address && own && *own; own++)
		if (strncmp(*own, address, length) == 0 && (*own)[length] == '/')
			return true;
	return false;
}

int spec_network_plan_decode(struct arena *arena, const char *text, size_t length, struct spec_network_plan **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = SPEC_NETWORK_PLAN_DOCUMENT, .prefix = "", .err = err };
	struct spec_network_plan *plan = arena_alloc(arena, 1, sizeof *plan);
	int r;

	if (length > SPEC_NETWORK_PLAN_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, SPEC_NETWORK_PLAN_DOCUMENT);
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, plan_fields, ARRAY_SIZE(plan_fields), plan, decode_own_field);
	if (r == 0 && !plan->id)
		r = decode_fail_missing(&d, d.root, "id");
	if (r == 0)
		r = check_paths(&d, "leases", plan->leases);
	if (r == 0)
		r = check_paths(&d, "names", plan->names);
	if (r < 0)
		return r;
	*ret = plan;
	return 0;
}

/* ---- encoding -------------------------------------------------------------------- */

static void encode_links(struct json_writer *w, const struct spec_network_plan *plan)
{
	json_write_open(w, "links", '[');
	for (size_t i = 0; i < plan->link_count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "kind", kind_words[plan->links[i].kind]);
		encode_given_fields(w, link_fields, ARRAY_SIZE(link_fields), &plan->links[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void encode_ports(struct json_writer *w, const struct spec_network_plan *plan)
{
	json_write_open(w, "ports", '[');
	for (size_t i = 0; i < plan->port_count; i++) {
		json_write_open(w, NULL, '{');
		encode_given_fields(w, port_fields, ARRAY_SIZE(port_fields), &plan->ports[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

void spec_network_plan_encode(const struct spec_network_plan *plan, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_given_fields(&w, plan_fields, ARRAY_SIZE(plan_fields), plan);
	if (plan->link_count)
		encode_links(&w, plan);
	if (plan->port_count)
		encode_ports(&w, plan);
	json_write_close(&w, '}');
}
