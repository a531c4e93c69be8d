/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What small files have in them, from when they are written until they are
 * archived, so that they need not be opened and read again: that costs more than
 * all else that is done with them.
 */
#ifndef BIVY_TRANSFER_BUILD_KEPT_H
#define BIVY_TRANSFER_BUILD_KEPT_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct build_kept;

struct build_kept *build_kept_new(void);
void build_kept_free(struct build_kept *kept);
DEFINE_CLEANUP(struct build_kept *, build_kept_free)
#define _cleanup_build_kept_ _cleanup_(cleanup_build_kept_free)

/*
 * The regular file NAME (a path) beneath the directory ABOVE (a path, or ""),
 * which has no extended attributes, and has *ST's time and size and CONTENT.
 * What is large, or too much in all, is not kept. Each path once. From any thread.
 */
void build_kept_add(struct build_kept *kept, const char *above, const char *name, const struct stat *st, const void *content);

/* What the file PATH has in it, if it is kept and *ST, which is of it now, is what it was then. */
bool build_kept_find(const struct build_kept *kept, const char *path, const struct stat *st, const void **ret);

#endif
