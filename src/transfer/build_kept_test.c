/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_kept.h"

#include "base/memory.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct stat st_of(off_t size, time_t seconds)
{
	return (struct stat){ .st_size = size, .st_mtim = { .tv_sec = seconds, .tv_nsec = 7 } };
}

static void test_find(void **state _unused_)
{
	_cleanup_build_kept_ struct build_kept *kept = build_kept_new();
	struct stat st = st_of(3, 5), other = st_of(3, 6), empty = st_of(0, 5);
	const void *content = NULL;

	assert_false(build_kept_find(kept, "a/b", &st, &content));
	build_kept_add(kept, "a", "b", &st, "xyz");
	build_kept_add(kept, "", "c", &empty, NULL);
	assert_true(build_kept_find(kept, "a/b", &st, &content));
	assert_memory_equal(content, "xyz", 3);
	assert_true(build_kept_find(kept, "c", &empty, &content));
	assert_false(build_kept_find(kept, "b", &st, &content));
	assert_false(build_kept_find(kept, "a/b", &other, &content));
	other = st_of(4, 5);
	assert_false(build_kept_find(kept, "a/b", &other, &content));
	other = st_of(3, 5);
	other.st_mtim.tv_nsec = 8;
	assert_false(build_kept_find(kept, "a/b", &other, &content));
}

static void test_many(void **state _unused_)
{
	_cleanup_build_kept_ struct build_kept *kept = build_kept_new();
	struct stat st = st_of(4, 1);
	const void *content = NULL;

	for (int i = 0; i < 5000; i++) {
		_cleanup_free_ char *name = str_printf("f%d", i);

		build_kept_add(kept, "d/e", name, &st, &i);
	}
	for (int i = 0; i < 5000; i++) {
		_cleanup_free_ char *path = str_printf("d/e/f%d", i);

		assert_true(build_kept_find(kept, path, &st, &content));
		assert_memory_equal(content, &i, sizeof i);
	}
	assert_false(build_kept_find(kept, "d/e/f5000", &st, &content));
}

static void test_limits(void **state _unused_)
{
	_cleanup_build_kept_ struct build_kept *kept = build_kept_new();
	_cleanup_free_ char *block = memory_new(1, 32 << 10);
	struct stat large = st_of((32 << 10) + 1, 1), largest = st_of(32 << 10, 1);
	const void *content = NULL;
	int count = 0;

	build_kept_add(kept, "", "large", &large, block);
	assert_false(build_kept_find(kept, "large", &large, &content));
	for (int i = 0; i < 2000; i++) {
		_cleanup_free_ char *name = str_printf("%d", i);

		build_kept_add(kept, "", name, &largest, block);
		count += build_kept_find(kept, name, &largest, &content);
	}
	/* As many as fit into 32 MiB with their names. */
	assert_true(count > 1000 && count < 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
