/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's files take. */
#ifndef BIVY_ENGINE_CONTAINER_SIZE_H
#define BIVY_ENGINE_CONTAINER_SIZE_H

#include "engine/container.h"

/* Bytes of the files that it has written (its layer alone), and of all that it sees with those of its image. 0 or -errno. */
int container_size(const struct container_record *record, uint64_t *ret_written, uint64_t *ret_root) _must_check_;

/* Bytes of the disk that the directory PATH takes, as the file system counts them. 0 or -errno; 0 bytes if it is not there. */
int container_disk_usage(const char *path, uint64_t *ret_bytes) _must_check_;

#endif
