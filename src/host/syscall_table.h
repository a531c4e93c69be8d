/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of system calls by name: syscall_table.txt, made into C by
 * syscall_table_generate.c when the project is built. Text and numbers lie in
 * plain arrays, without pointers that a position-independent program would
 * have to relocate.
 */
#ifndef BIVY_HOST_SYSCALL_TABLE_H
#define BIVY_HOST_SYSCALL_TABLE_H

#include <stdint.h>

/* The columns of the text, in its order. */
#define SYSCALL_COLUMNS(X) \
	X(x86_64) X(x86) X(x32) X(aarch64) X(arm) X(loongarch64) X(m68k) X(mips) X(mips64) X(mips64n32) \
	X(parisc) X(parisc64) X(ppc) X(ppc64) X(riscv64) X(s390) X(s390x) X(sh)

enum syscall_column {
#define X(name) SYSCALL_COLUMN_##name,
	SYSCALL_COLUMNS(X)
#undef X
	SYSCALL_COLUMN_COUNT,
};

#define SYSCALL_ROW_LIMIT 768
#define SYSCALL_SLOTS 2048 /* a power of two, well above the number of rows */

extern const uint16_t syscall_table_rows;
extern const char syscall_table_text[];                                          /* all names, each with its NUL */
extern const uint16_t syscall_table_offsets[];                                   /* of a row's name in the text */
extern const uint16_t syscall_table_slots[SYSCALL_SLOTS];                        /* by hash: row + 1, or 0; collisions go to the next */
extern const int32_t syscall_table_numbers[SYSCALL_COLUMN_COUNT][SYSCALL_ROW_LIMIT]; /* -1: none */
extern const int16_t syscall_table_order[SYSCALL_COLUMN_COUNT][SYSCALL_ROW_LIMIT + 1];   /* a column's rows by number, then -1 */

/* Which slot a name looks at first: FNV-1a. */
static inline unsigned syscall_table_slot(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return (hash ^ hash >> 16) % SYSCALL_SLOTS;
}

#endif
