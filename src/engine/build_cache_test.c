/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_cache.h"
#include "engine/image_scratch_test.h"

#include <sys/stat.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX32 HEX32

static struct spec_build_record record_of(const char *key)
{
	return (struct spec_build_record){ .key = (char *)key, .created = (char *)"2020-01-02T03:04:05Z", .chain_id = (char *)DIGEST, .diff_id = (char *)DIGEST };
}

static void put(const struct directories *directories, const char *key)
{
	const struct spec_build_record record = record_of(key);
	struct error err = ERROR_INIT;

	if (build_cache_put(directories, BUILD_CACHE_STEPS, &record, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_ids(void **state _unused_)
{
	char id[BUILD_CACHE_ID_LENGTH + 1];

	/* Of the algorithm's own examples. */
	build_cache_id("", id);
	assert_string_equal(id, "6c62272e07bb014262b821756295c58d");
	build_cache_id("a", id);
	assert_string_equal(id, "d228cb696f1a8caf78912b704e4a8964");
	build_cache_id("foobar", id);
	assert_string_equal(id, "343e1662793c64bf6f0d3597ba446f18");
}

static void test_found_by_key(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_build_record found = { .key = NULL };

	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_STEPS, "a", &found), 0);
	put(&directories, "a");
	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_STEPS, "a", &found), 1);
	assert_string_equal(found.chain_id, DIGEST);
	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_STEPS, "b", &found), 0);
	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_RESULTS, "a", &found), 0);
}

/* What lies in the place of a key is not believed to be its record. */
static void test_other_key(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *from = NULL, *to = NULL;
	char id[BUILD_CACHE_ID_LENGTH + 1];
	struct spec_build_record found;

	put(&directories, "a");
	build_cache_id("a", id);
	from = str_printf("%s/build/cache/%s.json", directories.root, id);
	build_cache_id("b", id);
	to = str_printf("%s/build/cache/%s.json", directories.root, id);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_STEPS, "b", &found), 0);
}

static int count_one(void *context, const char *id, int64_t used_s, const struct spec_build_record *record)
{
	assert_int_equal(strlen(id), BUILD_CACHE_ID_LENGTH);
	assert_true(used_s > 0);
	assert_string_equal(record->chain_id, DIGEST);
	++*(int *)context;
	return 0;
}

static void test_all(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_free_ char *path = str_printf("%s/build/cache/" HEX32 ".json", directories.root);
	_cleanup_buf_ struct buf roots = BUF_INIT;
	char id[BUILD_CACHE_ID_LENGTH + 1];
	int count = 0;

	assert_int_equal(build_cache_visit(&directories, BUILD_CACHE_STEPS, count_one, &count), 0);
	put(&directories, "a");
	put(&directories, "b");
	assert_int_equal(file_replace_at(AT_FDCWD, path, "{", 1, 0600), 0);
	assert_int_equal(build_cache_visit(&directories, BUILD_CACHE_STEPS, count_one, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(build_cache_add_roots(&directories, &roots, NULL), 0);
	assert_string_equal(roots.data, DIGEST "\n" DIGEST "\n");
	build_cache_id("a", id);
	assert_int_equal(build_cache_forget(&directories, BUILD_CACHE_STEPS, id), 0);
	assert_int_equal(build_cache_forget(&directories, BUILD_CACHE_STEPS, id), 0);
	count = 0;
	assert_int_equal(build_cache_visit(&directories, BUILD_CACHE_STEPS, count_one, &count), 0);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test_setup_teardown(test_found_by_key, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_other_key, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_all, shell_begin, shell_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
