/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners of files that we make for others. In a user namespace of a single id
 * (user_namespace.h) there is nobody else whom a file could be given to: all
 * of them stay that one's, and that is no failure.
 */
#ifndef BIVY_HOST_OWNER_H
#define BIVY_HOST_OWNER_H

#include "base/cleanup.h"

#include <sys/types.h>

/* fchown(2) and fchownat(2), with that. 0 or -1 with errno. */
int owner_set(int fd, uid_t uid, gid_t gid) _must_check_;
int owner_set_at(int directory_fd, const char *name, uid_t uid, gid_t gid, int flags) _must_check_;

#endif
