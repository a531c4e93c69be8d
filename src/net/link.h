/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One interface of a container: made in the host's network namespace with its
 * other end in the container's, configured there.
 */
#ifndef BIVY_NET_LINK_H
#define BIVY_NET_LINK_H

#include "base/error.h"
#include "spec/network_plan.h"

/*
 * Makes LINK: the pair (or macvlan, ipvlan), its master, addresses, routes, MTU,
 * sysctls and limits; up on both sides when it returns, addresses usable at once
 * (no duplicate address detection). The caller is in the host's network
 * namespace, single-threaded, with CAP_NET_ADMIN in it and CAP_SYS_ADMIN over
 * NETNS_FD; it is back there afterwards. On failure nothing is left.
 * ERROR_NOT_FOUND if .parent is gone; ERROR_CONFLICT if a name inside is taken.
 */
int net_link_attach(const struct spec_network_link *link, int netns_fd, struct error *err) _must_check_;

/* Removes it by the host's end (veth), or from inside NETNS_FD (the others; -EBADF: they ended with the namespace). Not there: no error. */
int net_link_detach(const struct spec_network_link *link, int netns_fd, struct error *err) _must_check_;

#endif
