/* SPDX-License-Identifier: Apache-2.0 */
/* Mount tables of containers: where mounts are on each other is whoever's choice who mounts. */
#include "host/mount_tree.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct mount_tree tree;
	size_t members = 0;

	buf_add(&text, data, size);
	if (mountinfo_parse(text.data, &table) < 0)
		return 0;
	mount_tree_build(arena, &table, &tree);
	/* Each mount once, below one that came before it. */
	if (tree.count != table.count)
		abort();
	for (size_t i = 0; i < tree.count; i++) {
		const struct mount_node *node = &tree.nodes[i];

		if (node->parent == MOUNT_TREE_NONE ? node->depth != 0 : node->parent >= i || node->depth != tree.nodes[node->parent].depth + 1)
			abort();
		members += node->entry->shared != 0;
		mount_tree_propagation(arena, node->entry);
	}
	for (size_t i = 0; i < tree.group_count; i++)
		members -= tree.groups[i].member_count;
	if (members != 0)
		abort();
	return 0;
}
