/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/hosts of a container that runs, when its networks have changed. (resolv.conf: bundle_renew_resolv_conf().) */
#ifndef BIVY_ENGINE_CONTAINER_NETWORK_HOSTS_H
#define BIVY_ENGINE_CONTAINER_NETWORK_HOSTS_H

#include "engine/container.h"
#include "spec/network_plan.h"

/*
 * Its own addresses in that file become those of PLAN, and those of its links what these have; what else is in it, its own changes too, stays. What cannot be done is logged:
 * the networks themselves are as they should be.
 */
void container_network_refresh_hosts(const struct container_record *record, const struct spec_network_plan *plan);

/* The text of hosts with lines for the first of NAMES but those of ADDRESSES ("10.66.3.2/24") taken out, and those put in, with all of NAMES. Pure. */
void container_network_change_hosts(char *text, const char *names, char *const *addresses, struct buf *out);

#endif
