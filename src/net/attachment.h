/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a container has of networks, together. The supervisor attaches the
 * links at each start of the process, in the namespace that is new then, and
 * retires them at the last end; ports, leases and names are the engine's to make
 * before the supervisor starts, and are released when it ends.
 */
#ifndef BIVY_NET_ATTACHMENT_H
#define BIVY_NET_ATTACHMENT_H

#include "base/error.h"
#include "spec/network_plan.h"

/* Every link of PLAN, in its order; on failure those made are removed. Process and privileges as for net_link_attach(). */
int net_attach(const struct spec_network_plan *plan, int netns_fd, struct error *err) _must_check_;

/* Removes the links of PLAN. Goes on after a failure and returns the first. */
int net_detach(const struct spec_network_plan *plan, struct error *err) _must_check_;

/*
 * Undoes all of PLAN: links, published ports, leases (those that still point at
 * .id), names. What is not there is no error. Anybody may do it for a container
 * that has no supervisor any more; twice does no harm.
 */
int net_release(const struct spec_network_plan *plan, struct error *err) _must_check_;

/* All but the links, of which its supervisor, which is there still, takes care (net_retire_links()). */
int net_release_but_links(const struct spec_network_plan *plan, struct error *err) _must_check_;

/* Links that are out of service, by their indexes. */
struct net_retired {
	int *indexes;
	size_t count;
};

/*
 * As net_release(), for who ends and has somebody waiting: of the links there
 * remains to be done what takes the kernel some 10 ms, net_retired_remove(), which frees *RET, too.
 */
int net_retire(const struct spec_network_plan *plan, struct net_retired *ret, struct error *err) _must_check_;
int net_retire_links(const struct spec_network_plan *plan, struct net_retired *ret, struct error *err) _must_check_; /* of the links alone */
int net_retired_remove(struct net_retired *retired, struct error *err) _must_check_;

#endif
