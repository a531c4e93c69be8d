/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_ports.h"

#include "base/memory.h"
#include "engine/container.h"
#include "engine/container_network.h"
#include "engine/home.h"
#include "engine/networks.h"
#include "net/firewall.h"
#include "net/firewall_explain.h"

#include <errno.h>
#include <string.h>

static const struct container_port_path *find_path(const struct spec_network_plan *plan, const struct container_port_path *paths,
	const struct spec_published_port *port)
{
	for (size_t i = 0; i < plan->link_count; i++)
		if (spec_network_link_has(&plan->links[i], port->address4) || spec_network_link_has(&plan->links[i], port->address6))
			return &paths[i];
	return NULL;
}

/* Whether CONTENT has an element that PORT is, or is a part of, for ADDRESS. */
static bool is_published(const struct firewall_content *content, const struct spec_published_port *port)
{
	for (size_t i = 0; i < content->port_count; i++) {
		const struct spec_published_port *there = &content->ports[i];
		bool is_address = (there->address4 && str_equal(there->address4, port->address4)) ||
			(there->address6 && str_equal(there->address6, port->address6));

		if (is_address && str_equal(there->protocol, port->protocol) && there->host_port <= port->host_port &&
			port->host_port < there->host_port + there->count)
			return true;
	}
	return false;
}

static int explain(struct arena *arena, const struct spec_network_plan *plan, struct container_port_path *paths, struct container_ports *ports,
	struct error *err)
{
	struct firewall_content content;
	int r = firewall_read(arena, &content, err);

	for (size_t i = 0; r == 0 && !ports->are_sockets && i < plan->link_count; i++)
		if (plan->links[i].kind == SPEC_LINK_VETH)
			r = firewall_explain_forward(arena, plan->links[i].parent, &paths[i].stopped, err);
	if (r == 0 && !ports->are_sockets)
		r = firewall_explain_bypassed(arena, &ports->bypassed, err);
	for (size_t i = 0; r == 0 && i < ports->count; i++)
		ports->list[i].is_missing = !is_published(&content, ports->list[i].port);
	return r;
}

static int describe_there(struct arena *arena, const struct spec_network_plan *plan, bool with_explanation, struct container_ports *ret, struct error *err)
{
	struct container_port_path *paths = arena_alloc(arena, plan->link_count + 1, sizeof *paths);
	struct container_ports ports = { .list = arena_alloc(arena, plan->port_count + 1, sizeof *ports.list), .count = plan->port_count,
		.are_sockets = home_exists() };
	int r;

	for (size_t i = 0; i < plan->link_count; i++)
		paths[i] = (struct container_port_path){ .network = plan->links[i].network, .bridge = plan->links[i].parent };
	for (size_t i = 0; i < plan->port_count; i++)
		ports.list[i] = (struct container_port){ .port = &plan->ports[i], .path = find_path(plan, paths, &plan->ports[i]) };
	r = with_explanation ? explain(arena, plan, paths, &ports, err) : 0;
	if (r == 0)
		*ret = ports;
	return r;
}

struct describe_there_call {
	struct arena *arena;
	const struct spec_network_plan *plan;
	bool with_explanation;
	struct container_ports *ret;
	struct error *err;
};

static int call_describe_there(void *context)
{
	const struct describe_there_call *call = context;

	return describe_there(call->arena, call->plan, call->with_explanation, call->ret, call->err);
}

static int describe(struct arena *arena, const struct spec_network_plan *plan, bool with_explanation, struct container_ports *ret, struct error *err)
{
	struct describe_there_call call = { arena, plan, with_explanation, ret, err };

	return home_call(call_describe_there, &call, err);
}

int container_ports_read(struct arena *arena, const struct directories *directories, const char *text, bool explain_, struct container_ports *ret,
	struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	const struct spec_network_plan *plan = NULL;
	int r = container_record_open(arena, directories, text, &record, err);

	*ret = (struct container_ports){ 0 };
	if (r == 0 && record.is_supervised)
		r = container_network_read(arena, &record, &plan, err);
	if (r == 0 && plan && plan->port_count > 0)
		r = networks_ensure_firewall(directories, err);
	return r < 0 || !plan || plan->port_count == 0 ? r : describe(arena, plan, explain_, ret, err);
}
