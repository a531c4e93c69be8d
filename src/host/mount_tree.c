/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount_tree.h"

#include "base/str.h"

#include <inttypes.h>

/* ---- the tree ------------------------------------------------------------------------- */

/* An entry on the way: who is on whom, by indexes into the table. */
struct link {
	uint64_t id;
	size_t index;                           /* in the table */
	size_t first_child, last_child, next;   /* MOUNT_TREE_NONE: none */
};

struct builder {
	const struct mountinfo *table;
	struct link *links;   /* in the order of the table */
	struct link **sorted; /* by id */
	bool *seen;
	struct mount_tree *tree;
};

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = (*(struct link *const *)a)->id, y = (*(struct link *const *)b)->id;

	return x < y ? -1 : x > y;
}

static size_t find_id(const struct builder *b, uint64_t id)
{
	struct link key = { .id = id }, *wanted = &key;
	struct link **found = bsearch(&wanted, b->sorted, b->table->count, sizeof *b->sorted, compare_ids);

	return found ? (*found)->index : MOUNT_TREE_NONE;
}

static void link_all(struct builder *b)
{
	for (size_t i = 0; i < b->table->count; i++) {
		b->links[i] = (struct link){ b->table->entries[i].id, i, MOUNT_TREE_NONE, MOUNT_TREE_NONE, MOUNT_TREE_NONE };
		b->sorted[i] = &b->links[i];
	}
	qsort(b->sorted, b->table->count, sizeof *b->sorted, compare_ids);
	for (size_t i = 0; i < b->table->count; i++) {
		size_t parent = find_id(b, b->table->entries[i].parent);

		if (parent == MOUNT_TREE_NONE || parent == i)
			continue;
		if (b->links[parent].last_child == MOUNT_TREE_NONE)
			b->links[parent].first_child = i;
		else
			b->links[b->links[parent].last_child].next = i;
		b->links[parent].last_child = i;
	}
}

static size_t add_node(struct builder *b, size_t index, size_t parent)
{
	struct mount_tree *tree = b->tree;
	const struct mountinfo_entry *entry = &b->table->entries[index];

	b->seen[index] = true;
	tree->nodes[tree->count] = (struct mount_node){ .entry = entry, .parent = parent, .depth = parent == MOUNT_TREE_NONE ? 0 : tree->nodes[parent].depth + 1,
		.is_last = b->links[index].next == MOUNT_TREE_NONE };
	if (parent != MOUNT_TREE_NONE && strcmp(tree->nodes[parent].entry->mount_point, entry->mount_point) == 0)
		tree->nodes[parent].is_covered = true;
	return tree->count++;
}

/* Down from TOP, without recursion: how deep it goes is whoever's choice who mounts. */
static void add_below(struct builder *b, size_t top)
{
	size_t node = add_node(b, top, MOUNT_TREE_NONE), at = b->links[top].first_child;

	for (;;) {
		while (at != MOUNT_TREE_NONE && b->seen[at])
			at = b->links[at].next;
		if (at != MOUNT_TREE_NONE) {
			node = add_node(b, at, node);
			at = b->links[at].first_child;
			continue;
		}
		if (b->tree->nodes[node].parent == MOUNT_TREE_NONE)
			return;
		at = b->links[b->tree->nodes[node].entry - b->table->entries].next;
		node = b->tree->nodes[node].parent;
	}
}

/* ---- peer groups ------------------------------------------------------------------------ */

static int compare_groups(const void *a, const void *b)
{
	uint64_t x = ((const struct mount_group *)a)->number, y = ((const struct mount_group *)b)->number;

	return x < y ? -1 : x > y;
}

static struct mount_group *find_group(const struct mount_tree *tree, uint64_t number)
{
	struct mount_group key = { .number = number };

	return tree->group_count ? bsearch(&key, tree->groups, tree->group_count, sizeof *tree->groups, compare_groups) : NULL;
}

/* The numbers that nodes name, each once, sorted. */
static void list_groups(struct arena *arena, struct mount_tree *tree)
{
	struct mount_group *list = arena_alloc(arena, 2 * tree->count + 1, sizeof *list);
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct mountinfo_entry *entry = tree->nodes[i].entry;

		if (entry->shared)
			list[count++].number = entry->shared;
		if (entry->master)
			list[count++].number = entry->master;
	}
	qsort(list, count, sizeof *list, compare_groups);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[kept - 1].number != list[i].number)
			list[kept++] = list[i];
	tree->groups = list;
	tree->group_count = kept;
}

/* Counted first, so that all have their room. */
static void fill_groups(struct arena *arena, struct mount_tree *tree)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < tree->count; i++) {
			struct mount_group *own = find_group(tree, tree->nodes[i].entry->shared), *master = find_group(tree, tree->nodes[i].entry->master);

			if (own && own->members)
				own->members[own->member_count] = i;
			if (own)
				own->member_count++;
			if (master && master->slaves)
				master->slaves[master->slave_count] = i;
			if (master)
				master->slave_count++;
		}
		for (size_t i = 0; pass == 0 && i < tree->group_count; i++) {
			struct mount_group *group = &tree->groups[i];

			group->members = arena_alloc(arena, group->member_count + 1, sizeof *group->members);
			group->slaves = arena_alloc(arena, group->slave_count + 1, sizeof *group->slaves);
			group->member_count = group->slave_count = 0;
		}
	}
}

/* ---- the whole --------------------------------------------------------------------------- */

void mount_tree_build(struct arena *arena, const struct mountinfo *table, struct mount_tree *ret)
{
	struct mount_tree tree = { .nodes = arena_alloc(arena, table->count + 1, sizeof *tree.nodes) };
	struct builder builder = {
		.table = table,
		.links = arena_alloc(arena, table->count + 1, sizeof *builder.links),
		.sorted = arena_alloc(arena, table->count + 1, sizeof *builder.sorted),
		.seen = arena_alloc(arena, table->count + 1, sizeof *builder.seen),
		.tree = &tree,
	};

	link_all(&builder);
	for (size_t i = 0; i < table->count; i++) {
		size_t parent = find_id(&builder, table->entries[i].parent);

		if (parent == MOUNT_TREE_NONE || parent == i)
			add_below(&builder, i);
	}
	for (size_t i = 0; i < table->count; i++)
		if (!builder.seen[i])
			add_below(&builder, i);
	list_groups(arena, &tree);
	fill_groups(arena, &tree);
	*ret = tree;
}

const char *mount_tree_propagation(struct arena *arena, const struct mountinfo_entry *entry)
{
	const char *slave = !entry->master ? "" : entry->propagate_from ?
		arena_printf(arena, "slave of %" PRIu64 ", from %" PRIu64, entry->master, entry->propagate_from) : arena_printf(arena, "slave of %" PRIu64, entry->master);

	if (entry->shared)
		return arena_printf(arena, "shared:%" PRIu64 "%s%s", entry->shared, *slave ? ", " : "", slave);
	return *slave ? slave : entry->is_unbindable ? "unbindable" : "private";
}
