/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages that will be touched anyway, faulted in by one call for many: under
 * virtualization each fault costs several microseconds, and to start a
 * container is a hundred of them otherwise. All of it is best effort: without
 * MADV_POPULATE_READ (before Linux 5.14) pages come as they always did.
 */
#ifndef BIVY_HOST_PREFAULT_H
#define BIVY_HOST_PREFAULT_H

#include <stddef.h>

/*
 * The bytes from START to END, which live as long as the process, are read
 * soon, in this process and in each that it clones to start a container. For
 * a program's own code; a library does not know how much of it is used.
 */
void prefault_register_code(const void *start, const void *end);

/* The bytes from START to END are written soon, in this process. */
void prefault_data(void *start, void *end);

/* What was registered, and the stack below the caller. Once in a process, as early as possible. */
void prefault_code_and_stack(void);

/*
 * All that of the program itself, which is static and in one piece: ld(1)'s names for where it begins, where its code ends, and its
 * zeroed variables. Not for what is linked into others' programs.
 */
static inline void prefault_program(void)
{
#ifndef __SANITIZE_ADDRESS__ /* which keeps memory of its own */
	extern char __executable_start[], etext[], edata[], end[];

	prefault_register_code(__executable_start, etext);
	prefault_data(edata, end);
	prefault_code_and_stack();
#endif
}

#endif
