/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All namespaces that can be seen in a procfs (namespaces(7)): those that
 * processes are in, and those that only a mount (nsfs) or an open descriptor
 * keeps. A namespace is its type and its number, which is another's once it is gone.
 */
#ifndef BIVY_HOST_NAMESPACE_TABLE_H
#define BIVY_HOST_NAMESPACE_TABLE_H

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum namespace_type {
	NAMESPACE_CGROUP,
	NAMESPACE_IPC,
	NAMESPACE_MOUNT,
	NAMESPACE_NET,
	NAMESPACE_PID,
	NAMESPACE_TIME,
	NAMESPACE_USER,
	NAMESPACE_UTS,
	NAMESPACE_TYPES,
};

/* What keeps a namespace besides processes in it. */
struct namespace_pin {
	const char *path; /* where it is mounted, in the mount namespace of .pid; NULL: an open descriptor */
	pid_t pid;        /* who sees the mount, or has the descriptor */
	int fd;
};

struct namespace_entry {
	enum namespace_type type;
	uint64_t number;
	uint64_t owner;  /* the user namespace that owns it, ioctl_ns(2); 0: cannot be told */
	uint64_t parent; /* of NAMESPACE_PID and NAMESPACE_USER: the one it is in; 0: none that can be seen */
	pid_t *pids;     /* in it, ascending */
	size_t pid_count;
	const char *command; /* of the first of them, proc_pid_comm(5); NULL: none */
	struct namespace_pin *pins;
	size_t pin_count;
};

struct namespace_table {
	struct namespace_entry *entries; /* by type, then by number */
	size_t count;
	size_t hidden; /* processes that cannot be looked at */
};

/* "mnt", as in /proc/PID/ns. */
const char *namespace_type_name(enum namespace_type type);
/* By that name, or by "mount" and "network". False: there is none of that name. */
bool namespace_type_of(const char *name, enum namespace_type *ret);

/* "net:[4026531840]" to type and number; false for any other text. */
bool namespace_parse(const char *text, enum namespace_type *ret_type, uint64_t *ret_number);

/*
 * Reads all of the procfs PROCFS_FD; what lives comes and goes meanwhile. In
 * the arena. -errno if the directory itself cannot be read.
 */
int namespace_table_read(struct arena *arena, int procfs_fd, struct namespace_table *ret) _must_check_;

/* That of PID, or NULL. */
const struct namespace_entry *namespace_table_find(const struct namespace_table *table, enum namespace_type type, pid_t pid);

#endif
