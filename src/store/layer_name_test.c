/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *member;
	enum layer_name_kind kind;
	const char *path, *parent, *last;
} valid[] = {
	{ "a", LAYER_NAME_PLAIN, "a", "", "a" },
	{ "./a//b/./c/", LAYER_NAME_PLAIN, "a/b/c", "a/b", "c" },
	{ ".", LAYER_NAME_PLAIN, "", "", "" },
	{ "./", LAYER_NAME_PLAIN, "", "", "" },
	{ "...", LAYER_NAME_PLAIN, "...", "", "..." },
	{ "a/..b/c..", LAYER_NAME_PLAIN, "a/..b/c..", "a/..b", "c.." },
	{ ".wh", LAYER_NAME_PLAIN, ".wh", "", ".wh" },
	{ "a/x.wh.y", LAYER_NAME_PLAIN, "a/x.wh.y", "a", "x.wh.y" },
	{ ".wh.a", LAYER_NAME_WHITEOUT, "a", "", "a" },
	{ "a/b/.wh.c/", LAYER_NAME_WHITEOUT, "a/b/c", "a/b", "c" },
	{ "a/.wh...a", LAYER_NAME_WHITEOUT, "a/..a", "a", "..a" },
	{ ".wh..wh..opq", LAYER_NAME_OPAQUE, "", "", "" },
	{ "a/.wh..wh..opq", LAYER_NAME_OPAQUE, "a", "", "a" },
	{ "a/b/c/.wh..wh..opq", LAYER_NAME_OPAQUE, "a/b/c", "a/b", "c" },
	{ ".wh..wh.plnk", LAYER_NAME_IGNORED, ".wh..wh.plnk", "", ".wh..wh.plnk" },
	{ ".wh..wh.plnk/1.2", LAYER_NAME_IGNORED, ".wh..wh.plnk/1.2", ".wh..wh.plnk", "1.2" },
};

static void test_valid(void **state)
{
	struct layer_name name = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(valid); i++) {
		assert_null(layer_name_parse(&name, valid[i].member));
		assert_int_equal(name.kind, valid[i].kind);
		assert_string_equal(name.path.data, valid[i].path);
		assert_int_equal(name.path.length, strlen(valid[i].path));
		assert_int_equal(name.parent_length, strlen(valid[i].parent));
		assert_memory_equal(name.path.data, valid[i].parent, strlen(valid[i].parent));
		assert_string_equal(name.path.data + name.name_offset, valid[i].last);
	}
	buf_done(&name.path);
}

static void test_refused(void **state)
{
	static const struct {
		const char *member, *words;
	} cases[] = {
		{ "/a", "an absolute name" }, { "//", "an absolute name" }, { "..", "'..' in a name" }, { "a/../b", "'..' in a name" },
		{ "./..", "'..' in a name" }, { "../.wh.a", "'..' in a name" }, { ".wh.", "a whiteout of nothing" }, { ".wh..", "a whiteout of nothing" },
		{ "a/.wh...", "a whiteout of nothing" }, { ".wh.a/b", "something inside a whiteout" }, { "x/.wh.a/.wh.b", "something inside a whiteout" },
	};
	struct layer_name name = { 0 };
	char longest[4097];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(layer_name_parse(&name, cases[i].member), cases[i].words);
	memset(longest, 'n', sizeof longest - 1);
	for (size_t i = 200; i < sizeof longest; i += 200)
		longest[i] = '/';
	longest[4096] = '\0';
	assert_string_equal(layer_name_parse(&name, longest), "a name of more than 4095 bytes");
	longest[4095] = '\0';
	assert_null(layer_name_parse(&name, longest));
	buf_done(&name.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("layer_name", tests, NULL, NULL);
}
