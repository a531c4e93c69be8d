/* SPDX-License-Identifier: Apache-2.0 */
/* A growing list of "NAME=VALUE", each name once, in the order in which they were first set. */
#ifndef BIVY_BUILD_ENVIRONMENT_H
#define BIVY_BUILD_ENVIRONMENT_H

#include "base/memory.h"

#include <stddef.h>

struct environment {
	char **list; /* NULL-terminated; NULL before anything was set */
	size_t count, room;
};

void environment_set(struct arena *arena, struct environment *environment, const char *name, const char *value);

/* Sets what LIST has ("NAME" alone is empty); LIST may be NULL. */
void environment_add(struct arena *arena, struct environment *environment, char *const *list);

/* A copy that shares no list with it. */
struct environment environment_copy(struct arena *arena, const struct environment *environment);

#endif
