/* SPDX-License-Identifier: Apache-2.0 */
/* What containers and volumes take on the disk, all together. */
#ifndef BIVY_ENGINE_CONTAINER_USAGE_H
#define BIVY_ENGINE_CONTAINER_USAGE_H

#include "engine/directories.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes as the file system counts them; of containers with their logs and records, without the layers of their images. */
struct container_usage {
	size_t containers, running;
	uint64_t bytes, stopped_bytes;
	size_t volumes, mounted_volumes; /* of a container, running or not */
	uint64_t volume_bytes, unmounted_bytes;
};

int container_usage_measure(const struct directories *directories, struct container_usage *ret, struct error *err) _must_check_;

#endif
