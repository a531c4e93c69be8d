/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command with a directory for its root, and no way back out: chroot(8) as it
 * should be done. chroot(2) alone changes where "/" is and nothing else: root
 * leaves it with a second chroot, anybody with a descriptor that is open still,
 * and all processes, mounts, devices and privileges stay within reach. Here, in
 * this order (primitive/launch.h has the processes):
 *
 *   1. namespaces of mounts, processes and IPC, and of users for who is not root
 *   2. the directory is a mount of its own: no set-user-ID, no devices, read-only if asked for
 *   3. /dev, /proc and binds, if asked for, by descriptor beneath that
 *   4. pivot_root(2), and the old root is unmounted: nothing is left above "/"; where there may be no
 *      mount namespace chroot(2), with the working directory in it; then processes of the same user are within reach
 *   5. a session keyring of its own; groups, group, user; all capabilities, the bounding set first; no_new_privs
 *   6. descriptors but the standard streams are closed by the exec
 *   7. a filter against writing into the caller's terminal (TIOCSTI), and one of system calls, if asked for
 */
#ifndef BIVY_PRIMITIVE_JAIL_H
#define BIVY_PRIMITIVE_JAIL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct jail_bind {
	const char *source; /* on the host */
	const char *target; /* in the jail; made if it is missing */
	bool is_read_only;
};

enum jail_flag {
	JAIL_READ_ONLY = 1 << 0,  /* the directory, not the binds */
	JAIL_DEV = 1 << 1,        /* /dev with null, zero, full, random, urandom, tty, pts and shm */
	JAIL_PROC = 1 << 2,       /* /proc of the jail's own processes, read-only */
	JAIL_NO_NETWORK = 1 << 3, /* a network namespace with nothing but loopback */
};

struct jail_request {
	const char *directory;
	const char *user;     /* "USER[:GROUP]", names of the jail's own files or numbers; NULL: 65534, or of who is not root himself */
	const char *workdir;  /* in the jail; NULL: "/" */
	const char *filter;   /* of system calls: "default" is that of containers, else a file (engine/seccomp_file.h); NULL: none */
	unsigned flags;       /* enum jail_flag */
	const struct jail_bind *binds;
	size_t bind_count;
	char *const *args;
};

/* Its status, as launch_run(). */
int jail_run(const struct jail_request *request, int *ret_status, struct error *err) _must_check_;

#endif
