/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who starts a container while many others do waits for his turn: as many as
 * there are processors, and as many again, start at a time. More would only
 * keep each other from the locks of the kernel that each start needs.
 *
 *   RUN_ROOT/turns                  a byte per turn, locked (fcntl(2), F_OFD_SETLK) by who has it
 *
 * Whoever waited for TURN_PATIENCE_MS goes on without: those that have one may
 * be stopped, or wait for him. A turn ends with its descriptor.
 */
#ifndef BIVY_ENGINE_TURNS_H
#define BIVY_ENGINE_TURNS_H

#include "engine/directories.h"

#define TURN_PATIENCE_MS 10000

/* A descriptor to be closed when it is over; -EBADF: without a turn. */
int turn_take(const struct directories *directories);

/* The same of COUNT turns, waiting for PATIENCE_MS at most; for tests. */
int turn_take_of(const struct directories *directories, unsigned count, unsigned patience_ms);

#endif
