/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that the kernel keeps in mind for address translation (nfnetlink, subsystem ctnetlink), and their end. */
#ifndef BIVY_HOST_CONNTRACK_H
#define BIVY_HOST_CONNTRACK_H

#include "base/cleanup.h"
#include "host/netlink.h"

#include <stdbool.h>
#include <stdint.h>

struct conntrack_flow {
	int family;               /* AF_INET, AF_INET6 */
	uint8_t destination[16];  /* that the first packet was sent to; 4 or 16 bytes */
	uint8_t answering[16];    /* who answers: the same, or where it was translated to */
	uint16_t port;            /* that the first packet was sent to */
	bool is_answered;
};

/* Forgets the flows of PROTOCOL (IPPROTO_UDP, …) that CHOOSE chooses. 0 or -errno; one that ended meanwhile is no error. */
typedef bool conntrack_choose(void *context, const struct conntrack_flow *flow);
int conntrack_forget(uint8_t protocol, conntrack_choose *choose, void *context) _must_check_;

/* Whether MESSAGE tells of a flow of PROTOCOL and either family, and of which. Pure. */
bool conntrack_read_flow(const struct nlmsghdr *message, uint8_t protocol, struct conntrack_flow *ret);

#endif
