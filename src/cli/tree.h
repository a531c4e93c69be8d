/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of lines, drawn. */
#ifndef BIVY_CLI_TREE_H
#define BIVY_CLI_TREE_H

#include "base/str.h"

#include <stdbool.h>

struct tree_node {
	const char *text;
	const struct tree_node *children; /* .count of them */
	size_t count;
};

/* Adds ROOT and all below it, a line each, with branches of UTF-8 or ASCII. Control characters of texts become '?'. */
void tree_draw(const struct tree_node *root, bool utf8, struct buf *out);

#endif
