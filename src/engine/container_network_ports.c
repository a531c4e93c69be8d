/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_network_ports.h"
#include "engine/container_network_plan.h"
#include "engine/home.h"
#include "engine/network_members.h"
#include "net/firewall.h"
#include "net/ports.h"

/* So often is another port tried where one of our choice was taken meanwhile. */
#define ATTEMPTS 64

/* What is to be published. */
struct publication {
	const struct container_network_ports *request;
	struct spec_published_port *ports;
	struct spec_port_range *ranges; /* what those are chosen from that were not given */
	bool *is_chosen;
	size_t count;
};

/* ---- whose it is --------------------------------------------------------------------------- */

struct owner_search {
	const char *address;
	const char *id;
};

static int look_for_owner(void *context, const char *id _unused_, const struct spec_network_plan *plan, struct error *err _unused_)
{
	struct owner_search *search = context;

	for (size_t i = 0; i < plan->link_count; i++)
		if (spec_network_link_has(&plan->links[i], search->address))
			search->id = plan->id;
	return search->id != NULL;
}

/* The name of the container with that address, or the address. */
static const char *name_owner(const struct container_network_ports *request, const char *address)
{
	_cleanup_container_record_ struct container_record other = { .fd = -EBADF };
	struct owner_search search = { .address = address };

	if (network_members_visit(request->arena, request->record->directories, look_for_owner, &search, NULL) < 0 || !search.id ||
	    container_record_open(request->arena, request->record->directories, search.id, &other, NULL) < 0)
		return address;
	return other.container->name;
}

/* ---- choosing ------------------------------------------------------------------------------ */

static bool overlaps(const struct spec_published_port *a, const struct spec_published_port *b)
{
	bool same_host = !a->host_ip || !b->host_ip || str_equal(a->host_ip, b->host_ip);

	return same_host && str_equal(a->protocol, b->protocol) && a->host_port < b->host_port + b->count && b->host_port < a->host_port + a->count;
}

/* An earlier one of the same container. */
static bool is_ours(const struct publication *publication, size_t index)
{
	const struct spec_network_plan *plan = publication->request->plan;
	const struct spec_published_port *port = &publication->ports[index];

	for (size_t i = 0; i < plan->port_count; i++)
		if (overlaps(&plan->ports[i], port))
			return true;
	for (size_t i = 0; i < publication->count; i++)
		if (i != index && publication->ports[i].host_port && overlaps(&publication->ports[i], port))
			return true;
	return false;
}

static int choose(struct publication *publication, size_t index, unsigned attempt, struct error *err)
{
	struct spec_published_port *port = &publication->ports[index];
	const struct spec_port_range *range = &publication->ranges[index];
	int r;

	for (unsigned i = 0; i < ATTEMPTS; i++) {
		uint16_t number = 0;

		port->host_port = 0;
		r = net_ports_choose(port->protocol, port->host_ip, range->first, range->last, port->count, attempt + i, &number, err);
		if (r < 0)
			return error_wrap(err, "cannot publish the port %u/%s", port->port, port->protocol);
		port->host_port = number;
		if (!is_ours(publication, index))
			return 0;
	}
	return error_set(err, ERROR_UNAVAILABLE, 0, "cannot publish the port %u/%s: no port of the host is left", port->port, port->protocol);
}

/* That no process of the host has them; of chosen ones that is known. */
static int check_given(const struct publication *publication, struct error *err)
{
	struct spec_published_port *given = arena_alloc(publication->request->arena, publication->count + 1, sizeof *given);
	size_t count = 0;

	for (size_t i = 0; i < publication->count; i++)
		if (!publication->is_chosen[i])
			given[count++] = publication->ports[i];
	return count ? net_ports_check(given, count, err) : 0;
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void append(const struct publication *publication)
{
	const struct container_network_ports *request = publication->request;
	struct spec_network_plan *plan = request->plan;
	struct spec_published_port *all = arena_alloc(request->arena, plan->port_count + publication->count, sizeof *all);

	if (plan->port_count)
		memcpy(all, plan->ports, plan->port_count * sizeof *all);
	memcpy(all + plan->port_count, publication->ports, publication->count * sizeof *all);
	plan->ports = all;
	plan->port_count += publication->count;
}

/* The first part of what is told names the port, which may be one of a range. */
static void explain_owner(const struct container_network_ports *request, const char *address, struct error *told)
{
	const char *name = name_owner(request, address), *text = arena_strndup(request->arena, told->message, strcspn(told->message, ":"));

	if (str_equal(name, request->record->container->name))
		error_set(told, ERROR_CONFLICT, 0, "%s: it is published already, or twice", text);
	else
		error_set(told, ERROR_CONFLICT, 0, "%s: the container '%s' has it", text, name);
}

/* 1 if one that we chose was taken meanwhile. What is written then is as it was. */
static int try(struct publication *publication, unsigned attempt, struct error *err)
{
	const struct container_network_ports *request = publication->request;
	const struct spec_network_plan before = *request->plan;
	const char *owner = NULL;
	struct error told = ERROR_INIT;
	size_t taken = 0;
	bool was_added;
	int r = 0;

	for (size_t i = 0; r == 0 && i < publication->count; i++)
		if (publication->is_chosen[i])
			r = choose(publication, i, attempt, err);
	if (r < 0)
		return r;
	append(publication);
	r = container_network_write(request->record, request->plan, err);
	if (r < 0) {
		*request->plan = before;
		return r;
	}
	r = firewall_publish(request->arena, publication->ports, publication->count, &taken, &owner, &told);
	was_added = r == 0;
	if (r == 0)
		r = home_listen(request->record->directories, publication->ports, publication->count, &taken, &told);
	if (r == 0)
		return 0;
	/* The kernel may have done it before it failed to say so. */
	if (was_added || told.kind != ERROR_CONFLICT)
		ignore_result(firewall_unpublish(publication->ports, publication->count, NULL)); /* the first failure is told */
	*request->plan = before;
	if (container_network_write(request->record, request->plan, err) < 0)
		return -EIO;
	if (told.kind == ERROR_CONFLICT && publication->is_chosen[taken])
		return 1;
	if (told.kind == ERROR_CONFLICT && owner)
		explain_owner(request, owner, &told);
	if (err)
		*err = told;
	return r;
}

int container_network_publish_all(const struct container_network_ports *request, struct error *err)
{
	struct publication publication = { .request = request };
	int r = container_network_plan_ports(request->arena, request->asked, request->count, request->exposed, request->plan, &publication.ports,
					     &publication.ranges, &publication.count, err);

	if (r < 0 || publication.count == 0)
		return r;
	publication.is_chosen = arena_alloc(request->arena, publication.count, sizeof *publication.is_chosen);
	for (size_t i = 0; i < publication.count; i++)
		publication.is_chosen[i] = publication.ports[i].host_port == 0;
	/* In a home who listens is told, and the processes of the host cannot be seen. */
	r = home_exists() ? 0 : check_given(&publication, err);
	if (r < 0)
		return r;
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		r = try(&publication, attempt, err);
		if (r <= 0)
			return r;
	}
	return error_set(err, ERROR_UNAVAILABLE, 0, "cannot publish all ports: others are faster, again and again");
}
