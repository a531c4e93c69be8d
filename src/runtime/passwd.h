/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/passwd, of the host or of a container, read by hand: a static program has no name service. */
#ifndef BIVY_RUNTIME_PASSWD_H
#define BIVY_RUNTIME_PASSWD_H

#include "base/cleanup.h"

#include <stdint.h>

/*
 * Name and home directory of user UID in the first line of FD that has both
 * uid and field; *ret_name and *ret_home (either may be NULL) are to be freed,
 * and NULL if there is none. FD is read from where it is, at most 1 MiB of it,
 * with little memory; lines of more than 4 KiB are passed over. -errno if it
 * cannot be read.
 */
int passwd_find(int fd, uint32_t uid, char **ret_name, char **ret_home) _must_check_;

/*
 * The same of the regular file PATH below DIRFD (AT_FDCWD allowed). Follows
 * links, so that PATH must be the caller's own to see: after pivot_root(2) in
 * a container. Does not wait for what is a fifo, -ENXIO.
 */
int passwd_find_at(int dirfd, const char *path, uint32_t uid, char **ret_name, char **ret_home) _must_check_;

#endif
