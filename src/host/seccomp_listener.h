/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a filter's SECCOMP_RET_USER_NOTIF: seccomp_unotify(2). The
 * system calls that ask wait until they are answered; when the descriptor is
 * closed they answer ENOSYS.
 */
#ifndef BIVY_HOST_SECCOMP_LISTENER_H
#define BIVY_HOST_SECCOMP_LISTENER_H

#include "base/cleanup.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Has who asks and who answers take turns on one processor, which halves the time of both (since 6.6); elsewhere nothing. */
void seccomp_listener_take_turns(int fd);

/* The next call that asks. -ENOENT if it was taken back meanwhile, -EINTR. Waits if poll(2) does not say POLLIN. */
int seccomp_listener_receive(int fd, struct seccomp_notif *ret) _must_check_;

/* Whether the call ID still waits: until then what was read of its process was of that one. */
bool seccomp_listener_waits(int fd, uint64_t id);

/* Lets the call ID be made, as if there were no filter. A call that is not there any more is none to wake: 0. */
int seccomp_listener_let_through(int fd, uint64_t id) _must_check_;

#endif
