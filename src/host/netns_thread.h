/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns_call() for who works in that network namespace again and again: the
 * thread that has entered it stays until the process ends. Once it is there no
 * want of processes keeps what was made in the namespace from being undone.
 */
#ifndef BIVY_HOST_NETNS_THREAD_H
#define BIVY_HOST_NETNS_THREAD_H

#include "base/cleanup.h"

/*
 * As netns_call(), on the thread that is there for NETNS_FD, which is one and the same in every call of the process; the first one makes it, and
 * one that fails to is as if it had not been. A child of fork(2) has one of its own. It takes no signal that the caller does not take, and none
 * between calls. What is called may call, too. One call at a time; what it starts may be to end with who started it.
 */
int netns_thread_call(int netns_fd, int (*call)(void *context), void *context, int *ret_result) _must_check_;

#endif
