/* SPDX-License-Identifier: Apache-2.0 */
#include "host/seccomp_arch.h"

#include "base/cleanup.h"
#include "host/syscall_table.h"

#include <string.h>

/* AUDIT_ARCH_* of <linux/audit.h>, which lacks some in older headers: the ELF machine and these. */
#define BITS_64 0x80000000u
#define LITTLE 0x40000000u
#define MIPS_N32 0x20000000u

enum machine { MACHINE_X86, MACHINE_ARM, MACHINE_LOONGARCH, MACHINE_M68K, MACHINE_MIPS, MACHINE_PARISC, MACHINE_PPC, MACHINE_RISCV, MACHINE_S390, MACHINE_SH };

static const struct seccomp_arch arches[] = {
	/*                                  machine            column                      32 bit */
	{ 62 | BITS_64 | LITTLE,            MACHINE_X86,       SYSCALL_COLUMN_x86_64,      false },
	{ 3 | LITTLE,                       MACHINE_X86,       SYSCALL_COLUMN_x86,         true },
	{ SECCOMP_ARCH_X32,                 MACHINE_X86,       SYSCALL_COLUMN_x32,         true },
	{ 183 | BITS_64 | LITTLE,           MACHINE_ARM,       SYSCALL_COLUMN_aarch64,     false },
	{ 40 | LITTLE,                      MACHINE_ARM,       SYSCALL_COLUMN_arm,         true },
	{ 258 | BITS_64 | LITTLE,           MACHINE_LOONGARCH, SYSCALL_COLUMN_loongarch64, false },
	{ 4,                                MACHINE_M68K,      SYSCALL_COLUMN_m68k,        true },
	{ 8,                                MACHINE_MIPS,      SYSCALL_COLUMN_mips,        true },
	{ 8 | LITTLE,                       MACHINE_MIPS,      SYSCALL_COLUMN_mips,        true },
	{ 8 | BITS_64,                      MACHINE_MIPS,      SYSCALL_COLUMN_mips64,      false },
	{ 8 | BITS_64 | LITTLE,             MACHINE_MIPS,      SYSCALL_COLUMN_mips64,      false },
	{ 8 | BITS_64 | MIPS_N32,           MACHINE_MIPS,      SYSCALL_COLUMN_mips64n32,   true },
	{ 8 | BITS_64 | LITTLE | MIPS_N32,  MACHINE_MIPS,      SYSCALL_COLUMN_mips64n32,   true },
	{ 15,                               MACHINE_PARISC,    SYSCALL_COLUMN_parisc,      true },
	{ 15 | BITS_64,                     MACHINE_PARISC,    SYSCALL_COLUMN_parisc64,    false },
	{ 20,                               MACHINE_PPC,       SYSCALL_COLUMN_ppc,         true },
	{ 21 | BITS_64,                     MACHINE_PPC,       SYSCALL_COLUMN_ppc64,       false },
	{ 21 | BITS_64 | LITTLE,            MACHINE_PPC,       SYSCALL_COLUMN_ppc64,       false },
	{ 243 | BITS_64 | LITTLE,           MACHINE_RISCV,     SYSCALL_COLUMN_riscv64,     false },
	{ 22,                               MACHINE_S390,      SYSCALL_COLUMN_s390,        true },
	{ 22 | BITS_64,                     MACHINE_S390,      SYSCALL_COLUMN_s390x,       false },
	{ 42,                               MACHINE_SH,        SYSCALL_COLUMN_sh,          true },
	{ 42 | LITTLE,                      MACHINE_SH,        SYSCALL_COLUMN_sh,          true },
};

const struct seccomp_arch *seccomp_arch_find(uint32_t audit)
{
	for (size_t i = 0; i < ARRAY_SIZE(arches); i++)
		if (arches[i].audit == audit)
			return &arches[i];
	return NULL;
}

uint32_t seccomp_arch_of_machine(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
	return SECCOMP_ARCH_X32;
#elif defined(__x86_64__)
	return 62 | BITS_64 | LITTLE;
#elif defined(__i386__)
	return 3 | LITTLE;
#elif defined(__aarch64__)
	return 183 | BITS_64 | LITTLE;
#elif defined(__arm__)
	return 40 | LITTLE;
#elif defined(__loongarch64)
	return 258 | BITS_64 | LITTLE;
#elif defined(__m68k__)
	return 4;
#elif defined(__mips__)
	return 8 | (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? LITTLE : 0) |
#if defined(_ABIN32) && _MIPS_SIM == _ABIN32
	       BITS_64 | MIPS_N32;
#elif defined(_ABI64) && _MIPS_SIM == _ABI64
	       BITS_64;
#else
	       0;
#endif
#elif defined(__hppa64__)
	return 15 | BITS_64;
#elif defined(__hppa__)
	return 15;
#elif defined(__powerpc64__)
	return 21 | BITS_64 | (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? LITTLE : 0);
#elif defined(__powerpc__)
	return 20;
#elif defined(__riscv) && __riscv_xlen == 64
	return 243 | BITS_64 | LITTLE;
#elif defined(__s390x__)
	return 22 | BITS_64;
#elif defined(__s390__)
	return 22;
#elif defined(__sh__)
	return 42 | (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? LITTLE : 0);
#else
	return 0;
#endif
}

bool seccomp_arch_runs(uint32_t native, uint32_t audit)
{
	const struct seccomp_arch *host = seccomp_arch_find(native), *guest = seccomp_arch_find(audit);

	/* Byte orders of one machine do not mix. */
	return host && guest && host->machine == guest->machine && (host->audit & LITTLE) == (guest->audit & LITTLE);
}

uint32_t seccomp_arch_private_base(const struct seccomp_arch *arch)
{
	/* __ARM_NR_BASE of arm's <asm/unistd.h> */
	return arch->column == SYSCALL_COLUMN_arm ? 0x0f0000 : UINT32_MAX;
}

int seccomp_row(const char *name)
{
	for (unsigned slot = syscall_table_slot(name);; slot = (slot + 1) % SYSCALL_SLOTS) {
		unsigned row = syscall_table_slots[slot];

		if (row == 0)
			return -1;
		if (strcmp(syscall_table_text + syscall_table_offsets[row - 1], name) == 0)
			return (int)row - 1;
	}
}

int seccomp_row_count(void)
{
	return syscall_table_rows;
}

const char *seccomp_row_name(int row)
{
	return syscall_table_text + syscall_table_offsets[row];
}

int64_t seccomp_row_number(int row, const struct seccomp_arch *arch)
{
	int32_t number = syscall_table_numbers[arch->column][row];

	if (number >= 0 && arch->column == SYSCALL_COLUMN_x32)
		return (int64_t)(SECCOMP_X32_BIT | (uint32_t)number);
	return number;
}

const int16_t *seccomp_rows_by_number(const struct seccomp_arch *arch)
{
	return syscall_table_order[arch->column];
}

/* ---- collective calls ---------------------------------------------------------- */

struct member {
	uint8_t selector;
	char name[15];
};

/* <linux/net.h>: SYS_SOCKET ... */
static const struct member socketcall_members[] = {
	{ 1, "socket" }, { 2, "bind" }, { 3, "connect" }, { 4, "listen" }, { 5, "accept" }, { 6, "getsockname" }, { 7, "getpeername" },
	{ 8, "socketpair" }, { 9, "send" }, { 10, "recv" }, { 11, "sendto" }, { 12, "recvfrom" }, { 13, "shutdown" }, { 14, "setsockopt" },
	{ 15, "getsockopt" }, { 16, "sendmsg" }, { 17, "recvmsg" }, { 18, "accept4" }, { 19, "recvmmsg" }, { 20, "sendmmsg" },
};

/* <linux/ipc.h>: SEMOP ... */
static const struct member ipc_members[] = {
	{ 1, "semop" }, { 2, "semget" }, { 3, "semctl" }, { 4, "semtimedop" }, { 11, "msgsnd" }, { 12, "msgrcv" }, { 13, "msgget" },
	{ 14, "msgctl" }, { 21, "shmat" }, { 22, "shmdt" }, { 23, "shmget" }, { 24, "shmctl" },
};

static size_t list_members(const struct member *members, size_t count, uint32_t mask, struct seccomp_collective *ret)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct seccomp_collective){ .row = seccomp_row(members[i].name), .selector = members[i].selector, .mask = mask };
	return count;
}

size_t seccomp_collective_members(int via, struct seccomp_collective *ret)
{
	const char *name = seccomp_row_name(via);

	if (strcmp(name, "socketcall") == 0)
		return list_members(socketcall_members, ARRAY_SIZE(socketcall_members), 0xffffffff, ret);
	if (strcmp(name, "ipc") == 0)
		return list_members(ipc_members, ARRAY_SIZE(ipc_members), 0xffff, ret); /* a version is above, ipc(2) */
	return 0;
}
