/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, by which a process gives up what its user may do to files: landlock(7), since Linux 5.13. */
#ifndef BIVY_HOST_LANDLOCK_H
#define BIVY_HOST_LANDLOCK_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stays allowed; all else that changes files is not. Reading is restricted only if that is asked for. */
struct landlock_rules {
	const int *writable; /* directories: everything beneath them */
	size_t writable_count;
	const int *removable; /* directories: names beneath them may be removed */
	size_t removable_count;
	bool restricts_reading;
	const int *readable; /* directories, with all beneath them, and files: what else may be read then */
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

/* What the kernel knows: a number that grows, see landlock(7). -ENOSYS or -EOPNOTSUPP where there is no Landlock. */
int landlock_version(void);
#define LANDLOCK_VERSION_OF_PORTS 4 /* 6.7 */

/* What somebody else's program may do; the rest stays as it is. */
struct landlock_limits {
	bool limits_files; /* to write, make and remove nothing but these: */
	const int *files;  /* directories with all beneath them, and single files, as O_PATH descriptors */
	size_t file_count;
	bool limits_binds, limits_connects; /* of TCP, to these ports; passed over by kernels below LANDLOCK_VERSION_OF_PORTS */
	const uint16_t *binds, *connects;
	size_t bind_count, connect_count;
};

/*
 * The limits as a descriptor (CLOEXEC), -EBADF in *RET_FD if there is nothing
 * that this kernel can limit. Restricts nobody yet. As landlock_restrict().
 */
int landlock_prepare(const struct landlock_limits *limits, int *ret_fd) _must_check_;

/* Restricts the calling thread and what it starts, for good; needs no_new_privs or CAP_SYS_ADMIN. One system call. */
int landlock_enter(int fd) _must_check_;

#endif
