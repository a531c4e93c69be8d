/* SPDX-License-Identifier: Apache-2.0 */
/* The architectures that a seccomp filter can tell apart, and their system calls by name. */
#ifndef BIVY_HOST_SECCOMP_ARCH_H
#define BIVY_HOST_SECCOMP_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands for x32, which the kernel reports as AUDIT_ARCH_X86_64 with SECCOMP_X32_BIT in the number. */
#define SECCOMP_ARCH_X32 0x4000003eu
#define SECCOMP_X32_BIT 0x40000000u

/* AUDIT_ARCH_* of the machine that this is compiled for; 0 if the table has none. */
uint32_t seccomp_arch_native(void);

/* Whether there is a column for ARCH. */
bool seccomp_arch_is_known(uint32_t arch);

/* Whether a kernel for NATIVE can run programs of ARCH: x86-64 runs i386's, never s390's. */
bool seccomp_arch_runs(uint32_t native, uint32_t arch);

/* Whether registers, and with them arguments, have 32 bits. */
bool seccomp_arch_is_32bit(uint32_t arch);

/* The row of the system call NAME, or -1 if no architecture has it. Rows are 0 .. seccomp_row_count()-1, sorted by name. */
int seccomp_row(const char *name);
int seccomp_row_count(void);
const char *seccomp_row_name(int row);

/* The number of a row on ARCH (SECCOMP_X32_BIT included), or -1 if ARCH does not have it. */
int64_t seccomp_row_number(int row, uint32_t arch);

/*
 * Whether the call is also made through a collective one (socketcall(2),
 * ipc(2)) on ARCH: its row and the first argument that selects it there.
 */
bool seccomp_row_collective(int row, uint32_t arch, int *ret_row, uint32_t *ret_selector);

#endif
