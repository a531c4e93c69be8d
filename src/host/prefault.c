/* SPDX-License-Identifier: Apache-2.0 */
#include "host/prefault.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* since 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE_BYTES 4096      /* larger ones only make a range larger */
#define STACK_BYTES (40u << 10) /* what the deepest calls take: buffers of PATH_MAX, one within another */

static const void *code_start, *code_end;

static void populate(uintptr_t start, uintptr_t end, int advice)
{
	int saved = errno;

	start &= ~(uintptr_t)(PAGE_BYTES - 1);
	end = (end + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
	if (start < end)
		ignore_result(madvise((void *)start, end - start, advice)); /* see prefault.h */
	errno = saved;
}

void prefault_register_code(const void *start, const void *end)
{
	code_start = start;
	code_end = end;
}

void prefault_data(void *start, void *end)
{
	populate((uintptr_t)start, (uintptr_t)end, MADV_POPULATE_WRITE);
}

void prefault_code_and_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (!code_start)
		return;
	populate((uintptr_t)code_start, (uintptr_t)code_end, MADV_POPULATE_READ);
	populate(here - STACK_BYTES, here, MADV_POPULATE_WRITE);
}
