/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of a container that is there already, whether it runs or not. */
#ifndef BIVY_ENGINE_CONTAINER_DEVICES_H
#define BIVY_ENGINE_CONTAINER_DEVICES_H

#include "engine/container.h"

/* Gives it DEVICE, at once if it runs: a node, and the right to use it. ERROR_CONFLICT if it has one of that path. */
int container_device_add(const struct directories *directories, const char *container, const struct spec_container_device *device, struct error *err)
	_must_check_;

/*
 * Takes the device away that it has at PATH; ERROR_NOT_FOUND. If it runs nobody can open it any more, who has it open keeps it. The node goes, too,
 * but one that was made in a container without ids of its own, which stays until the next start.
 */
int container_device_remove(const struct directories *directories, const char *container, const char *path, struct error *err) _must_check_;

#endif
