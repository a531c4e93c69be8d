/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling of the calling thread: processor, disk and memory nodes. */
#ifndef BIVY_HOST_SCHEDULER_H
#define BIVY_HOST_SCHEDULER_H

#include "base/cleanup.h"

#include <stdint.h>

/* As sched_setattr(2) takes them. */
struct scheduler_attributes {
	uint32_t policy;
	int32_t nice, priority;
	uint64_t flags;
	uint64_t runtime_ns, deadline_ns, period_ns;
};
int scheduler_set(const struct scheduler_attributes *attributes) _must_check_;

/* ioprio_set(2): class 1 real time, 2 best effort, 3 idle; priority 0..7. */
int scheduler_set_io_priority(int class, int priority) _must_check_;

/* sched_setaffinity(2) from a list such as "0-3,8"; -EINVAL if it is none or beyond 4096 processors. */
int scheduler_set_affinity(const char *list) _must_check_;

/* All processors that the cpuset of the calling thread allows, whatever it inherited. */
int scheduler_reset_affinity(void) _must_check_;

/* set_mempolicy(2): MODE MPOL_*, FLAGS MPOL_F_*, NODES a list such as "0-1" or NULL. */
int scheduler_set_memory_policy(int mode, uint32_t flags, const char *nodes) _must_check_;

#endif
