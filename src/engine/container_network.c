/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A start, under the lock of the record (container.h, invariant 2):
 *
 *      step                                     undo
 *   1. networks are up                          they go with their last member (net/idle.h)
 *   2. addresses are leased                     they count no more when nothing of the container runs
 *   3. network.json                             goes with the volatile directory
 *   4. ports, names                             net_release() of what it says
 *
 * Whoever comes after a kill finds the plan, or leases of a container that does
 * not run. Links are made and removed by the supervisor (net/attachment.h).
 */
#include "engine/container_network.h"
#include "engine/bundle_mounts.h"
#include "engine/container_network_plan.h"
#include "engine/container_network_ports.h"
#include "engine/home.h"
#include "engine/network_resolver.h"
#include "engine/network_trace.h"
#include "net/attachment.h"
#include "net/journal.h"
#include "net/resolver.h"

#include <fcntl.h>

/* ---- the document ------------------------------------------------------------------- */

int container_network_read(struct arena *arena, const struct container_record *record, const struct spec_network_plan **ret, struct error *err)
{
	return net_journal_read(arena, AT_FDCWD, record->run_path, ret, err);
}

int container_network_write(const struct container_record *record, const struct spec_network_plan *plan, struct error *err)
{
	return net_journal_write(AT_FDCWD, record->run_path, plan, err);
}

/* ---- names --------------------------------------------------------------------------- */

const struct spec_container_endpoint *container_network_endpoint(const struct spec_container *container, const char *network)
{
	for (size_t i = 0; i < container->host.endpoint_count; i++)
		if (str_equal(container->host.endpoints[i].network, network))
			return &container->host.endpoints[i];
	return NULL;
}

int container_network_write_names(struct arena *arena, const struct container_record *record, const struct spec_network_link *link, struct error *err)
{
	const struct spec_container *container = record->container;
	char **names = container_network_names(arena, container, container_network_endpoint(container, link->network)), **addresses = NULL;

	for (char **address = link->addresses; address && *address; address++)
		addresses = container_network_add(arena, addresses, arena_strndup(arena, *address, strcspn(*address, "/")));
	if (!addresses)
		return 0;
	return net_names_write(container_network_path(arena, record->directories, link->network_id, "names"), container->id, addresses, names, err);
}

/* The file that that makes. */
static char *path_of_names(struct arena *arena, const struct container_record *record, const struct spec_network_link *link)
{
	return arena_printf(arena, "%s/%s", container_network_path(arena, record->directories, link->network_id, "names"), record->container->id);
}

void container_network_plan_names(struct arena *arena, const struct container_record *record, const struct spec_network *network,
	struct spec_network_plan *plan)
{
	if (container_network_has_names(network))
		plan->names = container_network_add(arena, plan->names, path_of_names(arena, record, &plan->links[plan->link_count - 1]));
}

bool container_network_is_named(struct arena *arena, const struct container_record *record, const struct spec_network_plan *plan,
	const struct spec_network_link *link)
{
	return plan->names && strv_contains(plan->names, path_of_names(arena, record, link));
}

static int write_all_names(struct arena *arena, const struct container_record *record, const struct spec_network_plan *plan, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->link_count; i++)
		if (container_network_is_named(arena, record, plan, &plan->links[i]))
			r = container_network_write_names(arena, record, &plan->links[i], err);
	return r;
}

int container_network_rename(const struct container_record *record, struct error *err)
{
	const struct spec_network_plan *plan = NULL;
	int r = record->is_supervised ? container_network_read(record->arena, record, &plan, err) : 0;

	return r < 0 || !plan ? r : write_all_names(record->arena, record, plan, err);
}

/* ---- a start ---------------------------------------------------------------------------- */

/* Without it containers still reach each other, and their ports are published. */
static void connect_out(const struct bundle_plan *bundle)
{
	struct error told = ERROR_INIT;

	if (home_connect_out(bundle->record->directories, &told) < 0)
		bundle_warn(bundle, "nothing outside is reached: %s%s%s", told.message, told.hint[0] ? "; " : "", told.hint);
}

/* The network may be another one since: then the links are made anew, and those that are there are in their way. */
static void keep_seat(const struct bundle_plan *bundle, const struct spec_network_plan *plan)
{
	struct seat *seat = bundle->seat;

	if (seat->fds[SEAT_NETWORK] < 0 || (plan->link_count == 1 && seat_has_link(seat, &plan->links[0])))
		return;
	ignore_result(net_detach(seat->plan, NULL)); /* they go with their namespace; what is left of them the start tells of */
	close_and_forget(&seat->fds[SEAT_USER]);
	close_and_forget(&seat->fds[SEAT_NETWORK]);
}

static int plan_links(struct bundle_plan *bundle, struct spec_network_plan *plan, struct error *err)
{
	const struct spec_host_config *host = bundle->host;
	bool leads_out = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->endpoint_count; i++) {
		const struct spec_network *network = NULL;
		struct spec_container_endpoint endpoint = host->endpoints[i];
		_cleanup_close_ int hold = -EBADF;

		if (bundle->seat)
			endpoint = seat_endpoint(bundle->arena, bundle->seat, &endpoint);
		r = network_find(bundle->arena, bundle->record->directories, host->endpoints[i].network, &network, err);
		if (r == 0)
			r = network_up(bundle->record->directories, network, &hold, err);
		if (r == 0)
			r = container_network_plan_link(bundle->arena, bundle->record, network, &endpoint, plan, err);
		if (r == 0 && bundle->seat && bundle->seat->is_adopted && bundle->seat->plan)
			seat_take_link(bundle->seat, &plan->links[plan->link_count - 1]);
		if (r == 0)
			container_network_plan_names(bundle->arena, bundle->record, network, plan);
		leads_out |= r == 0 && !network->internal;
	}
	if (r == 0 && leads_out)
		connect_out(bundle);
	container_network_plan_routes(plan, host);
	if (r == 0 && bundle->seat)
		keep_seat(bundle, plan);
	return r;
}

static int make_parts(struct bundle_plan *bundle, struct spec_network_plan *plan, struct error *err)
{
	const struct spec_host_config *host = bundle->host;
	const struct container_network_ports ports = { bundle->arena, bundle->record, plan, host->ports, host->port_count,
		host->publish_all ? bundle->config->exposed_ports : NULL };
	int r = plan_links(bundle, plan, err);

	if (r == 0)
		r = network_resolver_plan(bundle->arena, bundle->record->directories, plan, bundle_dns(host), err);
	if (r == 0)
		r = container_network_write(bundle->record, plan, err);
	if (r == 0)
		r = container_network_publish_all(&ports, err);
	return r < 0 ? r : write_all_names(bundle->arena, bundle->record, plan, err);
}

struct make_parts_call {
	struct bundle_plan *bundle;
	struct spec_network_plan *plan;
	struct error *err;
};

static int call_make_parts(void *context)
{
	const struct make_parts_call *call = context;

	return make_parts(call->bundle, call->plan, call->err);
}

static int make(struct bundle_plan *bundle, struct spec_network_plan *plan, struct error *err)
{
	struct make_parts_call call = { bundle, plan, err };

	return home_call(call_make_parts, &call, err);
}

/* What a host that has no networks to give, for want of privileges or of a kernel that can, has still. */
static void add_way_out(struct error *err)
{
	static const char way_out[] = "'--network none' does without one, '--network host' uses the host's";
	char hint[sizeof err->hint];

	if (!err || (err->kind != ERROR_DENIED && err->kind != ERROR_UNSUPPORTED))
		return;
	memcpy(hint, err->hint, sizeof hint);
	if (*hint)
		error_hint(err, "%s; %s", hint, way_out);
	else
		error_hint(err, "%s", way_out);
}

int container_network_prepare(struct bundle_plan *bundle, const struct spec_network_plan **ret, struct error *err)
{
	struct spec_network_plan *plan = arena_alloc(bundle->arena, 1, sizeof *plan);
	int r;

	*ret = NULL;
	if (!container_network_is_member(bundle->host))
		return 0;
	plan->id = bundle->container->id;
	r = make(bundle, plan, err);
	if (r < 0) {
		add_way_out(err);
		ignore_result(net_release(plan, NULL)); /* the first failure is the one to report; `system check` finds the rest */
		ignore_result(networks_take_down(bundle->record->directories, NULL)); /* likewise; another one's end does */
		return r;
	}
	*ret = plan;
	return 0;
}

/* ---- the end -------------------------------------------------------------------------------- */

typedef int release_plan(const struct spec_network_plan *plan, struct error *err);

/* What a damaged plan says is looked for. NULL: there was none. */
static int find_plan(struct arena *arena, const struct directories *directories, const char *id, const struct spec_network_plan **ret, struct error *err)
{
	int r = net_journal_read(arena, AT_FDCWD, arena_printf(arena, "%s/containers/%s", directories->run_root, id), ret, NULL);

	return r < 0 ? network_trace(arena, directories, id, ret, err) : 0;
}

struct release_call {
	const struct spec_network_plan *plan;
	release_plan *do_release;
	struct error *err;
};

static int call_release(void *context)
{
	const struct release_call *call = context;

	return call->do_release(call->plan, call->err);
}

/* 1 if there was something to release. */
static int release(const struct directories *directories, const char *id, release_plan *do_release, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct release_call call = { NULL, do_release, err };
	int r = find_plan(arena, directories, id, &call.plan, err);

	if (r < 0 || !call.plan)
		return r;
	r = home_call(call_release, &call, err);
	return r < 0 ? r : 1;
}

static int release_of(const struct container_record *record, release_plan *do_release, struct error *err)
{
	int r = release(record->directories, record->container->id, do_release, err);

	return r < 0 ? error_wrap(err, "cannot take the container '%s' out of its networks", record->container->name) : r;
}

int container_network_release_orphan(const struct directories *directories, const char *id, struct error *err)
{
	int r = release(directories, id, net_release, err);

	return r < 0 ? r : 0;
}

int container_network_release(const struct container_record *record, struct error *err)
{
	int r = release_of(record, net_release, err);

	/* A supervisor sees to networks that nobody is in any more when it ends, and nobody has to wait for that: this is after a kill. */
	return r > 0 ? networks_take_down(record->directories, err) : r;
}

int container_network_release_but_links(const struct container_record *record, struct error *err)
{
	int r = release_of(record, net_release_but_links, err);

	return r < 0 ? r : 0;
}
