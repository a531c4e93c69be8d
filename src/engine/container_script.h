/* SPDX-License-Identifier: Apache-2.0 */
/* `run --explain=shell`: a container that was made, as a script that a person runs by hand (runtime/script.h). */
#ifndef BIVY_ENGINE_CONTAINER_SCRIPT_H
#define BIVY_ENGINE_CONTAINER_SCRIPT_H

#include "engine/directories.h"

#include "base/error.h"
#include "base/str.h"

/*
 * Adds to OUT the script of CONTAINER, which is not running: all that a start
 * decides is decided, and taken back; then the container is removed. Files of its own are in
 * the script, layers and volumes of others are named by it. Mounts of images are refused (ERROR_UNSUPPORTED).
 */
int container_script(const struct directories *directories, const char *container, void (*warn)(void *context, const char *text), struct buf *out,
	struct error *err) _must_check_;

#endif
