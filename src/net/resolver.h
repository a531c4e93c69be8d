/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name servers for containers: one dnsmasq(8) for each set of networks that a container is a member of and each list of servers to forward
 * to, usually one a network, listening on the bridge's addresses (or, for sets of several, on an address of the first network that is leased for it).
 * It reads names from files of the directories RUN_ROOT/networks/ID/names (hosts(5), one file a container, replaced by rename(2)), which
 * it notices by itself (--hostsdir). It runs as nobody, and is started by who starts the first container that needs it.
 */
#ifndef BIVY_NET_RESOLVER_H
#define BIVY_NET_RESOLVER_H

#include "base/error.h"

#include <stdbool.h>

struct net_resolver {
	const char *directory;    /* RUN_ROOT/resolvers/KEY: its pid file, lock and configuration */
	char *const *names;       /* directories to read names from */
	char *const *interfaces;  /* bridges it listens on */
	char *const *addresses;   /* and the addresses there */
	const char *own_address;  /* the one of those that the first bridge has for it alone: made and removed with it; or NULL */
	const char *user;         /* with .own_address: id of a container that asks it. With the last such it ends (net_names_remove()) */
	char *const *servers;     /* to forward to; NULL: the host's, as /etc/resolv.conf changes; empty: none (internal networks) */
	const char *resolv_conf;  /* of the host, with .servers NULL */
};

/* Lists end with NULL. Runs when it returns; at once if it ran already with the same configuration. ERROR_NOT_FOUND if there is no dnsmasq, with a hint. */
int net_resolver_start(const struct net_resolver *resolver, struct error *err) _must_check_;

/* Starts the one of DIRECTORY again, as it was, if somebody has killed it; no error if there was none. */
int net_resolver_revive(const char *directory, struct error *err) _must_check_;

/* Ends the one of DIRECTORY, if any, and removes the directory. */
int net_resolver_stop(const char *directory, struct error *err) _must_check_;

bool net_resolver_is_running(const char *directory);

/* Where those with an address of their own have users: "DIRECTORY/users". In memory of the caller's. */
char *net_resolver_users(const char *directory);

/* The file with a container's names in one network: "ADDRESS NAME…" for each address. Seen by resolvers of that network shortly after. */
int net_names_write(const char *directory, const char *id, char *const *addresses, char *const *names, struct error *err) _must_check_;
/*
 * With the last names that a resolver of RUN_ROOT/resolvers reads it ends, too; one that has users with the last of those: they are
 * files of the directory that net_resolver_users() tells, removed likewise.
 */
int net_names_remove(const char *directory, const char *id) _must_check_;

#endif
