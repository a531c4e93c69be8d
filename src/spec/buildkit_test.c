/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/buildkit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void add_entry(struct buf *out, uint32_t number, const char *type, const char *key, const char *value)
{
	_cleanup_buf_ struct buf entry = BUF_INIT;

	protobuf_write_text(&entry, 1, type);
	if (key)
		protobuf_write_pair(&entry, 2, key, value);
	protobuf_write_bytes(out, number, entry.data, entry.length);
}

static void test_solve(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT, caches = BUF_INIT;
	struct spec_buildkit_solve solve = { .ref = NULL };

	protobuf_write_text(&out, 1, "r1");
	protobuf_write_text(&out, 3, "moby");
	protobuf_write_pair(&out, 4, "name", "old");
	protobuf_write_text(&out, 5, "s1");
	protobuf_write_text(&out, 6, "dockerfile.v0");
	protobuf_write_pair(&out, 7, "target", "first");
	protobuf_write_pair(&out, 7, "target", "second");
	add_entry(&caches, 4, "inline", NULL, NULL);
	add_entry(&caches, 5, "registry", "ref", "a/b");
	protobuf_write_bytes(&out, 8, caches.data, caches.length);
	protobuf_write_text(&out, 9, "network.host");
	assert_int_equal(spec_buildkit_solve_decode(arena, out.data, out.length, &solve), 0);
	assert_string_equal(solve.ref, "r1");
	assert_string_equal(solve.session, "s1");
	assert_string_equal(solve.frontend, "dockerfile.v0");
	assert_string_equal(spec_buildkit_value(solve.options, solve.option_count, "target"), "second");
	assert_null(spec_buildkit_value(solve.options, solve.option_count, "other"));
	assert_int_equal(solve.outputs.count, 1);
	assert_string_equal(solve.outputs.list[0].type, "moby");
	assert_string_equal(spec_buildkit_value(solve.outputs.list[0].attributes, solve.outputs.list[0].attribute_count, "name"), "old");
	assert_string_equal(solve.cache_exports.list[0].type, "inline");
	assert_string_equal(solve.cache_imports.list[0].attributes[0].value, "a/b");
	assert_string_equal(solve.entitlements[0], "network.host");
	assert_null(solve.entitlements[1]);
	assert_false(solve.has_definition);
	/* Outputs of their own count instead. */
	add_entry(&out, 13, "local", NULL, NULL);
	protobuf_write_text(&out, 2, "x");
	assert_int_equal(spec_buildkit_solve_decode(arena, out.data, out.length, &solve), 0);
	assert_int_equal(solve.outputs.count, 1);
	assert_string_equal(solve.outputs.list[0].type, "local");
	assert_true(solve.has_definition);
	assert_int_equal(spec_buildkit_solve_decode(arena, out.data, out.length - 1, &solve), -EBADMSG);
}

static void test_too_many(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_buildkit_solve solve;

	for (int i = 0; i < SPEC_BUILDKIT_ENTRY_LIMIT; i++)
		add_entry(&out, 13, "local", NULL, NULL);
	assert_int_equal(spec_buildkit_solve_decode(arena, out.data, out.length, &solve), 0);
	add_entry(&out, 13, "local", NULL, NULL);
	assert_int_equal(spec_buildkit_solve_decode(arena, out.data, out.length, &solve), -EBADMSG);
}

static void test_bridge(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_buildkit_solve solve = { .ref = NULL };

	protobuf_write_text(&out, 2, "dockerfile.v0");
	protobuf_write_pair(&out, 3, "filename", "F");
	add_entry(&out, 12, "registry", "ref", "x");
	assert_int_equal(spec_buildkit_bridge_solve_decode(arena, out.data, out.length, &solve), 0);
	assert_string_equal(solve.frontend, "dockerfile.v0");
	assert_string_equal(solve.options[0].value, "F");
	assert_int_equal(solve.cache_imports.count, 1);
	assert_string_equal(solve.ref, "");
	assert_false(solve.has_definition);
}

static void test_prune(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_buildkit_prune prune = { .all = false };
	char *ref = NULL;

	protobuf_write_text(&out, 1, "type=regular");
	protobuf_write_uint(&out, 2, 1);
	protobuf_write_uint(&out, 5, 1000);
	assert_int_equal(spec_buildkit_prune_decode(arena, out.data, out.length, &prune), 0);
	assert_true(prune.all);
	assert_string_equal(prune.filters[0], "type=regular");
	assert_null(prune.filters[1]);
	assert_int_equal(prune.max_used_bytes, 1000);
	assert_int_equal(spec_buildkit_ref_decode(arena, out.data, out.length, &ref), 0);
	assert_string_equal(ref, "type=regular");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_solve),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_prune),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
