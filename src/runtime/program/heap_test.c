/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/heap.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

static void test_alignment_and_size(void **state _unused_)
{
	for (size_t size = 0; size < 3 * HEAP_LARGE_BYTES; size += 1 + size / 17) {
		char *memory = heap_allocate(size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 16, 0);
		assert_true(heap_usable(memory) >= size);
		/* A class wastes at most a quarter, a mapping at most a page. */
		assert_true(heap_usable(memory) <= size + size / 4 + 4096);
		memset(memory, 0xa5, heap_usable(memory));
		heap_free(memory);
	}
}

static void test_reuse(void **state _unused_)
{
	char *first = heap_allocate(100);
	char *second;

	heap_free(first);
	second = heap_allocate(100);
	assert_ptr_equal(first, second);
	heap_free(second);
	/* The same class through another size. */
	second = heap_allocate(heap_usable(first));
	assert_ptr_equal(first, second);
	heap_free(second);
}

static void test_zeroed(void **state _unused_)
{
	for (size_t size = 1; size < 2 * HEAP_LARGE_BYTES; size = size * 3 + 1) {
		char *memory = heap_allocate(size);

		memset(memory, 0xff, heap_usable(memory));
		heap_free(memory);
		memory = heap_allocate_zeroed(size, 1);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		heap_free(memory);
	}
	assert_null(heap_allocate_zeroed(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
}

static void test_resize(void **state _unused_)
{
	unsigned char *memory = heap_resize(NULL, 1);
	size_t size = 1;

	memory[0] = 0;
	while (size < 4 * HEAP_LARGE_BYTES) { /* grows through classes, in place and moved, into a mapping */
		size_t larger = size + size / 2 + 1;
		void *between = size % 3 ? heap_allocate(size % 100) : NULL;

		memory = heap_resize(memory, larger);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], i % 251);
		for (size_t i = size; i < larger; i++)
			memory[i] = (unsigned char)(i % 251);
		size = larger;
		heap_free(between);
	}
	memory = heap_resize(memory, 10); /* back out of the mapping */
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(memory[i], i);
	assert_null(heap_resize(memory, SIZE_MAX - 100));
	assert_int_equal(memory[9], 9);
	heap_free(memory);
}

static void test_too_large(void **state _unused_)
{
	assert_null(heap_allocate(SIZE_MAX));
	assert_null(heap_allocate(SIZE_MAX / 2));
	assert_null(heap_allocate((size_t)1 << 60));
	assert_int_equal(errno, ENOMEM);
	heap_free(NULL);
}

/* Blocks of random sizes hold their own pattern while others come and go. */
static void test_random(void **state _unused_)
{
	enum { SLOTS = 200, ROUNDS = 40000 };
	static struct {
		unsigned char *memory;
		size_t size;
		unsigned char mark;
	} slots[SLOTS];
	uint32_t seed = 12345;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned i, choice;

		if (round % 500 == 0)
			heap_trim();
		seed = seed * 1664525 + 1013904223;
		i = (seed >> 8) % SLOTS;
		choice = seed >> 28;
		for (size_t k = 0; k < slots[i].size; k++)
			if (slots[i].memory[k] != slots[i].mark)
				fail_msg("round %d: byte %zu of %zu was changed", round, k, slots[i].size);
		if (slots[i].memory && choice < 8) {
			heap_free(slots[i].memory);
			slots[i].memory = NULL;
			slots[i].size = 0;
			continue;
		}
		slots[i].size = choice == 15 ? (seed >> 4) % 200000 : (seed >> 4) % 700;
		slots[i].memory = heap_resize(slots[i].memory, slots[i].size);
		slots[i].mark = (unsigned char)round;
		memset(slots[i].memory, slots[i].mark, slots[i].size);
	}
	for (int i = 0; i < SLOTS; i++)
		heap_free(slots[i].memory);
}

static size_t resident_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long total, resident;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
	fclose(file);
	return resident;
}

/* Variables beside the first piece, in the program's zeroed data: none of them may be given back with it. */
static char neighbours[3][4096] = { 0 };

/* What is in use stays, what was given back is zero when it comes again. */
static void test_trim(void **state _unused_)
{
	enum { BLOCKS = 4096, BYTES = 2000 };
	static char *blocks[BLOCKS];
	char *kept = NULL;
	size_t before, full;

	memset(neighbours, 0x33, sizeof neighbours);
	heap_trim();
	before = resident_pages();
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = heap_allocate(BYTES);
		memset(blocks[i], 0x5a, BYTES);
		if (i == 10)
			memset(kept = heap_allocate(BYTES), 0x77, BYTES);
	}
	full = resident_pages();
	assert_true(full > before + BLOCKS * BYTES / 4096 - 100);
	for (int i = 0; i < BLOCKS; i++)
		heap_free(blocks[i]);
	heap_trim();
	heap_trim();
	assert_true(resident_pages() < before + 100);
	for (int i = 0; i < BYTES; i++)
		assert_int_equal(kept[i], 0x77);
	for (size_t i = 0; i < sizeof neighbours; i++)
		assert_int_equal(((char *)neighbours)[i], 0x33);
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = heap_allocate_zeroed(BYTES, 1);
		for (int k = 0; k < BYTES; k += 8)
			assert_int_equal(blocks[i][k], 0);
	}
	for (int i = 0; i < BLOCKS; i++)
		heap_free(blocks[i]);
	heap_free(kept);
}

static void test_double_free_aborts(void **state _unused_)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		char *memory = heap_allocate(50);

		signal(SIGABRT, SIG_DFL);
		heap_free(memory);
		heap_free(memory);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment_and_size),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_double_free_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
