/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An executable through a mount of itself alone, read-only and attached
 * nowhere: what runs through it can be reached by /proc/PID/exe, but its file
 * not be written to. mount_setattr(2) and mount(2) ask for a mount of the
 * caller's namespace, and once nobody has a descriptor of open_tree(2) for it any
 * more it is of none. Needs CAP_SYS_ADMIN where the executable is mounted.
 */
#ifndef BIVY_HOST_EXECUTABLE_VIEW_H
#define BIVY_HOST_EXECUTABLE_VIEW_H

#include "base/cleanup.h"

/*
 * What PATH below DIRFD is (DIRFD itself if PATH is ""), to be executed once
 * (execveat(2) with AT_EMPTY_PATH), which closes it. Closing it takes the kernel
 * a grace period (synchronize_rcu_expedited()): some 50 µs where no other
 * processor has work, a millisecond where one has.
 */
int executable_view_make(int dirfd, const char *path, int *ret_fd) _must_check_;

/* The same for any number of times: that descriptor is closed already, and *RET_FD is an ordinary one. */
int executable_view_open(int dirfd, const char *path, int *ret_fd) _must_check_;

#endif
