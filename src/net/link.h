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

/* Default routes of the namespace go through LINK, which is there, where it has gateways; in place of those that there are. Else as above. */
int net_link_route(const struct spec_network_link *link, int netns_fd, struct error *err) _must_check_;

/* Removes it by the host's end (veth), or from inside NETNS_FD (the others; -EBADF: they ended with the namespace). Not there: no error. */
int net_link_detach(const struct spec_network_link *link, int netns_fd, struct error *err) _must_check_;

/*
 * The beginning of net_link_detach() for the end of a container: the link is out of
 * service when it returns, and removed by net_link_remove_retired(*RET_INDEX), which takes some 10 ms that nobody need wait for; if that does not come, the
 * kernel does it with the container's namespace. *RET_INDEX is 0 if there is nothing to remove.
 */
int net_link_retire(const struct spec_network_link *link, int *ret_index, struct error *err) _must_check_;
int net_link_remove_retired(int index, struct error *err) _must_check_;

#endif
