/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"
#include "base/str.h"
#include "spec/config.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Every table: no word twice, each found again, with the value that the list tells. */
static void test_every_table(void **state)
{
	(void)state;
	for (enum spec_names set = 0; set < SPEC_NAMES_COUNT; set++) {
		const char *name;
		uint32_t value, found;
		size_t count = 0;

		for (; (name = spec_name_at(set, count, &value)); count++) {
			for (size_t i = 0; i < count; i++)
				assert_string_not_equal(spec_name_at(set, i, NULL), name);
			assert_true(spec_name_value(set, name, strlen(name), &found));
			assert_int_equal(found, value);
			assert_non_null(spec_name_of(set, value));
		}
		assert_true(count > 0);
		assert_null(spec_name_at(set, count, NULL));
		assert_true(strlen(spec_name_kind(set)) > 0);
	}
}

static void test_capabilities_are_complete(void **state)
{
	uint32_t value;

	(void)state;
	for (uint32_t i = 0; i <= CAP_LAST_CAP; i++) {
		assert_non_null(spec_name_at(SPEC_CAPABILITIES, i, &value));
		assert_int_equal(value, i);
	}
	assert_string_equal(spec_name_of(SPEC_CAPABILITIES, CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
	assert_string_equal(spec_name_of(SPEC_CAPABILITIES, CAP_CHECKPOINT_RESTORE), "CAP_CHECKPOINT_RESTORE");
	assert_null(spec_name_of(SPEC_CAPABILITIES, 63));
}

/* The numbers written out are those of the kernel's headers. */
static void test_architectures(void **state)
{
	static const struct {
		const char *name;
		uint32_t value;
	} cases[] = {
		{ "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
		{ "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 },
		{ "SCMP_ARCH_X32", SPEC_ARCH_X32 },
		{ "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
		{ "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
		{ "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 },
		{ "SCMP_ARCH_M68K", AUDIT_ARCH_M68K },
		{ "SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS },
		{ "SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64 },
		{ "SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64N32 },
		{ "SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL },
		{ "SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64 },
		{ "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32 },
		{ "SCMP_ARCH_PPC", AUDIT_ARCH_PPC },
		{ "SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64 },
		{ "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE },
		{ "SCMP_ARCH_S390", AUDIT_ARCH_S390 },
		{ "SCMP_ARCH_S390X", AUDIT_ARCH_S390X },
		{ "SCMP_ARCH_SH", AUDIT_ARCH_SHEL },
		{ "SCMP_ARCH_SHEB", AUDIT_ARCH_SH },
		{ "SCMP_ARCH_PARISC", AUDIT_ARCH_PARISC },
		{ "SCMP_ARCH_PARISC64", AUDIT_ARCH_PARISC64 },
		{ "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64 },
	};
	uint32_t value = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(spec_name_value(SPEC_SECCOMP_ARCHITECTURES, cases[i].name, strlen(cases[i].name), &value));
		assert_int_equal(value, cases[i].value);
	}
	assert_null(spec_name_at(SPEC_SECCOMP_ARCHITECTURES, ARRAY_SIZE(cases), NULL));
}

static void test_filter_flags(void **state)
{
	(void)state;
	assert_string_equal(spec_name_of(SPEC_SECCOMP_FLAGS, SECCOMP_FILTER_FLAG_TSYNC), "SECCOMP_FILTER_FLAG_TSYNC");
	assert_string_equal(spec_name_of(SPEC_SECCOMP_FLAGS, SECCOMP_FILTER_FLAG_LOG), "SECCOMP_FILTER_FLAG_LOG");
	assert_string_equal(spec_name_of(SPEC_SECCOMP_FLAGS, SECCOMP_FILTER_FLAG_SPEC_ALLOW), "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
	assert_string_equal(spec_name_of(SPEC_SECCOMP_FLAGS, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
			    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
}

static void test_two_words_for_one_value(void **state)
{
	uint32_t value = 99;

	(void)state;
	assert_true(spec_name_value(SPEC_SECCOMP_ACTIONS, "SCMP_ACT_KILL", 13, &value));
	assert_int_equal(value, SECCOMP_ACT_KILL_THREAD);
	assert_string_equal(spec_name_of(SPEC_SECCOMP_ACTIONS, SECCOMP_ACT_KILL_THREAD), "SCMP_ACT_KILL");
}

static void test_unknown_words(void **state)
{
	uint32_t value = 7;

	(void)state;
	assert_false(spec_name_value(SPEC_NAMESPACES, "", 0, &value));
	assert_false(spec_name_value(SPEC_NAMESPACES, "PID", 3, &value));
	assert_false(spec_name_value(SPEC_NAMESPACES, "mnt", 3, &value));
	assert_int_equal(value, 7);
}

static void test_nearest(void **state)
{
	char text[200];

	(void)state;
	assert_string_equal(spec_name_nearest(SPEC_NAMESPACES, "netwrok"), "network");
	assert_string_equal(spec_name_nearest(SPEC_NAMESPACES, "net"), "network");
	assert_string_equal(spec_name_nearest(SPEC_NAMESPACES, "mnt"), "mount");
	assert_string_equal(spec_name_nearest(SPEC_NAMESPACES, "PID"), "pid");
	assert_string_equal(spec_name_nearest(SPEC_CAPABILITIES, "SYS_ADMIN"), "CAP_SYS_ADMIN");
	assert_string_equal(spec_name_nearest(SPEC_RLIMITS, "NOFILE"), "RLIMIT_NOFILE");
	assert_string_equal(spec_name_nearest(SPEC_SECCOMP_ACTIONS, "SCMP_ACT_ERNO"), "SCMP_ACT_ERRNO");
	assert_null(spec_name_nearest(SPEC_NAMESPACES, "weather"));
	assert_null(spec_name_nearest(SPEC_NAMESPACES, "zz9"));
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_null(spec_name_nearest(SPEC_NAMESPACES, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_table),
		cmocka_unit_test(test_capabilities_are_complete),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_filter_flags),
		cmocka_unit_test(test_two_words_for_one_value),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
