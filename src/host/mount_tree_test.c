/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount_tree.h"

#include "base/str.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The tree as text: blanks for the depth, the mount point, what is said of it. */
static char *text_of(const char *mountinfo)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = BUF_INIT;
	struct mount_tree tree;

	assert_int_equal(mountinfo_parse(mountinfo, &table), 0);
	mount_tree_build(arena, &table, &tree);
	assert_int_equal(tree.count, table.count);
	buf_add_text(&out, "");
	for (size_t i = 0; i < tree.count; i++)
		buf_printf(&out, "%*s%s %s%s%s\n", (int)tree.nodes[i].depth, "", tree.nodes[i].entry->mount_point,
			mount_tree_propagation(arena, tree.nodes[i].entry), tree.nodes[i].is_last ? " last" : "", tree.nodes[i].is_covered ? " covered" : "");
	for (size_t i = 0; i < tree.group_count; i++) {
		buf_printf(&out, "group %" PRIu64 ":", tree.groups[i].number);
		for (size_t j = 0; j < tree.groups[i].member_count; j++)
			buf_printf(&out, " %s", tree.nodes[tree.groups[i].members[j]].entry->mount_point);
		for (size_t j = 0; j < tree.groups[i].slave_count; j++)
			buf_printf(&out, " >%s", tree.nodes[tree.groups[i].slaves[j]].entry->mount_point);
		buf_add_char(&out, '\n');
	}
	return buf_take(&out);
}

static void expect(const char *mountinfo, const char *expected)
{
	_cleanup_free_ char *text = text_of(mountinfo);

	assert_string_equal(text, expected);
}

static void test_tree(void **state _unused_)
{
	expect("1 0 8:1 / / rw shared:1 - ext4 a rw\n"
	       "2 1 0:2 / /proc rw - proc proc rw\n"
	       "3 1 0:3 / /mnt rw shared:2 - tmpfs t rw\n"
	       "4 3 0:4 / /mnt/a rw master:1 - tmpfs t rw\n"
	       "5 2 0:5 / /proc/x rw unbindable - tmpfs t rw\n"
	       "6 3 0:3 /b /mnt/b rw shared:3 master:2 propagate_from:9 - tmpfs t rw\n"
	       "7 3 0:3 / /mnt rw shared:2 - tmpfs t rw\n",
	       "/ shared:1 last\n"
	       " /proc private\n"
	       "  /proc/x unbindable last\n"
	       " /mnt shared:2 last covered\n"
	       "  /mnt/a slave of 1\n"
	       "  /mnt/b shared:3, slave of 2, from 9\n"
	       "  /mnt shared:2 last\n"
	       "group 1: / >/mnt/a\n"
	       "group 2: /mnt /mnt >/mnt/b\n"
	       "group 3: /mnt/b\n");
}

static void test_odd_tables(void **state _unused_)
{
	expect("", "");
	/* A root on itself, one whose parent is out of sight, and what no kernel says: two on each other. */
	expect("1 1 8:1 / / rw - ext4 a rw\n9 77 8:1 / /x rw - ext4 a rw\n", "/ private last\n/x private last\n");
	expect("1 2 8:1 / /a rw - ext4 a rw\n2 1 8:1 / /b rw - ext4 a rw\n", "/a private last\n /b private last\n");
	/* The same number twice. */
	expect("1 0 8:1 / /a rw - ext4 a rw\n1 0 8:1 / /b rw - ext4 a rw\n", "/a private last\n/b private last\n");
}

static void test_depth(void **state _unused_)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct mount_tree tree;

	for (unsigned i = 1; i <= 100000; i++)
		buf_printf(&text, "%u %u 0:1 / /%u rw - tmpfs t rw\n", i, i - 1, i);
	assert_int_equal(mountinfo_parse(text.data, &table), 0);
	mount_tree_build(arena, &table, &tree);
	assert_int_equal(tree.count, 100000);
	assert_int_equal(tree.nodes[99999].depth, 99999);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tree), cmocka_unit_test(test_odd_tables), cmocka_unit_test(test_depth) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
