/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seccomp_default.h"
#include "base/str.h"
#include "host/syscall_table.h"
#include "runtime/seccomp_plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DEFAULT_CAPS UINT64_C(0x800405fb)
#define SYS_ADMIN (UINT64_C(1) << 21)

/* Somebody has thought of every call that the table of numbers knows. */
static void test_complete(void **state _unused_)
{
	for (size_t row = 0; row < syscall_table_rows; row++) {
		const char *name = syscall_table_text + syscall_table_offsets[row];

		if (seccomp_default_verdict(name, 0) == SECCOMP_UNKNOWN)
			fail_msg("'%s' is in no list", name);
		if (seccomp_default_verdict(name, UINT64_MAX) == SECCOMP_UNKNOWN)
			fail_msg("'%s' is in no list", name);
	}
	assert_int_equal(seccomp_default_verdict("newer_than_us", UINT64_MAX), SECCOMP_UNKNOWN);
	assert_int_equal(seccomp_default_verdict("rea", UINT64_MAX), SECCOMP_UNKNOWN);
}

static void test_verdicts(void **state _unused_)
{
	static const struct {
		const char *name;
		enum seccomp_verdict without, with; /* SYS_ADMIN */
	} cases[] = {
		{ "read", SECCOMP_ALLOWED, SECCOMP_ALLOWED },
		{ "mount", SECCOMP_REFUSED, SECCOMP_ALLOWED },
		{ "unshare", SECCOMP_REFUSED, SECCOMP_ALLOWED },
		{ "clone", SECCOMP_CONDITIONAL, SECCOMP_ALLOWED },
		{ "clone3", SECCOMP_MISSING, SECCOMP_ALLOWED },
		{ "bpf", SECCOMP_REFUSED, SECCOMP_ALLOWED },
		{ "io_uring_setup", SECCOMP_MISSING, SECCOMP_MISSING },
		{ "keyctl", SECCOMP_REFUSED, SECCOMP_REFUSED },
		{ "init_module", SECCOMP_REFUSED, SECCOMP_REFUSED },
		{ "kexec_load", SECCOMP_REFUSED, SECCOMP_REFUSED },
		{ "chroot", SECCOMP_ALLOWED, SECCOMP_ALLOWED },
		{ "socket", SECCOMP_CONDITIONAL, SECCOMP_CONDITIONAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(seccomp_default_verdict(cases[i].name, DEFAULT_CAPS), cases[i].without);
		assert_int_equal(seccomp_default_verdict(cases[i].name, DEFAULT_CAPS | SYS_ADMIN), cases[i].with);
	}
}

static bool has_rule(const struct spec_seccomp *seccomp, const char *name, enum spec_seccomp_action action)
{
	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (seccomp->rules[i].action == action && seccomp->rules[i].arg_count == 0 && strv_contains(seccomp->rules[i].names, name))
			return true;
	return false;
}

/* What the policy says is what the verdicts say, for all calls and any capability; and it compiles. */
static void test_policy(void **state _unused_)
{
	for (unsigned cap = 0; cap < 42; cap++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		uint64_t caps = cap == 41 ? DEFAULT_CAPS : UINT64_C(1) << cap;
		struct spec_seccomp *seccomp = seccomp_default(arena, caps);
		struct seccomp_program program = { 0 };

		assert_int_equal(seccomp->default_errno, ENOSYS);
		for (size_t row = 0; row < syscall_table_rows; row++) {
			const char *name = syscall_table_text + syscall_table_offsets[row];
			enum seccomp_verdict verdict = seccomp_default_verdict(name, caps);

			assert_int_equal(has_rule(seccomp, name, SECCOMP_ACT_ALLOW), verdict == SECCOMP_ALLOWED);
			assert_int_equal(has_rule(seccomp, name, SECCOMP_ACT_ERRNO), verdict == SECCOMP_REFUSED);
		}
		if (cap < 41)
			continue;
		assert_int_equal(seccomp_plan_make(seccomp, &program, NULL), 0);
		assert_true(program.length > 100);
		seccomp_program_done(&program);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_complete), cmocka_unit_test(test_verdicts), cmocka_unit_test(test_policy) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
