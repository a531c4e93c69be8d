/* SPDX-License-Identifier: Apache-2.0 */
#include "host/prefault.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PAGES 16

static size_t present(void *memory)
{
	unsigned char in[PAGES];
	size_t count = 0;

	assert_int_equal(mincore(memory, PAGES * 4096, in), 0);
	for (size_t i = 0; i < PAGES; i++)
		count += in[i] & 1;
	return count;
}

static void test_data(void **state _unused_)
{
	char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	if (madvise(memory, 4096, 23) < 0) {
		print_message("skipped: needs MADV_POPULATE_WRITE\n");
		munmap(memory, PAGES * 4096);
		skip();
	}
	madvise(memory, PAGES * 4096, MADV_DONTNEED);
	assert_int_equal(present(memory), 0);
	prefault_data(memory + 5000, memory + 9000); /* pages 1 and 2 */
	assert_int_equal(present(memory), 2);
	prefault_data(memory, memory); /* nothing */
	assert_int_equal(present(memory), 2);
	prefault_data(memory, memory + PAGES * 4096);
	assert_int_equal(present(memory), PAGES);
	munmap(memory, PAGES * 4096);
}

/* Nowhere mapped: no failure, and errno as it was. */
static void test_hole(void **state _unused_)
{
	char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	munmap(memory, PAGES * 4096);
	errno = 7;
	prefault_register_code(memory, memory + PAGES * 4096);
	prefault_code_and_stack();
	prefault_data(memory, memory + PAGES * 4096);
	assert_int_equal(errno, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
