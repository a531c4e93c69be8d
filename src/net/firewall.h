/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our one table of nf_tables(8), "inet bivy": constant chains and rules, and maps
 * that the variable part is elements of. Nothing of others is touched.
 *
 *   networks, internal, masqueraded   names of bridges
 *   members, members4, members6       a bridge's name twice, a subnet twice: who is in one network
 *   priorities                        MAC address of a container -> priority of what it sends (firewall_priority.h)
 *   ports4, ports6                    protocol, a port of all addresses of the host -> address of a container, port
 *   ports4_at, ports6_at              address of the host, protocol, port -> the same
 *   ranges4, ranges6                  address of the host or all of them, protocol, range of ports -> address of a container; ports keep their numbers
 *   generation                        what the rule set was when we had last changed it (firewall_ensure())
 *
 * What holds:
 *  1. A range of ports that keep their numbers is one element, of others each port is one.
 *  2. Traffic between two networks, and between members of one whose option enable_icc is off, is dropped, but to published ports; what comes
 *     from outside reaches nothing but published ports and answers.
 *  3. Of members of internal networks nothing leaves but to each other and to the host.
 *  4. 127.0.0.0/8 is never reached from a bridge.
 *     Of IP version 6 only the host's own addresses but ::1 are published: the kernel routes no answer from a bridge to ::1,
 *     where a port is refused at once, so that who asks "localhost" finds 127.0.0.1.
 *  5. The source address of a client is kept, but where the answer would not come
 *     back to us: from 127.0.0.1/::1, and between members of one network.
 *  6. A port is somebody's by being an element: of two that add it one fails.
 *  7. A network's addresses of the host answer questions for names (port 53) to that network's members and to the host, not to other networks.
 *
 * Functions open what they need; callers are in the network namespace that is
 * meant, with CAP_NET_ADMIN. ERROR_UNSUPPORTED, with a hint, if the kernel has no nf_tables.
 */
#ifndef BIVY_NET_FIREWALL_H
#define BIVY_NET_FIREWALL_H

#include "base/error.h"
#include "spec/network.h"
#include "spec/network_plan.h"

#include <stdbool.h>

#define FIREWALL_TABLE "bivy"

/*
 * Our table is as it should be: 0; *RET_LOST true if it was not (missing, flushed or changed by others) and has been made anew, without
 * elements: then the caller adds all networks and ports that there are and says firewall_mark_complete() (engine/networks.h does). Until
 * somebody has, everyone is told so. The usual case is one short question: the table itself keeps the generation of the rule set
 * that was the last of our own making, and a digest of what it held then (set "generation").
 */
int firewall_ensure(bool *ret_lost, struct error *err) _must_check_;

/* All networks and ports are in the table. */
int firewall_mark_complete(struct error *err) _must_check_;

/*
 * The place of a bridge network; again is no error. -ENOENT: there is no table, firewall_ensure() makes one. Removal of what is not there
 * is no error, and the table goes with the last network.
 */
int firewall_add_network(const struct spec_network *network, struct error *err) _must_check_;
int firewall_remove_network(const struct spec_network *network, struct error *err) _must_check_;

/*
 * All of PORTS or none, in one transaction (thousands that change their numbers, of an ordinary user: in several); those that are there just so already are no error. ERROR_CONFLICT: *RET_TAKEN is the index of the
 * first that somebody has (a range: any of it), and *RET_OWNER the address of the container that it leads to, in ARENA.
 */
int firewall_publish(struct arena *arena, const struct spec_published_port *ports, size_t count, size_t *ret_taken, const char **ret_owner,
	struct error *err) _must_check_;
int firewall_unpublish(const struct spec_published_port *ports, size_t count, struct error *err) _must_check_;
/* The same, but of PORTS remain REST, which are parts of them: at no time are those not there. */
int firewall_reduce(const struct spec_published_port *ports, size_t count, const struct spec_published_port *rest, size_t rest_count,
	struct error *err) _must_check_;

/* The whole table is removed; no error without one. */
int firewall_remove(struct error *err) _must_check_;

/* What is in the table now, for checks: names of bridges, and ports (addresses of either family in two entries). In ARENA. */
struct firewall_content {
	char **bridges;
	struct spec_published_port *ports;
	size_t port_count;
};
int firewall_read(struct arena *arena, struct firewall_content *ret, struct error *err) _must_check_;

#endif
