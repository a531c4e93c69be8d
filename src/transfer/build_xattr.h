/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes of what is built from: which of them are the file's and
 * not the machine's. Files and directories are open for reading, links with O_PATH.
 */
#ifndef BIVY_TRANSFER_BUILD_XATTR_H
#define BIVY_TRANSFER_BUILD_XATTR_H

#include "base/error.h"
#include "store/digest.h"

#include <stdbool.h>

/* Whether the open file has any of whatever kind; true if that cannot be found out. */
bool build_xattr_are_there(int fd);

/* Adds the names and values, in the order of names, of the open file PATH; FD -EBADF: it has none. */
int build_xattr_digest(int fd, struct digest *digest, const char *path, struct error *err) _must_check_;

/* Copies them from one open file to another; what cannot be set there is lost. KEEPS_MODE: without an access control list, which would change it. */
int build_xattr_copy(int from_fd, int to_fd, bool keeps_mode, const char *path, struct error *err) _must_check_;

#endif
