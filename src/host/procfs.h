/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A procfs that can be trusted. Settings of the kernel and of a process are
 * written through files of procfs; where a container may have put something
 * else in place of /proc or of a file in it, a write would go astray
 * (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881). So the root is either a
 * fresh mount that nobody else has seen, or a /proc that is checked to be one;
 * and a file in it is opened without links and without crossing a mount.
 */
#ifndef BIVY_HOST_PROCFS_H
#define BIVY_HOST_PROCFS_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A procfs of the calling process's pid namespace: a detached mount of its own
 * (needs CAP_SYS_ADMIN in the user namespace of that pid namespace), else
 * "/proc" if its root is procfs. -ENODEV if neither is to be had. Close it.
 */
int procfs_open_root(int *ret_fd) _must_check_;

/* "/proc" of the caller if it is the root of a procfs, else -ENODEV. Cheaper; for processes in the host's mount namespace. */
int procfs_open_host(int *ret_fd) _must_check_;

/* Whether FD (O_PATH will do) lies on procfs. */
bool procfs_is_procfs(int fd);
/* Whether FD is the root directory of a procfs. */
bool procfs_is_root(int fd);

/*
 * Opens PATH ("sys/kernel/shmmax", "self/attr/exec", "thread-self/...",
 * "1234/uid_map") with open(2) FLAGS; a leading "self" or "thread-self" is
 * translated, any other link is refused (-ELOOP), and so is what another mount
 * covers (-EXDEV).
 */
int procfs_open(int procfs_fd, const char *path, int flags, int *ret_fd) _must_check_;

/* Opens PATH for writing and writes TEXT with one write(2). */
int procfs_write(int procfs_fd, const char *path, const char *text) _must_check_;

/*
 * The number that the process PIDFD has in this procfs, whose pid namespace may
 * be another than the caller's ("Pid:" of proc_pid_fdinfo(5)): a number of one
 * namespace used in the other means some other process. -ESRCH if it has none
 * there, or has ended.
 */
int procfs_number(int procfs_fd, int pidfd, pid_t *ret) _must_check_;

/*
 * The signals that the calling process ignores, bit N-1 for signal N, as the
 * host's /proc/self/status says (proc_pid_status(5), SigIgn); all bits if that
 * cannot be read. For processes in the host's mount namespace.
 */
uint64_t procfs_ignored_signals(void);

/* What stands behind "NAME:" and its blanks in the text of a /proc/PID/status, to the end of the text; NULL: there is no such line. */
const char *procfs_status_field(const char *status, const char *name);

#endif
