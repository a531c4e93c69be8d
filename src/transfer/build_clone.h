/* SPDX-License-Identifier: Apache-2.0 */
/* A layer once more, for another parent: directories are made, the files in them are the same. */
#ifndef BIVY_TRANSFER_BUILD_CLONE_H
#define BIVY_TRANSFER_BUILD_CLONE_H

#include "base/error.h"

#include <stdint.h>

/* Both are directories of layers on one file system; TO_FD is empty. *RET_MEMBERS: how many there are. */
int build_clone(int from_fd, int to_fd, uint64_t *ret_members, struct error *err) _must_check_;

#endif
