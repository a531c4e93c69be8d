/* SPDX-License-Identifier: Apache-2.0 */
#include "host/seccomp_arch.h"

#include "base/cleanup.h"
#include "host/syscalls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define X86_64 0xc000003eu
#define X86 0x40000003u
#define AARCH64 0xc00000b7u
#define ARM 0x40000028u
#define S390X 0x80000016u

static int64_t number_of(const char *name, uint32_t audit)
{
	int row = seccomp_row(name);

	assert_true(row >= 0);
	return seccomp_row_number(row, seccomp_arch_find(audit));
}

static void test_names(void **state)
{
	(void)state;
	assert_true(seccomp_row_count() > 500);
	for (int row = 0; row < seccomp_row_count(); row++) {
		assert_int_equal(seccomp_row(seccomp_row_name(row)), row);
		if (row > 0)
			assert_true(strcmp(seccomp_row_name(row - 1), seccomp_row_name(row)) < 0);
	}
	assert_int_equal(seccomp_row("no_such_call"), -1);
	assert_int_equal(seccomp_row(""), -1);
	assert_int_equal(seccomp_row("READ"), -1);
}

/* Against the headers that this is compiled with, on whatever machine. */
static void test_own_numbers(void **state)
{
	uint32_t own = seccomp_arch_of_machine();

	(void)state;
	assert_non_null(seccomp_arch_find(own));
	assert_int_equal(number_of("read", own), SYS_read);
	assert_int_equal(number_of("openat", own), SYS_openat);
	assert_int_equal(number_of("execve", own), SYS_execve);
	assert_int_equal(number_of("seccomp", own), SYS_seccomp);
	assert_int_equal(number_of("openat2", own), SYS_openat2);
	assert_int_equal(number_of("mount_setattr", own), SYS_mount_setattr);
}

static void test_other_numbers(void **state)
{
	(void)state;
	assert_int_equal(number_of("socketcall", X86), 102);
	assert_int_equal(number_of("socketcall", X86_64), -1);
	assert_int_equal(number_of("ioctl", SECCOMP_ARCH_X32), SECCOMP_X32_BIT | 514);
	assert_int_equal(number_of("read", SECCOMP_ARCH_X32), SECCOMP_X32_BIT);
	assert_int_equal(number_of("set_tls", ARM), 0x0f0005);
	assert_int_equal(number_of("open", AARCH64), -1);
	assert_int_equal(number_of("read", 8), 4003);            /* mips */
	assert_int_equal(number_of("read", 0xc0000008u), 5000);  /* mipsel64 */
	assert_int_equal(number_of("file_setattr", S390X), 469);
}

static void test_order(void **state)
{
	static const uint32_t some[] = { X86_64, X86, SECCOMP_ARCH_X32, AARCH64, ARM, S390X, 8, 15, 20, 42 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		const struct seccomp_arch *arch = seccomp_arch_find(some[i]);
		int64_t last = -1;
		int count = 0, expected = 0;

		for (const int16_t *row = seccomp_rows_by_number(arch); *row >= 0; row++, count++) {
			assert_true(seccomp_row_number(*row, arch) >= last);
			last = seccomp_row_number(*row, arch);
		}
		for (int row = 0; row < seccomp_row_count(); row++)
			expected += seccomp_row_number(row, arch) >= 0;
		assert_int_equal(count, expected);
		assert_true(count > 250);
	}
}

static void test_families(void **state)
{
	(void)state;
	assert_true(seccomp_arch_runs(X86_64, X86_64));
	assert_true(seccomp_arch_runs(X86_64, X86));
	assert_true(seccomp_arch_runs(X86_64, SECCOMP_ARCH_X32));
	assert_true(seccomp_arch_runs(AARCH64, ARM));
	assert_false(seccomp_arch_runs(X86_64, ARM));
	assert_false(seccomp_arch_runs(8, 8 | 0x40000000u)); /* mips, mipsel */
	assert_false(seccomp_arch_runs(X86_64, 0x1234));
	assert_null(seccomp_arch_find(0x1234));
	assert_true(seccomp_arch_find(SECCOMP_ARCH_X32)->is_32bit);
	assert_false(seccomp_arch_find(S390X)->is_32bit);
}

static void test_collective(void **state)
{
	struct seccomp_collective members[SECCOMP_COLLECTIVE_LIMIT];

	(void)state;
	assert_int_equal(seccomp_collective_members(seccomp_row("read"), members), 0);
	assert_int_equal(seccomp_collective_members(seccomp_row("ipc"), members), 12);
	assert_int_equal(seccomp_collective_members(seccomp_row("socketcall"), members), 20);
	for (size_t i = 0; i < 20; i++)
		assert_true(members[i].row >= 0 && members[i].selector == i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_own_numbers),
		cmocka_unit_test(test_other_numbers),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_collective),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
