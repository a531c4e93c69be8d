/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/subid_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct spec_subid_table parse(struct arena *arena, const char *text)
{
	return spec_subid_table_parse(arena, text, strlen(text));
}

static const struct spec_subid_owner anna = { .name = "anna", .uid = 1000 };

static void test_lines(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_subid_table ids = parse(arena, "# of the house\n\nanna:100000:65536\n1000:300000:10\nben:165536:65536");

	assert_int_equal(ids.count, 3);
	assert_int_equal(ids.wrong_line, 0);
	assert_string_equal(ids.entries[0].owner, "anna");
	assert_int_equal(ids.entries[0].ids.first, 100000);
	assert_int_equal(ids.entries[0].ids.count, 65536);
	assert_string_equal(ids.entries[2].owner, "ben");
	assert_int_equal(spec_subid_table_count(&ids, &anna), 65546);
	assert_int_equal(spec_subid_table_count(&ids, &(struct spec_subid_owner){ .name = NULL, .uid = 1000 }), 10);
	assert_int_equal(spec_subid_table_count(&ids, &(struct spec_subid_owner){ .name = "ann", .uid = 1001 }), 0);
}

/* Each is left out, and what is around it stays. */
static void test_wrong_lines(void **state _unused_)
{
	static const char *const lines[] = {
		"anna", "anna:1", "anna::5", ":1:5", "anna:1:", "anna:x:5", "anna:1:5:6", "anna:-1:5", "anna:1:0", "anna:4294967295:1",
		"anna:4294967296:1", "anna:1:4294967295", "anna: 1:5", "anna:0x10:5",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_subid_table ids = parse(arena, arena_printf(arena, "a:1:1\n%s\nb:2:2\n", lines[i]));

		assert_int_equal(ids.wrong_line, 2);
		assert_int_equal(ids.count, 2);
		assert_string_equal(ids.entries[1].owner, "b");
	}
}

static void test_last_id(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_subid_table ids = parse(arena, "anna:4294967294:1\n");

	assert_int_equal(ids.count, 1);
	assert_true(spec_subid_meet(&ids.entries[0].ids, &(struct spec_subid){ 0, UINT32_MAX }));
	assert_false(spec_subid_meet(&ids.entries[0].ids, &(struct spec_subid){ 0, UINT32_MAX - 1 }));
}

static void test_shared(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_subid_entry *other = NULL;
	struct spec_subid_table apart = parse(arena, "anna:100:100\nanna:150:100\nben:250:10\n");
	struct spec_subid_table shared = parse(arena, "ben:199:1\nanna:100:100\n");

	assert_null(spec_subid_table_shared(&apart, &anna, &other));
	assert_ptr_equal(spec_subid_table_shared(&shared, &anna, &other), &shared.entries[1]);
	assert_ptr_equal(other, &shared.entries[0]);
}

static void test_free_range(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_subid_table none = { .entries = NULL };
	struct spec_subid_table uids = parse(arena, "a:100000:65536\nb:231072:1\n"), gids = parse(arena, "a:100000:65536\nc:165536:65536\n");

	assert_int_equal(spec_subid_table_free(&none, &none, 100000, 600100000, 65536), 100000);
	assert_int_equal(spec_subid_table_free(&uids, &none, 100000, 600100000, 65536), 165536);
	assert_int_equal(spec_subid_table_free(&uids, &gids, 100000, 600100000, 65536), 296608);
	assert_int_equal(spec_subid_table_free(&uids, &gids, 100000, 296608 + 65535, 65536), 0);
	assert_int_equal(spec_subid_table_free(&uids, &gids, 100000, 296608 + 65536, 65536), 296608);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_last_id),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_free_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
