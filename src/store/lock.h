/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two locks of a store (store.h, 2 to 4), and locks on what one process is
 * making. flock(2): the kernel releases them with the last descriptor, however
 * its process ends.
 */
#ifndef BIVY_STORE_LOCK_H
#define BIVY_STORE_LOCK_H

#include "store/store.h"

#include <stdbool.h>
#include <sys/stat.h>

enum store_lock {
	STORE_LOCK_INDEX,   /* index.json is read to be changed */
	STORE_LOCK_CONTENT, /* shared: a lease grows; exclusive: content is removed */
};

/* Waits until it has the lock; close *RET_FD to release it. 0 or -errno. */
int lock_shared(const struct store *store, enum store_lock lock, int *ret_fd) _must_check_;
int lock_exclusive(const struct store *store, enum store_lock lock, int *ret_fd) _must_check_;

/*
 * Opens the file NAME of a directory, made if it is missing, and locks it for
 * its maker; -EBUSY if another process has it. It is the file of that name when
 * this returns: one that was removed meanwhile is made again.
 */
int lock_own_file(int directory_fd, const char *name, int *ret_fd) _must_check_;

/* Locks what another process may have left: 0 (close *RET_FD), -EBUSY if that still lives, -ENOENT. For files and directories. */
int lock_abandoned(int directory_fd, const char *name, int *ret_fd) _must_check_;

#endif
