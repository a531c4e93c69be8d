/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports of an ordinary user. What is published is what the firewall's table in the home's network namespace has (net/firewall.h), as
 * root's is: whoever publishes or takes back changes that alone, and may be killed. The holder, in the host's network namespace, listens for
 * each port that is in there, and hands the socket to a forwarder (net/forwarder.h), a child of its own in the home's. It looks whenever the
 * kernel tells of a change, and when it is asked to, for who wants to know what failed.
 */
#ifndef BIVY_HOME_PORTS_H
#define BIVY_HOME_PORTS_H

#include "home/carrier.h"
#include "spec/home.h"

#include <stdbool.h>
#include <sys/types.h>

struct home_port;

struct home_ports {
	int network_fd;  /* of the home */
	int events_fd;   /* readable when there is something to look at, or -EBADF */
	struct home_carrier carrier;
	int64_t dropped_ms;
	unsigned failures;  /* forwarders in a row that were short */
	int64_t revival_ms; /* when another one is due, or 0 */
	struct home_port *list; /* sorted */
	size_t count;
	bool has_networks;       /* when it was looked for last */
};

#define HOME_PORTS_INIT ((struct home_ports){ .network_fd = -EBADF, .events_fd = -EBADF, .carrier = HOME_CARRIER_INIT })

/* Of the home whose network namespace NETWORK_FD is, which stays the caller's. Nothing is listened for yet. */
int home_ports_open(struct home_ports *ports, int network_fd, struct error *err) _must_check_;
void home_ports_done(struct home_ports *ports);

/* Listens for what is published, and not for what is no more. What fails is in *REPLY, in ARENA, if that is not NULL. */
int home_ports_look(struct home_ports *ports, struct arena *arena, struct spec_home_reply *reply, struct error *err) _must_check_;

/* .events_fd is readable. */
void home_ports_look_again(struct home_ports *ports);

/*
 * .carrier.control_fd is readable: another forwarder gets what the last one had, a moment later if that had ended a moment after its start. When
 * several in a row have, nothing is listened for until one may do better.
 */
void home_ports_revive(struct home_ports *ports);

/* Does what is due; how long until something is, in milliseconds, or -1. */
int home_ports_tend(struct home_ports *ports);

#endif
