/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: their records, and what of them is there on the host.
 *
 *   ROOT/networks/NAME/network.json  what lasts (spec/network.h)
 *   ROOT/networks/.ula               the prefix of this host's addresses of IP version 6, chosen by chance once
 *   RUN_ROOT/networks/ID/lock, up.json, idle  net/idle.h
 *   RUN_ROOT/networks/ID/leases/     net/leases.h
 *   RUN_ROOT/networks/ID/names/      net/resolver.h
 *   RUN_ROOT/resolvers/KEY/          net/resolver.h
 *   RUN_ROOT/firewall                net/firewall.h's stamp
 *
 * Invariants:
 *  1. networks/NAME is made complete as ".new-ID" and renamed into place with RENAME_NOREPLACE: of two makers one wins.
 *     Subnets are reserved so: ROOT/networks/.lock (flock) is held from the choice to the rename; by nobody else.
 *  2. The default network "bridge" is made by the first command that needs it. "host" and "none" have no record.
 *  3. The bridge is made when the first container starts in the network, and goes with the last one's end (net/idle.h); any command may
 *     make it anew.
 *  4. A network that is in use (a record of a container names it) is not removed.
 */
#ifndef BIVY_ENGINE_NETWORKS_H
#define BIVY_ENGINE_NETWORKS_H

#include "engine/directories.h"
#include "spec/network.h"

#include <stdbool.h>

#define NETWORK_DEFAULT "bridge"
#define NETWORK_DEFAULT_INTERFACE "bivy0"

/* Letters, digits, '_', '.' and '-', the first a letter or digit. */
bool network_name_is_valid(const char *text);

/* The network that a user calls TEXT: a name, an id, or the beginning of one that no other has. ERROR_NOT_FOUND with the nearest name. The default one is made if it is not there. */
int network_find(struct arena *arena, const struct directories *directories, const char *text, const struct spec_network **ret, struct error *err)
	_must_check_;

/* All of them, sorted by name; without "host" and "none". */
int network_list(struct arena *arena, const struct directories *directories, const struct spec_network ***ret, size_t *ret_count, struct error *err)
	_must_check_;

/*
 * Makes the record for REQUEST, in which .name is given and all else may be; fills in the rest. ERROR_CONFLICT with the route or network that a
 * given subnet overlaps, or if there is one of that name.
 */
int network_create(struct arena *arena, const struct directories *directories, const struct spec_network *request, const struct spec_network **ret,
	struct error *err) _must_check_;

enum network_remove_flag { NETWORK_REMOVE_FORCE = 1 << 0 /* containers that use it are removed, as Podman does; no error if it is not there */ };

int network_remove(const struct directories *directories, const char *text, unsigned flags, struct error *err) _must_check_;

/* Networks that no container uses, each with its name to EACH; FILTERS as docker's ("label=…", "until=…"). */
int network_prune(const struct directories *directories, char *const *filters, void (*each)(void *context, const char *name), void *context,
	struct error *err) _must_check_;

/*
 * Its bridge is there, and so are the firewall and, if somebody flushed that, all elements of all networks and running containers in it; and
 * remain as long as *RET_HOLD is open: until then the caller has leased an address, or has given up.
 */
int network_up(const struct directories *directories, const struct spec_network *network, int *ret_hold, struct error *err) _must_check_;

/* The firewall's part of that alone: for any command that is about networks. Cheap when nothing is amiss. */
int networks_ensure_firewall(const struct directories *directories, struct error *err) _must_check_;

/* Those that are up and that nobody is in go down (net/idle.h), at once. */
int networks_take_down(const struct directories *directories, struct error *err) _must_check_;

/* "host" or "none" as a network, which has no record; NULL for others. */
const struct spec_network *network_predefined(const char *text);

/* Whether it is one of those, or the default one: nobody made it, and nobody removes it. */
bool network_is_predefined(const struct spec_network *network);

/* As network_list(), with "host" and "none", and only those that pass FILTERS ("driver=…", "label=…", …; network_filter.h). */
int network_survey(struct arena *arena, const struct directories *directories, char *const *filters, const struct spec_network ***ret,
	size_t *ret_count, struct error *err) _must_check_;

/* What docker calls the membership of a container in a network: the same whenever both are. In the arena. */
char *network_endpoint_id(struct arena *arena, const char *container_id, const char *network_id);

/* Docker's document of one, with its members that run, "host" and "none" included. */
int network_inspect(const struct directories *directories, const char *text, struct buf *out, struct error *err) _must_check_;

#endif
