/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work in another network namespace than the process is in. setns(2) of a
 * network namespace is a thread's own, so a thread that lives for one call
 * enters it, while the caller waits: sockets that the call opens and processes
 * that it starts are in there. To processes that are to end with who started
 * them (PR_SET_PDEATHSIG) that thread's end counts: it starts none of those.
 * /proc/self/net is still the process's own, /proc/thread-self/net the call's.
 */
#ifndef BIVY_HOST_NETNS_CALL_H
#define BIVY_HOST_NETNS_CALL_H

#include "base/cleanup.h"

/*
 * Calls CALL with CONTEXT in the network namespace NETNS_FD, over whose user
 * namespace CAP_SYS_ADMIN is needed. *RET_RESULT is what CALL returns; of the
 * entering itself a negative errno is ours, and CALL was not called then.
 */
int netns_call(int netns_fd, int (*call)(void *context), void *context, int *ret_result) _must_check_;

/* A new network namespace, its loopback link up; it lives as long as *RET_FD or a process in it. */
int netns_make(int *ret_fd) _must_check_;

#endif
