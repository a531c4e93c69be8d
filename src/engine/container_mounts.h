/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container that is there already, whether it runs or not. */
#ifndef BIVY_ENGINE_CONTAINER_MOUNTS_H
#define BIVY_ENGINE_CONTAINER_MOUNTS_H

#include "engine/container.h"

struct container_mount_request {
	const struct directories *directories;
	const char *container;
	void (*warn)(void *context, const char *text); /* what was done differently, and why; or NULL */
	void *context;
};

/* Adds MOUNT, at once if it runs; ERROR_CONFLICT if something is mounted there. Later starts have it, too. */
int container_mount_add(const struct container_mount_request *request, const struct spec_container_mount *mount, struct error *err) _must_check_;

/* Takes away what a user had mounted on TARGET, at once if it runs: who uses it keeps it. Volumes stay. ERROR_NOT_FOUND. */
int container_mount_remove(const struct container_mount_request *request, const char *target, struct error *err) _must_check_;

#endif
