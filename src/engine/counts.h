/* SPDX-License-Identifier: Apache-2.0 */
/* How many there are of everything. */
#ifndef BIVY_ENGINE_COUNTS_H
#define BIVY_ENGINE_COUNTS_H

#include "engine/directories.h"

#include <stddef.h>

struct counts {
	size_t containers, running, paused, stopped;
	size_t images; /* different ones, by id */
};

/* Nothing is made; what cannot be read counts nothing. */
struct counts counts_take(const struct directories *directories);
size_t counts_images(const struct directories *directories);

#endif
