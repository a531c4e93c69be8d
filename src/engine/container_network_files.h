/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/hosts and /etc/resolv.conf of a container that runs, when its networks have changed. */
#ifndef BIVY_ENGINE_CONTAINER_NETWORK_FILES_H
#define BIVY_ENGINE_CONTAINER_NETWORK_FILES_H

#include "engine/container.h"
#include "spec/network_plan.h"

/*
 * Its own addresses and name servers in these files become those of PLAN; what else is in them, its own changes too, stays. Name servers
 * that are needed are started. What cannot be done is logged: the networks themselves are as they should be.
 */
void container_network_refresh_files(const struct container_record *record, const struct spec_network_plan *plan);

/* The text of hosts with lines for NAME but those of ADDRESSES ("10.66.3.2/24") taken out, and those put in. Pure. */
void container_network_change_hosts(char *text, const char *name, char *const *addresses, struct buf *out);

/* The text of resolv.conf with SERVERS in place of those that it has. Pure. */
void container_network_change_servers(char *text, char *const *servers, struct buf *out);

#endif
