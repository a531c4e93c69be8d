/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tree_node leaves[] = { { .text = "c" }, { .text = "d\033[1m" } };
static struct tree_node branches[] = { { "a", leaves, 2 }, { "b", leaves, 1 } };
static const struct tree_node root = { "root", branches, 2 };

static void test_adding(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree_node top = { .text = "top" };

	tree_add(arena, tree_add(arena, &top, "1"), "1.1");
	for (int i = 2; i <= 5; i++)
		tree_add(arena, &top, arena_printf(arena, "%d", i));
	tree_draw(&top, false, &out);
	assert_string_equal(out.data, "top\n|-- 1\n|   `-- 1.1\n|-- 2\n|-- 3\n|-- 4\n`-- 5\n");
}

static void test_ascii(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	tree_draw(&root, false, &out);
	assert_string_equal(out.data, "root\n"
				      "|-- a\n"
				      "|   |-- c\n"
				      "|   `-- d?[1m\n"
				      "`-- b\n"
				      "    `-- c\n");
}

static void test_utf8(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	tree_draw(&root, true, &out);
	assert_string_equal(out.data, "root\n├── a\n│   ├── c\n│   └── d?[1m\n└── b\n    └── c\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adding),
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
