/* SPDX-License-Identifier: Apache-2.0 */
/* The process that carries what comes to published ports: a forwarder (net/forwarder.h) in the home's network namespace, a child of the holder's that ends with it. */
#ifndef BIVY_HOME_CARRIER_H
#define BIVY_HOME_CARRIER_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct home_carrier {
	int control_fd; /* to the forwarder; readable when it has ended, or -EBADF: there is none */
	pid_t pid;
	int64_t started_ms;
};

#define HOME_CARRIER_INIT ((struct home_carrier){ .control_fd = -EBADF })

/* There is one in the network namespace NETWORK_FD when it returns 0, at once if there was. -errno. */
int home_carrier_start(struct home_carrier *carrier, int network_fd) _must_check_;

/* No error if there is none. */
void home_carrier_end(struct home_carrier *carrier);

/* It has ended, or will be, and started a moment ago: another one would fare no better. */
bool home_carrier_was_short(const struct home_carrier *carrier);

#endif
