/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of bivy-runtime and bivy with musl, in place of musl's malloc(3),
 * which makes system calls and touches pages that a process of a few
 * milliseconds does not pay back. The semantics are those of malloc(3),
 * free(3), realloc(3) and calloc(3); for a program that never has two threads
 * at work at once (host/netns_call.h waits for its own).
 *
 * 1. Small blocks come from the program's own zeroed data, then from mappings
 *    of HEAP_GROWTH_BYTES, by moving one pointer: a page is touched only once
 *    it is used.
 * 2. A freed small block goes to the list of its size class and is used again;
 *    it is given back only by heap_trim(), if nothing behind it is in use.
 * 3. A block above HEAP_LARGE_BYTES is a mapping of its own, and is given back.
 * 4. The word before a block tells its size and whether it is in use; freeing
 *    what is not in use aborts.
 */
#ifndef BIVY_RUNTIME_PROGRAM_HEAP_H
#define BIVY_RUNTIME_PROGRAM_HEAP_H

#include <stddef.h>

#define HEAP_FIRST_BYTES (64u << 10)
#define HEAP_GROWTH_BYTES (256u << 10)
#define HEAP_LARGE_BYTES (64u << 10)

void *heap_allocate(size_t size);
void *heap_allocate_zeroed(size_t count, size_t size);
void *heap_resize(void *memory, size_t size);
void heap_free(void *memory);

/* Gives back the pages behind the last block in use of each piece of memory. For a process that stays after much work. */
void heap_trim(void);

/* Bytes that may be used of an allocation: its size, rounded up. */
size_t heap_usable(const void *memory);

#endif
