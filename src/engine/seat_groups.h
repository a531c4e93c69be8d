/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control groups of a seat (seat.h): those that the runtime would make for
 * the container, in all hierarchies.
 *
 *   1. RUN_ROOT/groups/ID is there before the first of them, and until a start has succeeded, whose runtime has them in its record.
 *   2. Who has made them, or is starting the container, holds the lock of its directory (container.h, invariants 1 and 2): if
 *      nobody does, and they are not a supervisor's, they are garbage, removed by the next sweep; the file alone if the runtime
 *      has them in a record.
 */
#ifndef BIVY_ENGINE_SEAT_GROUPS_H
#define BIVY_ENGINE_SEAT_GROUPS_H

#include "base/error.h"
#include "engine/directories.h"

#include <stdbool.h>

/* Makes those of the container ID without a --cgroup-parent, and the file. Undo, also of what is half done: seat_groups_remove(). */
int seat_groups_make(const struct directories *directories, const char *id, struct error *err) _must_check_;

/* The container runs in them: they are the runtime's. */
void seat_groups_hand_over(const struct directories *directories, const char *id);

/* Removes what there is of them, then the file; no error if there is nothing. For who holds the lock. */
int seat_groups_remove(const struct directories *directories, const char *id, struct error *err) _must_check_;

/*
 * The same of the file NAME in RUN_ROOT/groups if they are garbage: 1 if they are gone now, 0 if they are not, or are no more. DRY_RUN
 * only looks.
 */
int seat_groups_finish(const struct directories *directories, const char *name, bool dry_run, struct error *err) _must_check_;

/* All of that, quietly: what cannot be removed is left to the next. */
void seat_groups_sweep(const struct directories *directories);

#endif
