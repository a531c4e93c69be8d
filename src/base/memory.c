/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* The exit status then: as of any error of the engine. */
#define OUT_OF_MEMORY 125

/* Bytes of the first chunk of an arena, of those that follow, and of those of one that has become big; most stay small. */
#define FIRST_CHUNK 8192
#define NEXT_CHUNK 32768
#define BIG_CHUNK 262144

/*
 * Under AddressSanitizer every allocation is a chunk of its own from malloc(3),
 * so that it sees a step beyond any of them.
 */
#if defined(__SANITIZE_ADDRESS__)
#define ONE_BY_ONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BY_ONE 1
#endif
#endif
#ifndef ONE_BY_ONE
#define ONE_BY_ONE 0
#endif

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size; /* of .bytes */
	_Alignas(16) char bytes[];
};

struct arena {
	struct chunk *chunks;
	size_t bytes; /* of all of them */
};

static _noreturn_ void out_of_memory(void)
{
	static const char text[] = ": out of memory\n";
	const char *name = program_invocation_short_name;

	ignore_result(writev(STDERR_FILENO, (struct iovec[]){ { (char *)name, strlen(name) }, { (char *)text, sizeof text - 1 } }, 2)); /* we end in any case */
	_exit(OUT_OF_MEMORY);
}

void *memory_new(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

void *memory_resize(void *old, size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory();
	memory = realloc(old, bytes ? bytes : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

struct arena *arena_new(void)
{
	return memory_new(1, sizeof(struct arena));
}

/*
 * Chunks that arenas gave back, for the next ones: to unmap and to map costs
 * more than all that is done in one. Any thread may take and give.
 */
static struct chunk *_Atomic spares[8];
static bool ends_soon;

void memory_ends_soon(void)
{
	ends_soon = true;
}

static struct chunk *take_spare(size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(spares); i++) {
		struct chunk *chunk = atomic_exchange(&spares[i], NULL), *none = NULL;

		if (chunk && chunk->size == size)
			return chunk;
		if (chunk && !atomic_compare_exchange_strong(&spares[i], &none, chunk))
			munmap(chunk, sizeof *chunk + chunk->size);
	}
	return NULL;
}

/*
 * Whole pages, faulted in by the one call: under virtualization a fault costs
 * several microseconds, and an arena mostly lives on a path that is waited for.
 */
static struct chunk *map_chunk(size_t size)
{
	struct chunk *chunk;

	if (ONE_BY_ONE)
		return memory_new(1, sizeof *chunk + size);
	chunk = ends_soon ? NULL : take_spare(size);
	if (chunk)
		return chunk;
	chunk = mmap(NULL, sizeof *chunk + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (chunk == MAP_FAILED)
		out_of_memory();
	return chunk;
}

static void give_back(struct chunk *chunk)
{
	if (ONE_BY_ONE) {
		free(chunk);
		return;
	}
	if (ends_soon)
		return;
	if (chunk->size == FIRST_CHUNK - sizeof *chunk || chunk->size == NEXT_CHUNK - sizeof *chunk) {
		memset(chunk->bytes, 0, chunk->used); /* an arena's memory is zeroed; and secrets do not linger */
		chunk->used = 0;
		for (size_t i = 0; i < ARRAY_SIZE(spares); i++) {
			struct chunk *none = NULL;

			if (atomic_compare_exchange_strong(&spares[i], &none, chunk))
				return;
		}
	}
	munmap(chunk, sizeof *chunk + chunk->size);
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		give_back(chunk);
	}
	free(arena);
}

static struct chunk *add_chunk(struct arena *arena, size_t bytes)
{
	size_t usual = (arena->bytes == 0 ? FIRST_CHUNK : arena->bytes < BIG_CHUNK ? NEXT_CHUNK : BIG_CHUNK) - sizeof(struct chunk);
	bool single = ONE_BY_ONE || bytes > usual / 4;
	struct chunk *chunk = map_chunk(single ? bytes : usual);

	chunk->size = single ? bytes : usual;
	arena->bytes += chunk->size;
	/* A big single allocation goes behind the chunk that still has room. */
	if (arena->chunks && single) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct chunk *chunk = arena->chunks;
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		out_of_memory();
	bytes = (bytes + 15) & ~(size_t)15;
	if (!chunk || chunk->size - chunk->used < bytes)
		chunk = add_chunk(arena, bytes);
	memory = chunk->bytes + chunk->used;
	chunk->used += bytes;
	return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1, 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	int length;
	char *text;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		out_of_memory();
	text = arena_alloc(arena, (size_t)length + 1, 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
