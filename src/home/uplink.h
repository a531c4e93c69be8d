/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out of a home's network namespace: a program that carries packets of a tap link there to the host's network as an ordinary user's
 * process, pasta(1) or slirp4netns(1), a child of the holder's that ends with it. A pasta that cannot say its version is from before the middle
 * of 2023 and loses the end of short connections: it comes last. slirp4netns carries no ping of IP version 6. Neither listens for anything on
 * the host, nor leads to the host's loopback.
 */
#ifndef BIVY_HOME_UPLINK_H
#define BIVY_HOME_UPLINK_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct home_uplink {
	int network_fd; /* of the home; the caller's */
	const char *directory; /* of the home's mount namespace, in which it may mount something of its own; the caller's */
	int process_fd; /* readable when the program has ended, or -EBADF: there is none */
	int output_fd;  /* what it says */
	pid_t pid;
	int64_t started_ms;
};

#define HOME_UPLINK_INIT ((struct home_uplink){ .network_fd = -EBADF, .process_fd = -EBADF, .output_fd = -EBADF })

/*
 * There is one when it returns 0, at once if there was. ERROR_UNSUPPORTED if no such program is installed, or what the last of them said;
 * with a hint.
 */
int home_uplink_start(struct home_uplink *uplink, struct error *err) _must_check_;

/* .process_fd is readable: another one is started, unless the last one lasted for so short a time that it would be in vain. */
void home_uplink_revive(struct home_uplink *uplink);

void home_uplink_stop(struct home_uplink *uplink);

#endif
