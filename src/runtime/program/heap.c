/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/heap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Blocks start at 8 mod 16 with the header, so that what follows is aligned to
 * 16. Sizes are those of the whole block: multiples of 16, which leaves the
 * lower bits of the header free.
 */
enum {
	ALIGNMENT = 16,
	HEADER_BYTES = 8,
	SMALLEST_BLOCK = 32,
	IN_USE = 1,  /* header bits */
	MAPPED = 2,
	STEPS = 4,   /* size classes per power of two */
	CLASSES = 12 * STEPS + 1, /* up to the block for HEAP_LARGE_BYTES */
	MAPPED_HEAD = 16, /* a mapping's start to its block's data */
};

struct free_block {
	struct free_block *next;
};

static char first_bytes[HEAP_FIRST_BYTES] __attribute__((aligned(16)));

/* A piece of memory that blocks are cut from. */
struct piece {
	char *start, *end;
	char *used; /* behind its last block; of the current piece: heap.next counts */
};

#define PIECES 64 /* that heap_trim() looks at */

static struct {
	char *next; /* where the next block's header goes, 8 mod 16 */
	char *end;
	struct free_block *free[CLASSES];
	struct piece pieces[PIECES];
	size_t piece_count; /* the current one is the last, unless there are too many */
	bool has_others;    /* there were too many: the current one is none of them */
} heap;

static uint64_t *header_of(const void *memory)
{
	return (uint64_t *)((uintptr_t)memory - HEADER_BYTES);
}

static size_t block_bytes(uint64_t header)
{
	return header & ~(uint64_t)(ALIGNMENT - 1);
}

/* The class for blocks of at least BYTES, and the size of that class: 32, 48, 64, 80, 96, 112, 128, 160, … */
static unsigned class_of(size_t bytes, size_t *ret_bytes)
{
	unsigned power, step_shift, step;

	if (bytes <= SMALLEST_BLOCK) {
		*ret_bytes = SMALLEST_BLOCK;
		return 0;
	}
	/* BYTES lies in (2^power, 2^(power+1)], which is cut into STEPS parts of at least ALIGNMENT. */
	power = 63 - (unsigned)__builtin_clzll(bytes - 1);
	step_shift = power - 2 < 4 ? 4 : power - 2;
	step = (unsigned)((bytes - ((size_t)1 << power) + ((size_t)1 << step_shift) - 1) >> step_shift);
	*ret_bytes = ((size_t)1 << power) + ((size_t)step << step_shift);
	return (power - 5) * STEPS + step;
}

static void *refuse(void)
{
	errno = ENOMEM;
	return NULL;
}

/* A block of its own mapping, of at least SIZE usable bytes; zeroed. */
static void *map_large(size_t size)
{
	size_t length = (size + MAPPED_HEAD + 4095) & ~(size_t)4095;
	char *mapping = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapping == MAP_FAILED)
		return refuse();
	*header_of(mapping + MAPPED_HEAD) = length | MAPPED | IN_USE;
	return mapping + MAPPED_HEAD;
}

/* Makes room for BYTES at heap.next; what is left of the old room is lost. */
static bool grow(size_t bytes)
{
	char *room = first_bytes;
	size_t length = sizeof first_bytes;

	if (heap.end) {
		length = HEAP_GROWTH_BYTES;
		room = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (room == MAP_FAILED)
			return false;
	}
	if (heap.piece_count && !heap.has_others)
		heap.pieces[heap.piece_count - 1].used = heap.next;
	heap.next = room + HEADER_BYTES;
	heap.end = room + length;
	if (heap.piece_count < PIECES)
		heap.pieces[heap.piece_count++] = (struct piece){ .start = room, .end = heap.end };
	else
		heap.has_others = true;
	return (size_t)(heap.end - heap.next) >= bytes || grow(bytes);
}

/* *RET_FRESH: the memory was never used, so it is zero. */
static void *allocate(size_t size, bool *ret_fresh)
{
	size_t bytes;
	unsigned class;
	struct free_block *block;

	*ret_fresh = true;
	if (size > PTRDIFF_MAX - 2 * 4096)
		return refuse();
	if (size > HEAP_LARGE_BYTES)
		return map_large(size);
	class = class_of(size + HEADER_BYTES, &bytes);
	block = heap.free[class];
	if (block) {
		*ret_fresh = false;
		heap.free[class] = block->next;
		*header_of(block) |= IN_USE;
		return block;
	}
	if ((!heap.end || (size_t)(heap.end - heap.next) < bytes) && !grow(bytes))
		return refuse();
	block = (struct free_block *)(heap.next + HEADER_BYTES);
	*header_of(block) = bytes | IN_USE;
	heap.next += bytes;
	return block;
}

void *heap_allocate(size_t size)
{
	bool fresh;

	return allocate(size, &fresh);
}

void *heap_allocate_zeroed(size_t count, size_t size)
{
	size_t bytes;
	void *memory;
	bool fresh;

	if (__builtin_mul_overflow(count, size, &bytes))
		return refuse();
	memory = allocate(bytes, &fresh);
	if (memory && !fresh)
		memset(memory, 0, bytes);
	return memory;
}

size_t heap_usable(const void *memory)
{
	uint64_t header = *header_of(memory);

	return block_bytes(header) - (header & MAPPED ? MAPPED_HEAD : HEADER_BYTES);
}

void heap_free(void *memory)
{
	uint64_t *header;
	struct free_block *block = memory;
	size_t bytes;
	unsigned class;

	if (!memory)
		return;
	header = header_of(memory);
	if (!(*header & IN_USE))
		abort();
	if (*header & MAPPED) {
		int saved = errno; /* free(3) keeps it */

		munmap((char *)memory - MAPPED_HEAD, block_bytes(*header));
		errno = saved;
		return;
	}
	class = class_of(block_bytes(*header), &bytes);
	*header &= ~(uint64_t)IN_USE;
	block->next = heap.free[class];
	heap.free[class] = block;
}

/* ---- giving back ----------------------------------------------------------------- */

/* Where the first header may go that is behind every block in use. */
static char *end_of_use(const struct piece *piece)
{
	char *end = piece->start + HEADER_BYTES;

	for (char *at = end; at < piece->used; at += block_bytes(*(uint64_t *)at))
		if (*(uint64_t *)at & IN_USE)
			end = at + block_bytes(*(uint64_t *)at);
	return end;
}

static void forget_free_blocks(const char *from, const char *to)
{
	for (unsigned class = 0; class < CLASSES; class++) {
		for (struct free_block **slot = &heap.free[class]; *slot;) {
			if ((char *)*slot >= from && (char *)*slot < to)
				*slot = (*slot)->next;
			else
				slot = &(*slot)->next;
		}
	}
}

/*
 * What was used of it from END on becomes zero, as memory that was never used
 * is. Only whole pages are given back: the first piece shares its last one with
 * other variables.
 */
static void trim_piece(struct piece *piece, char *end)
{
	char *first = (char *)(((uintptr_t)end + 4095) & ~(uintptr_t)4095);
	char *last = (char *)((uintptr_t)piece->end & ~(uintptr_t)4095);

	forget_free_blocks(end, piece->used);
	if (first < last && first < piece->used && madvise(first, (size_t)(last - first), MADV_DONTNEED) == 0) {
		memset(end, 0, (size_t)(first - end));
		if (last < piece->used)
			memset(last, 0, (size_t)(piece->used - last));
	} else {
		memset(end, 0, (size_t)(piece->used - end));
	}
	piece->used = end;
}

void heap_trim(void)
{
	int saved = errno;

	if (heap.piece_count && !heap.has_others)
		heap.pieces[heap.piece_count - 1].used = heap.next;
	for (size_t i = 0; i < heap.piece_count; i++) {
		char *end = end_of_use(&heap.pieces[i]);

		if (end < heap.pieces[i].used)
			trim_piece(&heap.pieces[i], end);
	}
	/* A mapping without a block is given back whole; the piece before it is the current one again. */
	while (heap.piece_count > 1 && !heap.has_others) {
		struct piece *last = &heap.pieces[heap.piece_count - 1];

		if (last->used != last->start + HEADER_BYTES || munmap(last->start, HEAP_GROWTH_BYTES) < 0)
			break;
		heap.piece_count--;
	}
	if (heap.piece_count && !heap.has_others) {
		heap.next = heap.pieces[heap.piece_count - 1].used;
		heap.end = heap.pieces[heap.piece_count - 1].end;
	}
	errno = saved;
}

/* A block that ends where the unused room starts can be made longer where it is. */
static bool extend_last(void *memory, size_t size)
{
	uint64_t *header = header_of(memory);
	size_t old_bytes = block_bytes(*header), bytes;

	class_of(size + HEADER_BYTES, &bytes);
	if ((char *)header + old_bytes != heap.next || (size_t)(heap.end - (char *)header) < bytes)
		return false;
	heap.next = (char *)header + bytes;
	*header = bytes | IN_USE;
	return true;
}

static void *resize_large(void *memory, size_t size)
{
	size_t old_length = block_bytes(*header_of(memory));
	size_t length = (size + MAPPED_HEAD + 4095) & ~(size_t)4095;
	char *mapping = mremap((char *)memory - MAPPED_HEAD, old_length, length, MREMAP_MAYMOVE);

	if (mapping == MAP_FAILED)
		return refuse();
	*header_of(mapping + MAPPED_HEAD) = length | MAPPED | IN_USE;
	return mapping + MAPPED_HEAD;
}

void *heap_resize(void *memory, size_t size)
{
	size_t usable;
	void *moved;

	if (!memory)
		return heap_allocate(size);
	if (!(*header_of(memory) & IN_USE))
		abort();
	if (size > PTRDIFF_MAX - 2 * 4096)
		return refuse();
	usable = heap_usable(memory);
	if (*header_of(memory) & MAPPED && size > HEAP_LARGE_BYTES)
		return resize_large(memory, size);
	if (size <= usable && !(*header_of(memory) & MAPPED))
		return memory;
	if (size <= HEAP_LARGE_BYTES && !(*header_of(memory) & MAPPED) && extend_last(memory, size))
		return memory;
	moved = heap_allocate(size);
	if (!moved)
		return NULL;
	memcpy(moved, memory, size < usable ? size : usable);
	heap_free(memory);
	return moved;
}
