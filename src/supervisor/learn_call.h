/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system call tells of what its process uses, besides its name: paths
 * that it would write to, ports that it would bind or connect, and, where the
 * kernel does not tell, capabilities that it takes.
 */
#ifndef BIVY_SUPERVISOR_LEARN_CALL_H
#define BIVY_SUPERVISOR_LEARN_CALL_H

#include "spec/profile.h"

#include <linux/seccomp.h>
#include <sys/types.h>

struct learn {
	struct spec_profile *profile;
	int root_fd;       /* the container's root */
	uint64_t bounding; /* capabilities that its processes can have */
	bool is_traced;    /* the kernel tells of capabilities: calls need not */
};

/* What looks at the arguments of a call; NULL if there is nothing to see in those of the row (host/seccomp_arch.h). */
struct learn_kind;
const struct learn_kind *learn_kind_of(int row);

/*
 * Adds what the call DATA of process PID tells to the profile; .calls and what
 * of the arguments cannot be read excepted. IS_32BIT: its pointers are.
 */
void learn_call(struct learn *learn, const struct learn_kind *kind, const struct seccomp_data *data, pid_t pid, bool is_32bit);

/* Capabilities of BOUNDING that no call tells of: whether they were used is not known. */
uint64_t learn_call_untold(uint64_t bounding);

#endif
