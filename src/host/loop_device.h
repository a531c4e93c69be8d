/* SPDX-License-Identifier: Apache-2.0 */
/* Files as block devices: loop(4). */
#ifndef BIVY_HOST_LOOP_DEVICE_H
#define BIVY_HOST_LOOP_DEVICE_H

#include "base/cleanup.h"

#define LOOP_DEVICE_PATH 32 /* bytes of "/dev/loop4294967295" and the NUL */

/*
 * Makes the regular file FILE_FD, open for reading and writing, a device that
 * is there until nobody uses it any more: mount RET_PATH while *RET_FD is open
 * (CLOEXEC), then close that. 0 or -errno; needs Linux 5.8 and CAP_SYS_ADMIN.
 */
int loop_device_open(int file_fd, char ret_path[static LOOP_DEVICE_PATH], int *ret_fd) _must_check_;

#endif
