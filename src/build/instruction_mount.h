/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount=type=cache,target=/x,…. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_MOUNT_H
#define BIVY_BUILD_INSTRUCTION_MOUNT_H

#include "build/instruction.h"
#include "build/instruction_context.h"

/*
 * Reads one value of the flag. While nothing is known of variables, parts that
 * have any are left out, and what they would have to do with one another is not
 * checked.
 */
int instruction_mount_read(const struct instruction_context *c, const char *value, struct run_mount *ret) _must_check_;

/* "/a/b" of what is written as "a//./b/", "" or "../a/b". */
char *instruction_mount_clean(struct arena *arena, const char *path);

/* Whether TEXT means yes or no (as Go reads it: 1, t, true, …), or nothing: -EINVAL. */
int instruction_mount_read_bool(const char *text, bool *ret) _must_check_;

#endif
