/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one file into another: shared where the file system can, holes left out. */
#ifndef BIVY_TRANSFER_BUILD_DATA_H
#define BIVY_TRANSFER_BUILD_DATA_H

#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define BUILD_DATA_BLOCK ((size_t)128 << 10)

/*
 * All of a file that is smaller than a block, from its beginning, into BLOCK:
 * how many bytes, BUILD_DATA_BLOCK if it is no smaller, or -errno.
 */
ssize_t build_data_read_small(int from_fd, uint8_t *block) _must_check_;

/* All of FROM_FD, which *ST is of, into the empty file TO_FD; BLOCK has room for that many bytes. 0 or -errno. */
int build_data_copy(int from_fd, int to_fd, const struct stat *st, uint8_t *block) _must_check_;

#endif
