/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Zeroed, aligned, and none in another, across sizes below and above any chunk. */
static void test_arena_allocations(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const size_t sizes[] = { 0, 1, 16, 17, 100, 2000, 2048, 7000, 8192, 9000, 40000, 100000, 24, 3 };
	unsigned char *taken[10 * ARRAY_SIZE(sizes)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		size_t size = sizes[i % ARRAY_SIZE(sizes)];

		taken[i] = arena_alloc(arena, size, 1);
		assert_non_null(taken[i]);
		assert_int_equal((uintptr_t)taken[i] % 16, 0);
		assert_true(is_zero(taken[i], size));
		memset(taken[i], (int)(i + 1), size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		for (size_t j = 0; j < sizes[i % ARRAY_SIZE(sizes)]; j++)
			assert_int_equal(taken[i][j], (i + 1) & 0xff);
}

static void test_arena_texts(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(arena_strdup(arena, "text"), "text");
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, "text", 2), "te");
	assert_string_equal(arena_printf(arena, "%s-%05d", "a", 42), "a-00042");
}

static void test_empty_arena_is_freed(void **state)
{
	(void)state;
	arena_free(arena_new());
	arena_free(NULL);
}

static void test_new_and_resize(void **state)
{
	unsigned char *memory = memory_new(3, 5);

	(void)state;
	assert_true(is_zero(memory, 15));
	memset(memory, 7, 15);
	memory = memory_resize(memory, 100000, 1);
	assert_int_equal(memory[14], 7);
	free(memory);
	memory = memory_new(0, 0);
	assert_non_null(memory);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_allocations),
		cmocka_unit_test(test_arena_texts),
		cmocka_unit_test(test_empty_arena_is_freed),
		cmocka_unit_test(test_new_and_resize),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
