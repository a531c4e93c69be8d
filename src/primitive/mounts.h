/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts that a process or a container sees. */
#ifndef BIVY_PRIMITIVE_MOUNTS_H
#define BIVY_PRIMITIVE_MOUNTS_H

#include "base/error.h"
#include "host/mount_tree.h"

struct directories;

/* Of SUBJECT, as subject_open() has it; NULL: of this process. All in the arena. */
int mounts_read(struct arena *arena, const struct directories *directories, const char *subject, struct mount_tree *ret, struct error *err) _must_check_;

#endif
