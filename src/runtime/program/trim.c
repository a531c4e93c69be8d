/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/trim.h"
#include "base/cleanup.h"

#ifdef __GLIBC__

#include <malloc.h>

void trim_memory(void)
{
	malloc_trim(0);
}

#else

#include "runtime/program/heap.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE ((uintptr_t)4096)
#define STACK_BYTES (256u << 10) /* below the caller: as much as prefault_code_and_stack() and deep calls may have touched */

/* ld(1)'s names for where the program begins and where its code ends. */
extern char __executable_start[], etext[];

static void drop(uintptr_t start, uintptr_t end)
{
	start = (start + PAGE - 1) & ~(PAGE - 1);
	end &= ~(PAGE - 1);
	if (start < end)
		ignore_result(madvise((void *)start, end - start, MADV_DONTNEED)); /* it stays as large as it is */
}

void trim_memory(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	heap_trim();
	/* Not the page that this call and the red zone below the stack pointer (128 bytes, System V ABI) are on, nor the one below. */
	drop(here - STACK_BYTES, here - 2 * PAGE);
	drop((uintptr_t)__executable_start, (uintptr_t)etext);
}

#endif
