/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is of a network on the host while somebody is in it, and the end of that: bridge, place in the firewall and
 * name server go with the last member, and are made anew by the next one.
 *
 *   RUN_ROOT/networks/ID/lock          flock(2): shared by who is about to become a member, until its address is leased (net/leases.h);
 *                                      exclusive for who brings the network up or down
 *   RUN_ROOT/networks/ID/up.json       the network as it was brought up (spec/network.h): there before its bridge is, and gone after it
 *   RUN_ROOT/networks/ID/idle          flock(2): held by who waits whether somebody comes; its time is when the last member left
 *
 * Who is a member has a lease. Those of dead containers count, until the next command for the container has given them back.
 */
#ifndef BIVY_NET_IDLE_H
#define BIVY_NET_IDLE_H

#include "base/error.h"
#include "spec/network.h"

#include <stdbool.h>

/* So long a network without members is kept: containers that follow each other do not make it anew each time. */
#define NET_IDLE_PATIENCE_MS 1000

/* Before it is brought up, with the lock held exclusively. RUN_PATH: RUN_ROOT/networks/ID. */
int net_idle_note(const char *run_path, const struct spec_network *network, struct error *err) _must_check_;
/* What that has noted, in the arena; -ENOENT if it is not up. */
int net_idle_read(struct arena *arena, const char *run_path, const struct spec_network **ret, struct error *err) _must_check_;

/* Takes down those of NETWORKS, RUN_ROOT/networks, that have no members. Goes on after a failure, and returns the first. */
int net_idle_take_down(const char *networks, struct error *err) _must_check_;

/* Whether there are any. */
bool net_idle_is_any_due(const char *networks);

/*
 * Takes down those that nobody has been in for NET_IDLE_PATIENCE_MS; returns when there is somebody in all others, or another process waits
 * for them already. What fails is logged.
 */
void net_idle_wait_all(const char *networks);

#endif
