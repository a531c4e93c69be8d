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

struct seccomp_arch {
	uint32_t audit;       /* AUDIT_ARCH_*, or SECCOMP_ARCH_X32 */
	uint8_t machine;      /* those of one are run by one kernel */
	uint8_t column;       /* enum syscall_column */
	bool is_32bit;        /* registers, and with them arguments */
};

/* AUDIT_ARCH_* of the machine that this is compiled for; 0 if there is no such architecture here. */
uint32_t seccomp_arch_of_machine(void);

/* The architecture AUDIT, or NULL. */
const struct seccomp_arch *seccomp_arch_find(uint32_t audit);

/* Whether a kernel for NATIVE can run programs of AUDIT: x86-64's runs i386's, never s390's. */
bool seccomp_arch_runs(uint32_t native, uint32_t audit);

/*
 * The range of numbers above the ordinary ones that the kernel keeps for calls
 * of the architecture's own (arm's set_tls): its first number, or UINT32_MAX.
 */
uint32_t seccomp_arch_private_base(const struct seccomp_arch *arch);

/* The row of the system call NAME, or -1 if no architecture has it. Rows are 0 .. seccomp_row_count()-1, sorted by name. */
int seccomp_row(const char *name);
int seccomp_row_count(void);
const char *seccomp_row_name(int row);

/* The number of a row on ARCH (SECCOMP_X32_BIT included), or -1 if ARCH does not have it. */
int64_t seccomp_row_number(int row, const struct seccomp_arch *arch);

/* The rows that ARCH has, by number, and -1 behind the last. */
const int16_t *seccomp_rows_by_number(const struct seccomp_arch *arch);

/*
 * Some calls are also made through a collective one, socketcall(2) or ipc(2):
 * what its first argument is, under a mask, for which.
 */
struct seccomp_collective {
	int row;           /* of the call */
	uint32_t selector; /* of it */
	uint32_t mask;
};

/* The calls that the row VIA stands for where there is such a call; 0 for nearly all. RET has room for SECCOMP_COLLECTIVE_LIMIT. */
#define SECCOMP_COLLECTIVE_LIMIT 24
size_t seccomp_collective_members(int via, struct seccomp_collective *ret);

#endif
