/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets: which a new network gets, and addresses in them. Pure but for
 * net_subnets_used(), which asks the kernel for its routes.
 */
#ifndef BIVY_NET_SUBNETS_H
#define BIVY_NET_SUBNETS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of either family; the bytes in network order. */
struct net_subnet {
	int family; /* AF_INET, AF_INET6 */
	unsigned prefix;
	uint8_t address[16]; /* 4 or 16 of them; of net_address_parse() with all bits, else those behind .prefix are 0 */
};

/* "ADDRESS[/PREFIX]"; without prefix all bits. ERROR_INVALID with what is wrong. */
int net_address_parse(const char *text, struct net_subnet *ret, struct error *err) _must_check_;
/* The same, and bits behind the prefix must be 0 (the error names the network that was meant). */
int net_subnet_parse(const char *text, struct net_subnet *ret, struct error *err) _must_check_;
/* "10.66.3.0/24"; with PREFIX false without that. INET6_ADDRSTRLEN + 4 bytes. */
void net_subnet_format(const struct net_subnet *subnet, bool prefix, char *out);
bool net_subnets_overlap(const struct net_subnet *a, const struct net_subnet *b);
bool net_subnet_contains(const struct net_subnet *subnet, const struct net_subnet *address);

/* A destination of the host that is taken already. */
struct net_used_subnet {
	struct net_subnet subnet;
	char owner[64]; /* "the route through eth0", "the network 'web'" */
	char interface[16]; /* "eth0", or "" */
};

/* All routes of this network namespace in all tables but default routes, and resolvers of /etc/resolv.conf; free() the array. */
int net_subnets_used(struct net_used_subnet **ret, size_t *ret_count, struct error *err) _must_check_;

/*
 * The first subnet of PREFIX bits from our pools that overlaps none of USED: version 4 from the pools in subnets.c,
 * version 6 from the host's own prefix ULA (fd…/48; RFC 4193, section 3.2). ERROR_UNAVAILABLE if there is none.
 */
int net_subnet_choose(int family, unsigned prefix, const struct net_subnet *ula, const struct net_used_subnet *used, size_t count,
	struct net_subnet *ret, struct error *err) _must_check_;

/* The host number N (0: the network itself) of SUBNET; -ERANGE beyond its end. */
int net_subnet_address(const struct net_subnet *subnet, uint64_t n, struct net_subnet *ret) _must_check_;

#endif
