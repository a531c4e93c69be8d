/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by descriptor, and numbers that are known to mean the same process. */
#ifndef BIVY_HOST_PIDFD_H
#define BIVY_HOST_PIDFD_H

#include "base/cleanup.h"

#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat: clock ticks after boot. -ESRCH if there is no such process, or it is a zombie. */
int pidfd_start_time(pid_t pid, uint64_t *ret) _must_check_;

/* A pidfd of PID if that is still the process that started at START_TIME and lives; else -ESRCH. Close it. */
int pidfd_open_same(pid_t pid, uint64_t start_time) _must_check_;

/* Waits for the end of our child; its status as a shell has it: 0..255, or 128 + signal. */
int pidfd_wait(int pidfd, int *ret_status) _must_check_;

/* Waits until the process, which need not be our child, has ended; -ETIMEDOUT after TIMEOUT_MS. */
int pidfd_wait_gone(int pidfd, int timeout_ms) _must_check_;

#endif
