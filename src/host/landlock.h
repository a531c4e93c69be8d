/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, by which a process gives up what its user may do to files: landlock(7), since Linux 5.13. */
#ifndef BIVY_HOST_LANDLOCK_H
#define BIVY_HOST_LANDLOCK_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

/* What stays allowed; all else that changes files is not. Reading is restricted only if that is asked for. */
struct landlock_rules {
	const int *writable; /* directories: everything beneath them */
	size_t writable_count;
	const int *removable; /* directories: names beneath them may be removed */
	size_t removable_count;
	bool restricts_reading;
	const int *readable; /* directories: what else may be read then, beneath them */
	size_t readable_count;
	bool executes; /* programs, anywhere */
	bool connects; /* TCP */
};

/*
 * Restricts the calling thread and what it starts, for good; needs
 * no_new_privs or CAP_SYS_ADMIN. What is open already is not affected. Kernels
 * restrict as much of it as they know. 0 or -errno: -ENOSYS and -EOPNOTSUPP
 * where there is no Landlock.
 */
int landlock_restrict(const struct landlock_rules *rules) _must_check_;

#endif
