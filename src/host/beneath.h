/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a directory that somebody else controls: openat2(2) with
 * RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS. Absolute links and ".." stay inside
 * ROOT_FD, whatever another process does to the tree meanwhile. Work with the
 * descriptor that comes back, never with the path again.
 *
 * All functions return 0 or -errno; descriptors are CLOEXEC; ret_* stay
 * untouched on failure. An empty path and "/" mean the root itself. -EAGAIN of
 * the kernel (a rename ran meanwhile) is retried a bounded number of times.
 */
#ifndef BIVY_HOST_BENEATH_H
#define BIVY_HOST_BENEATH_H

#include "base/cleanup.h"

#include <stdint.h>
#include <sys/types.h>

enum beneath_flag {
	BENEATH_NO_SYMLINKS = 1 << 0, /* no component may be a symbolic link: -ELOOP */
	BENEATH_MISSING = 1 << 1,     /* the caller has just found that PATH is not there: saves looking again */
};

/* Opens PATH with open(2) FLAGS (O_CLOEXEC is added; O_CREAT is not allowed here). */
int beneath_open(int root_fd, const char *path, int flags, unsigned beneath_flags, int *ret_fd) _must_check_;

/*
 * Opens the directory PATH (O_PATH), making each missing component with MODE.
 * A component that exists is resolved by the kernel as beneath_open does, a
 * missing one is made by mkdirat(2) on the descriptor of its parent, so none
 * is ever made outside of the root; what a dangling link in the way names is
 * made inside. -ENOTDIR if something in the way is no directory. MODE is
 * subject to the umask.
 */
int beneath_make_directory(int root_fd, const char *path, mode_t mode, unsigned beneath_flags, int *ret_fd) _must_check_;

/*
 * Opens the file PATH (O_PATH), made empty with MODE if it is missing, its
 * directories with 0755. An existing file of any type is opened as it is.
 */
int beneath_make_file(int root_fd, const char *path, mode_t mode, unsigned beneath_flags, int *ret_fd) _must_check_;

/*
 * The directory that holds the last component of PATH (made if missing) as
 * O_PATH descriptor, and that component in *RET_NAME (a pointer into PATH;
 * never "." or ".." or empty: -EINVAL). For mknodat and symlinkat.
 */
int beneath_make_parent(int root_fd, const char *path, unsigned beneath_flags, int *ret_fd, const char **ret_name) _must_check_;

#endif
