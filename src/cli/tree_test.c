/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct tree_node leaves[] = { { .text = "c" }, { .text = "d\033[1m" } };
static const struct tree_node branches[] = { { "a", leaves, 2 }, { "b", leaves, 1 } };
static const struct tree_node root = { "root", branches, 2 };

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
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
