/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"
#include "base/printable.h"

struct tree_node *tree_add(struct arena *arena, struct tree_node *node, const char *text)
{
	/* Grown by doubling, where the count is a power of two. */
	if ((node->count & (node->count - 1)) == 0) {
		struct tree_node *more = arena_alloc(arena, node->count ? 2 * node->count : 1, sizeof *more);

		if (node->count)
			memcpy(more, node->children, node->count * sizeof *more);
		node->children = more;
	}
	node->children[node->count] = (struct tree_node){ .text = text };
	return &node->children[node->count++];
}

/* PREFIX is what the lines of the children begin with. */
static void draw_children(const struct tree_node *node, const char *prefix, bool utf8, struct buf *out)
{
	for (size_t i = 0; i < node->count; i++) {
		bool is_last = i + 1 == node->count;
		_cleanup_free_ char *below = str_printf("%s%s", prefix, is_last ? "    " : utf8 ? "│   " : "|   ");

		buf_printf(out, "%s%s", prefix, utf8 ? is_last ? "└── " : "├── " : is_last ? "`-- " : "|-- ");
		printable_add(out, node->children[i].text, strlen(node->children[i].text));
		buf_add_char(out, '\n');
		draw_children(&node->children[i], below, utf8, out);
	}
}

void tree_draw(const struct tree_node *root, bool utf8, struct buf *out)
{
	printable_add(out, root->text, strlen(root->text));
	buf_add_char(out, '\n');
	draw_children(root, "", utf8, out);
}
