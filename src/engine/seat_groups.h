/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control groups of a seat (seat.h): those that the runtime would make for
 * the container, in all hierarchies. The file "groups" in the container's
 * directory is there before the first of them and until a start has succeeded,
 * whose runtime has them in its record then: who removes a directory that has
 * the file removes the groups first.
 */
#ifndef BIVY_ENGINE_SEAT_GROUPS_H
#define BIVY_ENGINE_SEAT_GROUPS_H

#include "base/error.h"

/* Makes those of the container ID without a --cgroup-parent, and the file in its directory. What is half done seat_groups_remove() removes. */
int seat_groups_make(int directory_fd, const char *id, struct error *err) _must_check_;

/* The container runs in them: they are the runtime's. */
void seat_groups_hand_over(int directory_fd);

/* Removes what there is of them, and the file; without that nothing. */
int seat_groups_remove(int directory_fd, const char *id, struct error *err) _must_check_;

#endif
