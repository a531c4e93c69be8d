/* SPDX-License-Identifier: Apache-2.0 */
/* A visit of this thread to another network namespace. */
#ifndef BIVY_NET_NETNS_H
#define BIVY_NET_NETNS_H

#include "base/error.h"

struct netns_visit {
	int home_fd; /* while it lasts */
};
#define NETNS_VISIT_INIT ((struct netns_visit){ .home_fd = -EBADF })

/* Needs CAP_SYS_ADMIN over it, and over our own user namespace. */
int netns_enter(int netns_fd, struct netns_visit *ret, struct error *err) _must_check_;

/* Back. ERR may be NULL. No error without a visit. */
int netns_leave(struct netns_visit *visit, struct error *err);

void netns_visit_end(struct netns_visit *visit);
#define _cleanup_netns_ _cleanup_(netns_visit_end)

#endif
