/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation. Requests of our own making end the program when memory is out, with
 * a word and status 125: there is nothing sensible left to do. A size that a file, a peer or a
 * container chose is bounded by its reader before it gets here.
 */
#ifndef BIVY_BASE_MEMORY_H
#define BIVY_BASE_MEMORY_H

#include "base/cleanup.h"

#include <stddef.h>

/* Zeroed memory for COUNT objects of SIZE bytes; never NULL; free() it. */
void *memory_new(size_t count, size_t size);

/* Resizes; new bytes are not cleared; never NULL. */
void *memory_resize(void *old, size_t count, size_t size);

/*
 * Said in a child that is about to end: what its arenas have is left for the
 * kernel to take, which is as good and touches none of it; and it takes nothing
 * that its parent keeps for later, which would be copied page by page.
 */
void memory_ends_soon(void);

/* An arena: many small allocations, released together. */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* Zeroed memory that lives as long as the arena, aligned for any object. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A copy of TEXT (or of its first LENGTH bytes, then NUL-terminated). */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) _printf_(2, 3);

DEFINE_CLEANUP(struct arena *, arena_free)
#define _cleanup_arena_ _cleanup_(cleanup_arena_free)

#endif
