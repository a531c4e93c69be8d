/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a record, which anybody can bring about who finds it half done (container.h, invariant 4). */
#ifndef BIVY_ENGINE_CONTAINER_REMOVAL_H
#define BIVY_ENGINE_CONTAINER_REMOVAL_H

#include "engine/container.h"

/*
 * Removes what a supervisor that was killed left of RECORD, which is locked and
 * not supervised: its processes, its groups, the runtime's record and the
 * volatile directory.
 */
int container_removal_clear_run(const struct container_record *record, struct error *err) _must_check_;

/*
 * Finishes the entry NAME of ROOT/containers, ".new-…" or ".gone-…", if nobody
 * is at it: 1 if it is gone now, 0 if it is no such entry or somebody's.
 * DRY_RUN only looks.
 */
int container_removal_finish(const struct directories *directories, int containers_fd, const char *name, bool dry_run, struct error *err) _must_check_;

/* Finishes it for who has it locked as FD. */
int container_removal_finish_locked(const struct directories *directories, const char *name, int fd, struct error *err) _must_check_;

/* container_removal_finish() for all such entries, and control groups that were prepared (seat_groups.h), quietly: what cannot be removed now is left to the next. */
void container_removal_sweep(const struct directories *directories);

/* The ids of those without which CONTAINER cannot be: NULL-terminated, in the arena. */
char **container_removal_needs(struct arena *arena, const struct spec_container *container);

/* Removes ROOT/volumes/NAME if no container but EXCEPT, an id, mounts it; no error if it is not there. */
int container_removal_volume(const struct directories *directories, const char *name, const char *except, struct error *err) _must_check_;

#endif
