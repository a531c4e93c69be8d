/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks and ports of a container that exists, under the lock of its record.
 * The record says what the next start is to have; of one that runs the plan is
 * replaced, too, before what is new is made and after what is old is gone: the
 * supervisor, which reads it at each start of the process, and who comes after a
 * kill see all that is there.
 */
#include "base/log.h"
#include "engine/bundle_mounts.h"
#include "engine/container_event.h"
#include "engine/container_network_check.h"
#include "engine/container_network_hosts.h"
#include "engine/container_network_plan.h"
#include "engine/container_network_ports.h"
#include "engine/home.h"
#include "engine/network_event.h"
#include "engine/network_resolver.h"
#include "net/firewall.h"
#include "net/leases.h"
#include "net/link.h"
#include "net/resolver.h"

#include <fcntl.h>

/* A container with its record locked, and its plan if it runs. */
struct change {
	struct arena *arena;
	const struct directories *directories;
	struct container_record record;
	struct spec_network_plan *plan; /* a copy to be changed; NULL: nothing runs */
	int netns_fd; /* of its process; -EBADF: there is none now */
};

/* ---- opening ---------------------------------------------------------------------------- */

static void change_done(struct change *change)
{
	close_and_forget(&change->netns_fd);
	container_record_close(&change->record);
	arena_free(change->arena);
}
#define _cleanup_change_ _cleanup_(change_done)

/* Of the process that the state names, which is still there when it has been opened. */
static int open_netns(struct change *change, struct error *err)
{
	int64_t pid = change->record.state->pid;
	_cleanup_free_ char *path = str_printf("/proc/%lld/ns/net", (long long)pid);
	_cleanup_close_ int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -EBADF;
	int r;

	if (pid > 0 && fd < 0 && errno != ENOENT && errno != ESRCH)
		return error_errno(err, errno, "cannot open '%s'", path);
	r = container_record_refresh(&change->record, err);
	if (r == 0 && fd >= 0 && change->record.is_supervised && change->record.state->pid == pid)
		change->netns_fd = TAKE_FD(fd);
	return r;
}

static int open_change(const struct directories *directories, const char *container, struct change *ret, struct error *err)
{
	const struct spec_network_plan *plan = NULL;
	int r;

	*ret = (struct change){ .arena = arena_new(), .directories = directories, .record = { .fd = -EBADF }, .netns_fd = -EBADF };
	r = container_record_open(ret->arena, directories, container, &ret->record, err);
	if (r == 0)
		r = container_record_lock(&ret->record, err);
	if (r < 0 || !ret->record.is_supervised || ret->record.state->status == SPEC_CONTAINER_EXITED)
		return r;
	r = container_network_read(ret->arena, &ret->record, &plan, err);
	if (r == 0 && plan) {
		ret->plan = arena_alloc(ret->arena, 1, sizeof *ret->plan);
		*ret->plan = *plan;
		r = open_netns(ret, err);
	}
	return r;
}

static int check_member(const struct change *change, const char *verb, struct error *err)
{
	const char *mode = change->record.container->host.network_mode, *name = change->record.container->name;

	if (container_network_is_member(&change->record.container->host))
		return 0;
	error_set(err, ERROR_CONFLICT, 0, "cannot %s the container '%s': it has %s", verb, name,
		  str_is_empty(mode) || str_equal(mode, "none") ? "no network, as --network none asks for" :
		  str_equal(mode, "host") ? "the network of the host" : "the network of somebody else");
	error_hint(err, "that is chosen when it is created");
	return -EINVAL;
}

/* ---- links of a process ------------------------------------------------------------------- */

/* It may have been started again meanwhile: then its supervisor has seen the plan. */
static bool has_restarted(struct change *change, int64_t pid)
{
	return container_record_refresh(&change->record, NULL) == 0 && (!change->record.is_supervised || change->record.state->pid != pid);
}

/* Default routes of the process go where the plan has them. */
static int move_routes(const struct change *change, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < change->plan->link_count; i++)
		if (change->plan->links[i].gateway4 || change->plan->links[i].gateway6)
			r = net_link_route(&change->plan->links[i], change->netns_fd, err);
	return r;
}

static int attach_link(struct change *change, const struct spec_network_link *link, struct error *err)
{
	struct spec_network_link without_routes = *link;
	int64_t pid = change->record.state->pid;
	struct error told = ERROR_INIT;
	int r;

	if (change->netns_fd < 0)
		return 0;
	without_routes.gateway4 = without_routes.gateway6 = NULL;
	r = net_link_attach(&without_routes, change->netns_fd, &told);
	if (r == 0)
		r = move_routes(change, &told);
	if (r == 0 || has_restarted(change, pid))
		return 0;
	if (err)
		*err = told;
	return r;
}

/* ---- ports that lead elsewhere ---------------------------------------------------------- */

/* Those that the record has and that lead nowhere, where a link has become one that they can lead to. */
static int publish_missing(struct change *change, struct error *err)
{
	const struct spec_host_config *host = &change->record.container->host;
	char **exposed = host->publish_all ? change->record.container->config.exposed_ports : NULL;
	const struct container_network_ports request = { change->arena, &change->record, change->plan, host->ports, host->port_count, exposed };
	bool can = false;

	for (size_t i = 0; i < change->plan->link_count; i++)
		can |= change->plan->links[i].kind == SPEC_LINK_VETH && !change->plan->links[i].internal;
	if (!can || change->plan->port_count)
		return 0;
	return container_network_publish_all(&request, err);
}

/* ---- connect ---------------------------------------------------------------------------------- */

static void append_endpoint(struct change *change, const struct spec_container_endpoint *endpoint)
{
	struct spec_host_config *host = &change->record.container->host;
	struct spec_container_endpoint *endpoints = arena_alloc(change->arena, host->endpoint_count + 1, sizeof *endpoints);

	if (host->endpoint_count)
		memcpy(endpoints, host->endpoints, host->endpoint_count * sizeof *endpoints);
	endpoints[host->endpoint_count++] = *endpoint;
	host->endpoints = endpoints;
}

/* What BEFORE had not. */
static char **added_leases(struct arena *arena, const struct spec_network_plan *before, const struct spec_network_plan *after)
{
	char **added = NULL;

	for (char **lease = after->leases; lease && *lease; lease++)
		if (!before->leases || !strv_contains(before->leases, *lease))
			added = container_network_add(arena, added, *lease);
	return added;
}

static int join(struct change *change, const struct spec_network *network, const struct spec_container_endpoint *endpoint, struct error *err)
{
	struct spec_network_plan *plan = change->plan;
	const struct spec_host_config *host = &change->record.container->host;
	struct spec_network_link *link;
	_cleanup_close_ int hold = -EBADF;
	struct error told = ERROR_INIT;
	int r = network_up(change->directories, network, &hold, err);

	if (r == 0 && !network->internal && home_connect_out(change->directories, &told) < 0)
		log_warning("nothing outside is reached: %s", told.message);
	if (r == 0)
		r = container_network_plan_link(change->arena, &change->record, network, endpoint, plan, err);
	close_and_forget(&hold);
	if (r < 0)
		return r;
	container_network_plan_names(change->arena, &change->record, network, plan);
	container_network_plan_routes(plan, host);
	r = network_resolver_plan(change->arena, change->directories, plan, bundle_dns(host), err);
	link = &plan->links[plan->link_count - 1];
	link->is_pending = true;
	if (r == 0)
		r = container_network_write(&change->record, plan, err);
	if (r == 0)
		r = attach_link(change, link, err);
	if (r == 0 && container_network_is_named(change->arena, &change->record, plan, link))
		r = container_network_write_names(change->arena, &change->record, link, err);
	if (r == 0)
		r = bundle_renew_resolv_conf(&change->record, plan, err);
	link->is_pending = false;
	if (r == 0)
		r = container_network_write(&change->record, plan, err);
	return r < 0 ? r : publish_missing(change, err);
}

/* After a failure: the network is forgotten again, and what was moved for its sake goes back. */
static void leave_again(struct change *change, const struct spec_network_plan *before, const char *network_id)
{
	const char *names = container_network_path(change->arena, change->directories, network_id, "names");
	const struct spec_network_plan failed = *change->plan;

	*change->plan = *before;
	/* The first failure is told. */
	if (failed.link_count > before->link_count) {
		ignore_result(net_link_detach(&failed.links[before->link_count], change->netns_fd, NULL));
		if (change->netns_fd >= 0)
			ignore_result(move_routes(change, NULL));
		ignore_result(bundle_renew_resolv_conf(&change->record, before, NULL));
	}
	if (container_network_write(&change->record, before, NULL) < 0)
		log_warning("cannot write the networks of the container '%s', ignoring", change->record.container->name);
	ignore_result(net_leases_release(added_leases(change->arena, before, &failed), change->record.container->id, NULL));
	ignore_result(net_names_remove(names, change->record.container->id));
	ignore_result(networks_take_down(change->directories, NULL)); /* another one's end does */
}

static int mend(struct change *change, struct error *err);

static int connect_there(struct change *change, struct spec_container_endpoint *endpoint, struct error *err)
{
	struct spec_host_config *host = &change->record.container->host;
	const struct spec_network *network = NULL;
	struct spec_network_plan before = { .id = NULL };
	struct spec_host_config old;
	int r = check_member(change, "connect", err);

	if (r == 0)
		r = mend(change, err);
	if (r == 0)
		r = container_network_check_endpoint(change->arena, change->directories, endpoint, &network, err);
	if (r < 0)
		return r;
	if (container_network_endpoint(change->record.container, endpoint->network))
		return error_set(err, ERROR_CONFLICT, 0, "the container '%s' is in the network '%s' already", change->record.container->name, network->name);
	old = *host;
	append_endpoint(change, endpoint);
	r = container_record_save(&change->record, err);
	if (r < 0)
		return r;
	if (change->plan) {
		before = *change->plan;
		r = join(change, network, endpoint, err);
		if (r < 0)
			leave_again(change, &before, network->id);
	}
	if (r < 0) {
		*host = old;
		ignore_result(container_record_save(&change->record, NULL)); /* the first failure is told; a next start tells this one again */
		return r;
	}
	if (change->plan)
		container_network_refresh_hosts(&change->record, change->plan);
	/* Of one that does not run its start tells. */
	if (change->plan)
		network_event_add(change->directories, network, "connect", change->record.container->id);
	return 0;
}

struct connect_there_call {
	struct change *change;
	struct spec_container_endpoint *endpoint;
	struct error *err;
};

static int call_connect_there(void *context)
{
	const struct connect_there_call *call = context;

	return connect_there(call->change, call->endpoint, call->err);
}

static int connect_locked(struct change *change, struct spec_container_endpoint *endpoint, struct error *err)
{
	struct connect_there_call call = { change, endpoint, err };

	return home_call(call_connect_there, &call, err);
}

int container_network_connect(const struct directories *directories, const char *container, const struct spec_container_endpoint *endpoint,
	struct error *err)
{
	struct spec_container_endpoint own = *endpoint;
	_cleanup_change_ struct change change;
	int r = open_change(directories, container, &change, err);

	if (r == 0)
		r = connect_locked(&change, &own, err);
	if (r < 0 && change.record.container && err && !str_starts_with(err->message, "cannot connect"))
		error_wrap(err, "cannot connect the container '%s'", change.record.container->name);
	return r;
}

/* ---- disconnect ---------------------------------------------------------------------------------- */

static void drop_endpoint(struct spec_host_config *host, const char *network)
{
	size_t kept = 0;

	for (size_t i = 0; i < host->endpoint_count; i++)
		if (!str_equal(host->endpoints[i].network, network))
			host->endpoints[kept++] = host->endpoints[i];
	host->endpoint_count = kept;
}

/* Paths in LIST but those below PREFIX, which are *RET_GONE. */
static char **part(struct arena *arena, char *const *list, const char *prefix, char ***ret_gone)
{
	char **kept = NULL;

	*ret_gone = NULL;
	for (; list && *list; list++) {
		if (str_starts_with(*list, prefix))
			*ret_gone = container_network_add(arena, *ret_gone, *list);
		else
			kept = container_network_add(arena, kept, *list);
	}
	return kept;
}

/* Ports that lead to LINK go with it. */
static int drop_ports(struct change *change, const struct spec_network_link *link, struct error *err)
{
	struct spec_network_plan *plan = change->plan;
	struct spec_published_port *kept = arena_alloc(change->arena, plan->port_count + 1, sizeof *kept);
	struct spec_published_port *gone = arena_alloc(change->arena, plan->port_count + 1, sizeof *gone);
	size_t kept_count = 0, gone_count = 0;

	for (size_t i = 0; i < plan->port_count; i++)
		if (spec_network_link_has(link, plan->ports[i].address4) || spec_network_link_has(link, plan->ports[i].address6))
			gone[gone_count++] = plan->ports[i];
		else
			kept[kept_count++] = plan->ports[i];
	plan->ports = kept;
	plan->port_count = kept_count;
	return gone_count ? firewall_unpublish(gone, gone_count, err) : 0;
}

static int leave(struct change *change, size_t index, struct error *err)
{
	struct spec_network_plan *plan = change->plan;
	const struct spec_network_link link = plan->links[index];
	const char *prefix = container_network_path(change->arena, change->directories, link.network_id, "");
	const char *names = container_network_path(change->arena, change->directories, link.network_id, "names");
	char **leases, **files;
	int r;

	plan->links[index].is_pending = true;
	r = container_network_write(&change->record, plan, err);
	if (r == 0)
		r = drop_ports(change, &link, err);
	if (r == 0)
		r = net_link_detach(&link, change->netns_fd, err);
	if (r < 0)
		return r;
	memmove(plan->links + index, plan->links + index + 1, (plan->link_count - index - 1) * sizeof link);
	plan->link_count--;
	plan->leases = part(change->arena, plan->leases, prefix, &leases);
	plan->names = part(change->arena, plan->names, prefix, &files);
	container_network_plan_routes(plan, &change->record.container->host);
	r = network_resolver_plan(change->arena, change->directories, plan, bundle_dns(&change->record.container->host), err);
	if (r == 0)
		r = container_network_write(&change->record, plan, err);
	if (r == 0 && change->netns_fd >= 0)
		r = move_routes(change, err);
	if (r < 0)
		return r;
	/* Addresses last: who gets one of them next is not to get what was meant for its last owner. */
	r = files ? net_names_remove(names, change->record.container->id) : 0;
	if (r < 0)
		return error_errno(err, -r, "cannot remove the container's names in the network '%s'", link.network);
	r = net_leases_release(leases, change->record.container->id, err);
	if (r < 0)
		return r;
	r = bundle_renew_resolv_conf(&change->record, plan, err);
	if (r == 0)
		r = publish_missing(change, err);
	return r < 0 ? r : networks_take_down(change->directories, err);
}

/* Networks that somebody was about to connect it to, or to disconnect it from, who was killed: it is in none of them. */
static int mend(struct change *change, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && change->plan && i < change->plan->link_count;) {
		if (!change->plan->links[i].is_pending) {
			i++;
			continue;
		}
		drop_endpoint(&change->record.container->host, change->plan->links[i].network);
		r = leave(change, i, err);
		if (r == 0)
			r = container_record_save(&change->record, err);
	}
	return r;
}

struct mend_call {
	struct change *change;
	struct error *err;
};

static int call_mend(void *context)
{
	const struct mend_call *call = context;

	return mend(call->change, call->err);
}

int container_network_mend(const struct directories *directories, const char *container, struct error *err)
{
	_cleanup_change_ struct change change;
	struct mend_call call = { &change, err };
	int r = open_change(directories, container, &change, err);

	return r < 0 ? r : home_call(call_mend, &call, err);
}

/* The name of the network that the container knows as TEXT: a name, an id or its beginning; the network itself may be gone. */
static const char *find_membership(const struct spec_container *container, const char *text)
{
	for (size_t i = 0; i < container->host.endpoint_count; i++) {
		const struct spec_container_endpoint *endpoint = &container->host.endpoints[i];

		if (str_equal(endpoint->network, text) || (endpoint->network_id && str_starts_with(endpoint->network_id, text)))
			return endpoint->network;
	}
	return NULL;
}

static int disconnect_there(struct change *change, const char *text, struct error *err)
{
	struct spec_container *container = change->record.container;
	const char *name = find_membership(container, text);
	const struct spec_network *network = NULL;
	size_t index;
	int r;

	if (!name)
		return error_set(err, ERROR_NOT_FOUND, 0, "the container '%s' is not in the network '%s'", container->name, text);
	name = arena_strdup(change->arena, name);
	drop_endpoint(&container->host, name);
	/* The record comes last: what could not be left can be left again. */
	index = change->plan ? container_network_find_link(change->plan, name) : SIZE_MAX;
	r = index != SIZE_MAX ? leave(change, index, err) : 0;
	if (r == 0)
		r = container_record_save(&change->record, err);
	if (r == 0 && index != SIZE_MAX)
		container_network_refresh_hosts(&change->record, change->plan);
	if (r == 0 && network_find(change->arena, change->directories, name, &network, NULL) == 0)
		network_event_add(change->directories, network, "disconnect", container->id);
	return r;
}

struct disconnect_there_call {
	struct change *change;
	const char *text;
	struct error *err;
};

static int call_disconnect_there(void *context)
{
	const struct disconnect_there_call *call = context;

	return disconnect_there(call->change, call->text, call->err);
}

static int disconnect_locked(struct change *change, const char *text, struct error *err)
{
	struct disconnect_there_call call = { change, text, err };

	return home_call(call_disconnect_there, &call, err);
}

int container_network_disconnect(const struct directories *directories, const char *container, const char *network, bool force, struct error *err)
{
	_cleanup_change_ struct change change;
	struct error told = ERROR_INIT;
	int r = open_change(directories, container, &change, &told);

	if (r == 0)
		r = disconnect_locked(&change, network, &told);
	if (r < 0 && force && told.kind == ERROR_NOT_FOUND)
		return 0;
	if (r < 0 && err)
		*err = told;
	if (r < 0 && change.record.container)
		error_wrap(err, "cannot disconnect the container '%s'", change.record.container->name);
	return r;
}

/* ---- ports ---------------------------------------------------------------------------------------- */

static int publish_there(struct change *change, const struct spec_container_port *ports, size_t count, struct error *err)
{
	struct spec_host_config *host = &change->record.container->host;
	const struct container_network_ports request = { change->arena, &change->record, change->plan, ports, count, NULL };
	struct spec_container_port *all = arena_alloc(change->arena, host->port_count + count + 1, sizeof *all);
	const struct spec_host_config old = *host;
	int r = check_member(change, "publish ports of", err);

	if (r < 0)
		return r;
	if (host->port_count)
		memcpy(all, host->ports, host->port_count * sizeof *all);
	memcpy(all + host->port_count, ports, count * sizeof *all);
	host->ports = all;
	host->port_count += count;
	r = container_record_save(&change->record, err);
	if (r < 0 || !change->plan)
		return r;
	r = networks_ensure_firewall(change->directories, err);
	if (r == 0)
		r = container_network_publish_all(&request, err);
	if (r < 0) {
		*host = old;
		ignore_result(container_record_save(&change->record, NULL)); /* the first failure is told; a next start tells this one again */
	}
	return r;
}

struct publish_there_call {
	struct change *change;
	const struct spec_container_port *ports;
	size_t count;
	struct error *err;
};

static int call_publish_there(void *context)
{
	const struct publish_there_call *call = context;

	return publish_there(call->change, call->ports, call->count, call->err);
}

static int publish_locked(struct change *change, const struct spec_container_port *ports, size_t count, struct error *err)
{
	struct publish_there_call call = { change, ports, count, err };

	return home_call(call_publish_there, &call, err);
}

int container_network_publish(const struct directories *directories, const char *container, const struct spec_container_port *ports, size_t count,
	struct error *err)
{
	_cleanup_change_ struct change change;
	int r = open_change(directories, container, &change, err);

	return r < 0 ? r : publish_locked(&change, ports, count, err);
}

/* What is said of HAS is true of WANTED; what WANTED does not say may be anything. */
static bool is_port(const struct spec_container_port *has, const struct spec_container_port *wanted)
{
	return str_equal(has->port, wanted->port) && str_equal(has->protocol ? has->protocol : "tcp", wanted->protocol ? wanted->protocol : "tcp") &&
	       (str_is_empty(wanted->host_port) || str_equal(has->host_port, wanted->host_port)) &&
	       (str_is_empty(wanted->host_ip) || str_equal(has->host_ip, wanted->host_ip));
}

/* Whether PORT leads to all of WANTED, or to more: *RET_INSIDE is what is wanted of it. */
static bool leads_to(const struct spec_published_port *port, const struct spec_container_port *wanted, struct spec_port_range *ret_inside)
{
	struct spec_port_range inside, outside;
	uint32_t host_port;

	if (spec_port_range_parse(wanted->port, &inside, NULL) < 0 || inside.first < port->port || inside.last >= port->port + port->count ||
	    !str_equal(port->protocol, wanted->protocol ? wanted->protocol : "tcp"))
		return false;
	if (!str_is_empty(wanted->host_ip) && !str_equal(port->host_ip, wanted->host_ip))
		return false;
	host_port = port->host_port + (uint32_t)(inside.first - port->port);
	*ret_inside = inside;
	return str_is_empty(wanted->host_port) || (spec_port_range_parse(wanted->host_port, &outside, NULL) == 0 && outside.first <= host_port &&
		host_port <= outside.last);
}

/* Of the record; how many went. */
static size_t drop_asked(struct spec_host_config *host, const struct spec_container_port *wanted)
{
	size_t kept = 0, count = host->port_count;

	for (size_t i = 0; i < count; i++)
		if (!is_port(&host->ports[i], wanted))
			host->ports[kept++] = host->ports[i];
	host->port_count = kept;
	return count - kept;
}

struct ports {
	struct spec_published_port *list;
	size_t count;
};

static void add_part(struct ports *ports, const struct spec_published_port *whole, uint32_t from, uint32_t to)
{
	struct spec_published_port part = *whole;

	part.host_port = (uint16_t)(whole->host_port + from);
	part.port = (uint16_t)(whole->port + from);
	part.count = to - from;
	if (part.count)
		ports->list[ports->count++] = part;
}

/*
 * Of the plan, to REST. What several -p asked for may be one entry there (container_network_plan_ports()): of one of which one -p
 * WAS_ASKED for a part, the rest stays. How many went.
 */
static size_t drop_published(const struct ports *ports, const struct spec_container_port *wanted, bool was_asked, struct ports *rest)
{
	size_t dropped = 0;

	for (size_t i = 0; i < ports->count; i++) {
		const struct spec_published_port *port = &ports->list[i];
		struct spec_port_range inside;
		bool is_it = leads_to(port, wanted, &inside);
		uint32_t from = is_it ? (uint32_t)(inside.first - port->port) : 0, to = is_it ? (uint32_t)(inside.last - port->port) + 1 : 0;

		if (!is_it || (!was_asked && to - from != port->count)) {
			rest->list[rest->count++] = *port;
			continue;
		}
		add_part(rest, port, 0, from);
		add_part(rest, port, to, port->count);
		dropped++;
	}
	return dropped;
}

/* What is not in the plan any more, the journal says until it is gone from the firewall as well. */
static int reduce_published(struct change *change, const struct ports *before, const struct ports *rest, struct error *err)
{
	struct spec_network_plan *plan = change->plan;
	struct ports both = { arena_alloc(change->arena, before->count + rest->count + 1, sizeof *both.list), before->count };
	int r;

	memcpy(both.list, before->list, before->count * sizeof *both.list);
	for (size_t i = 0; i < rest->count; i++)
		both.list[both.count++] = rest->list[i];
	plan->ports = both.list;
	plan->port_count = both.count;
	r = container_network_write(&change->record, plan, err);
	if (r == 0)
		r = firewall_reduce(before->list, before->count, rest->list, rest->count, err);
	plan->ports = rest->list;
	plan->port_count = rest->count;
	return r < 0 ? r : container_network_write(&change->record, plan, err);
}

static int unpublish_there(struct change *change, const struct spec_container_port *ports, size_t count, struct error *err)
{
	const struct ports before = { change->plan ? change->plan->ports : NULL, change->plan ? change->plan->port_count : 0 };
	struct spec_host_config *host = &change->record.container->host;
	struct ports now = before;
	size_t gone = 0;
	int r;

	for (size_t i = 0; i < count; i++) {
		struct ports rest = { arena_alloc(change->arena, 2 * now.count + 1, sizeof *rest.list), 0 };
		size_t asked = drop_asked(host, &ports[i]), dropped = drop_published(&now, &ports[i], asked > 0, &rest);

		if (asked + dropped == 0)
			return error_set(err, ERROR_NOT_FOUND, 0, "the container '%s' publishes no port %s/%s%s%s", change->record.container->name,
					 ports[i].port, ports[i].protocol ? ports[i].protocol : "tcp", str_is_empty(ports[i].host_port) ? "" : " as ",
					 ports[i].host_port ? ports[i].host_port : "");
		now = rest;
		gone += dropped;
	}
	r = container_record_save(&change->record, err);
	return r < 0 || gone == 0 ? r : reduce_published(change, &before, &now, err);
}

struct unpublish_there_call {
	struct change *change;
	const struct spec_container_port *ports;
	size_t count;
	struct error *err;
};

static int call_unpublish_there(void *context)
{
	const struct unpublish_there_call *call = context;

	return unpublish_there(call->change, call->ports, call->count, call->err);
}

static int unpublish_locked(struct change *change, const struct spec_container_port *ports, size_t count, struct error *err)
{
	struct unpublish_there_call call = { change, ports, count, err };

	return home_call(call_unpublish_there, &call, err);
}

int container_network_unpublish(const struct directories *directories, const char *container, const struct spec_container_port *ports, size_t count,
	struct error *err)
{
	_cleanup_change_ struct change change;
	int r = open_change(directories, container, &change, err);

	return r < 0 ? r : unpublish_locked(&change, ports, count, err);
}
