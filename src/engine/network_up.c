/* SPDX-License-Identifier: Apache-2.0 */
/* What of networks is there on the host. */
#include "engine/network_files.h"
#include "engine/network_members.h"
#include "engine/network_resolver.h"
#include "net/bridge.h"
#include "net/firewall.h"
#include "net/link_limit.h"

/* ---- the firewall ------------------------------------------------------------------- */

/* What limits need of the firewall (net/link_limit.h), added or IS_GONE. */
static int refill_limits(const struct spec_network_plan *plan, bool is_gone, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->link_count; i++)
		r = net_link_limit_refill(&plan->links[i], is_gone, err);
	return r;
}

/* A member that ended meanwhile has taken its ports back before we added them, or does so behind us. */
static int publish_again(void *context, const char *id, const struct spec_network_plan *plan, struct error *err)
{
	const struct directories *directories = context;
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *owner = NULL;
	size_t taken = 0;
	int r = refill_limits(plan, false, err);

	if (r == 0)
		r = firewall_publish(arena, plan->ports, plan->port_count, &taken, &owner, err);
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

int networks_ensure_firewall(const struct directories *directories, struct error *err)
{
	bool is_lost = false;
	int r = firewall_ensure(&is_lost, err);

	return r < 0 || !is_lost ? r : fill_firewall(directories, err);
}

/* ---- one network ------------------------------------------------------------------------ */

int network_up(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	bool is_bridge = str_equal(network->driver, "bridge");
	int r = is_bridge ? networks_ensure_firewall(directories, err) : 0;

	if (r < 0)
		return r;
	if (net_bridge_is_up(network)) {
		network_resolvers_revive(directories);
		return 0;
	}
	r = network_lock(directories, network, &lock_fd, err);
	if (r == 0)
		r = net_bridge_up(network, err);
	return r < 0 ? error_wrap(err, "cannot bring up the network '%s'", network->name) : 0;
}
