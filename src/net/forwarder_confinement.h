/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a forwarder gives up when it has what it needs: strangers' bytes go through it, but it looks at none of them. From then on it has
 *
 *   - of capabilities those for sockets with the addresses and ports of clients (CAP_NET_RAW, CAP_NET_BIND_SERVICE), and no way to any other;
 *   - no file (Landlock, where the kernel has it);
 *   - sockets of TCP and UDP, and no system calls but those of forwarder_calls: whoever makes another one is ended by SIGSYS.
 */
#ifndef BIVY_NET_FORWARDER_CONFINEMENT_H
#define BIVY_NET_FORWARDER_CONFINEMENT_H

#include "base/error.h"
#include "host/seccomp.h"

#define FORWARDER_RULES 5

/* For good, and for a process without threads. -errno: it must not go on. */
int forwarder_confine(void) _must_check_;

extern const struct seccomp_rule forwarder_calls[FORWARDER_RULES];

#endif
