/* SPDX-License-Identifier: Apache-2.0 */
/* What of networks is there on the host. */
#include "base/log.h"
#include "engine/home.h"
#include "engine/network_files.h"
#include "engine/network_members.h"
#include "engine/network_resolver.h"
#include "net/bridge.h"
#include "net/firewall.h"
#include "net/idle.h"
#include "net/link_limit.h"

#include <sys/file.h>

#define ATTEMPTS 100

/* ---- the firewall ------------------------------------------------------------------- */

/* What limits need of the firewall (net/link_limit.h), added or IS_GONE. */
static int refill_limits(const struct spec_network_plan *plan, bool is_gone, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->link_count; i++)
		r = net_link_limit_refill(&plan->links[i], is_gone, err);
	return r;
}

/* A port that somebody took while it was not there is missed by its container alone: that one's others, and those of others, come back. */
static int publish_free(struct arena *arena, const char *id, const struct spec_network_plan *plan, struct error *err)
{
	struct spec_published_port *ports = arena_alloc(arena, plan->port_count + 1, sizeof *ports);
	size_t count = plan->port_count, taken = 0;

	if (count)
		memcpy(ports, plan->ports, count * sizeof *ports);
	while (count > 0) {
		const char *owner = NULL;
		struct error said = ERROR_INIT;
		int r = firewall_publish(arena, ports, count, &taken, &owner, &said);

		if (r == 0)
			return 0;
		if (said.kind != ERROR_CONFLICT) {
			if (err)
				*err = said;
			return r;
		}
		log_warning("the container '%.12s' has lost a port: %s, ignoring", id, said.message);
		memmove(ports + taken, ports + taken + 1, (count - taken - 1) * sizeof *ports);
		count--;
	}
	return 0;
}

/* A member that ended meanwhile has taken its ports back before we added them, or does so behind us. */
static int publish_again(void *context, const char *id, const struct spec_network_plan *plan, struct error *err)
{
	const struct directories *directories = context;
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = refill_limits(plan, false, err);

	if (r == 0)
		r = publish_free(arena, id, plan, err);
	if (r < 0 || network_member_is_alive((void *)directories, id))
		return r < 0 ? error_wrap(err, "the container '%.12s'", id) : 0;
	r = firewall_unpublish(plan->ports, plan->port_count, err);
	if (r == 0)
		r = refill_limits(plan, true, err);
	return r < 0 ? error_wrap(err, "the container '%.12s'", id) : 0;
}

/* What is in the table but rules: networks whose bridges are there, and ports of those that run. */
static int fill_firewall(const struct directories *directories, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network **list = NULL;
	size_t count = 0;
	int r = network_read_all(arena, directories, &list, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (str_equal(list[i]->driver, "bridge") && net_bridge_is_up(list[i]))
			r = firewall_add_network(list[i], err);
	if (r == 0)
		r = network_members_visit(arena, directories, publish_again, (void *)directories, err);
	return r < 0 ? r : firewall_mark_complete(err);
}

/* The table went while it was being filled, with the last network that was in it: then it is made anew. */
static int ensure_firewall(const struct directories *directories, struct error *err)
{
	bool is_lost;
	int r = -ENOENT;

	for (unsigned i = 0; r == -ENOENT && i < ATTEMPTS; i++) {
		is_lost = false;
		r = firewall_ensure(&is_lost, err);
		if (r == 0 && is_lost)
			r = fill_firewall(directories, err);
	}
	return r;
}

struct ensure_firewall_call {
	const struct directories *directories;
	struct error *err;
};

static int call_ensure_firewall(void *context)
{
	const struct ensure_firewall_call *call = context;

	return ensure_firewall(call->directories, call->err);
}

int networks_ensure_firewall(const struct directories *directories, struct error *err)
{
	struct ensure_firewall_call call = { directories, err };

	return home_call(call_ensure_firewall, &call, err);
}

/* ---- one network ------------------------------------------------------------------------ */

/* With the lock held exclusively. */
static int bring_up(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks/%s", directories->run_root, network->id);
	int r = -ENOENT;

	/* The same may happen before this network is in the table. */
	for (unsigned i = 0; r == -ENOENT && i < ATTEMPTS; i++) {
		r = networks_ensure_firewall(directories, err);
		if (r == 0)
			r = net_idle_note(path, network, err);
		if (r == 0)
			r = home_exists() ? net_bridge_up_in_home(network, err) : net_bridge_up(network, err);
	}
	return r;
}

static int up_bridge(const struct directories *directories, const struct spec_network *network, int *ret_hold, struct error *err)
{
	_cleanup_close_ int hold = -EBADF;
	int r = network_lock(directories, network, LOCK_SH, &hold, err);

	if (r == 0 && net_bridge_is_up(network)) {
		r = networks_ensure_firewall(directories, err);
		if (r == 0)
			network_resolvers_revive(directories);
	} else if (r == 0) {
		close_and_forget(&hold);
		r = network_lock(directories, network, LOCK_EX, &hold, err);
		if (r == 0)
			r = bring_up(directories, network, err);
	}
	if (r == 0)
		*ret_hold = TAKE_FD(hold);
	return r;
}

int network_up(const struct directories *directories, const struct spec_network *network, int *ret_hold, struct error *err)
{
	int r;

	*ret_hold = -EBADF;
	if (str_equal(network->driver, "bridge"))
		r = up_bridge(directories, network, ret_hold, err);
	else
		r = net_bridge_is_up(network) ? 0 : net_bridge_up(network, err);
	return r < 0 ? error_wrap(err, "cannot bring up the network '%s'", network->name) : 0;
}

static int take_down(const struct directories *directories, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks", directories->run_root);

	return net_idle_take_down(path, err);
}

struct take_down_call {
	const struct directories *directories;
	struct error *err;
};

static int call_take_down(void *context)
{
	const struct take_down_call *call = context;

	return take_down(call->directories, call->err);
}

int networks_take_down(const struct directories *directories, struct error *err)
{
	struct take_down_call call = { directories, err };

	return home_call(call_take_down, &call, err);
}
