/* SPDX-License-Identifier: Apache-2.0 */
/* A set of strings. */
#ifndef BIVY_STORE_PATH_SET_H
#define BIVY_STORE_PATH_SET_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

struct path_set;

struct path_set *path_set_new(void);
void path_set_free(struct path_set *set);

/* Adds a copy of PATH; false if it was there. */
bool path_set_add(struct path_set *set, const char *path);
bool path_set_has(const struct path_set *set, const char *path);

DEFINE_CLEANUP(struct path_set *, path_set_free)
#define _cleanup_path_set_ _cleanup_(cleanup_path_set_free)

#endif
