/* SPDX-License-Identifier: Apache-2.0 */
/* The container in its networks, as its network.json says at the moment (spec/network_plan.h): commands may have changed that since. */
#ifndef BIVY_SUPERVISOR_MEMBERSHIP_H
#define BIVY_SUPERVISOR_MEMBERSHIP_H

#include "supervisor/maker.h"

/* *RET is NULL if it is in none, or in those of somebody else. */
int membership_read(struct maker *maker, struct arena *arena, const struct spec_network_plan **ret, struct error *err) _must_check_;

/* For struct create_request; CONTEXT is the plan. */
int membership_attach(void *context, int netns_fd, struct error *err) _must_check_;

/* After a start that failed. What fails here and below is logged; whoever removes the container does it again. */
void membership_detach(struct maker *maker);

/* Before anybody hears that it has ended for good: who removes it gives back all but the links, and takes network.json away. */
void membership_remember(struct maker *maker);

/*
 * For good: what it had is free, and network.json is gone; LINKS_ONLY: the rest is for a client who removes the container (ports and
 * addresses that he gave back may be somebody's again). What is left then takes a while and is nobody's any more: membership_finish().
 */
void membership_release(struct maker *maker, bool links_only);
void membership_finish(struct maker *maker);

/* After whoever removes the container: a child waits whether somebody comes into the networks that nobody is in now, and takes them down if not (net/idle.h). */
void membership_leave(struct maker *maker);

#endif
