/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of lines, drawn. */
#ifndef BIVY_BASE_TREE_H
#define BIVY_BASE_TREE_H

#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>

struct tree_node {
	const char *text;
	struct tree_node *children; /* .count of them */
	size_t count;
};

/* One more child of NODE, behind the others, in the arena; good until the next is added. TEXT must stay. */
struct tree_node *tree_add(struct arena *arena, struct tree_node *node, const char *text);

/* Adds ROOT and all below it, a line each, with branches of UTF-8 or ASCII. Control characters of texts become '?'. */
void tree_draw(const struct tree_node *root, bool utf8, struct buf *out);

#endif
