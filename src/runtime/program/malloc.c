/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc(3) and its family over the heap of heap.h, for a static program with
 * musl: its libc.a yields to definitions of the program. Other builds keep the
 * C library's, which sanitizers must see.
 */
#include "runtime/program/heap.h"

#include <features.h>
#include <stdlib.h>

#ifndef __GLIBC__

void *malloc(size_t size)
{
	return heap_allocate(size);
}

void *calloc(size_t count, size_t size)
{
	return heap_allocate_zeroed(count, size);
}

void *realloc(void *memory, size_t size)
{
	return heap_resize(memory, size);
}

void free(void *memory)
{
	heap_free(memory);
}

#endif
