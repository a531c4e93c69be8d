/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp_plan.h"

#include "host/seccomp_arch.h"
#include "spec/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *getppid_only[] = { (char *)"getppid", NULL };
static char *unknown_only[] = { (char *)"no_such_call", (char *)"getsid", NULL };

/* Whether PROGRAM can return VALUE at all. */
static bool returns(const struct seccomp_program *program, uint32_t value)
{
	for (unsigned i = 0; i < program->length; i++)
		if (program->filter[i].code == (BPF_RET | BPF_K) && program->filter[i].k == value)
			return true;
	return false;
}

static bool compares(const struct seccomp_program *program, uint16_t code, uint32_t value)
{
	for (unsigned i = 0; i < program->length; i++)
		if (program->filter[i].code == code && program->filter[i].k == value)
			return true;
	return false;
}

static void test_actions(void **state)
{
	static const struct {
		struct spec_seccomp_rule rule;
		uint32_t expected;
	} cases[] = {
		{ { .action = SECCOMP_ACT_ERRNO }, SECCOMP_RET_ERRNO | EPERM },
		{ { .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = 0 }, SECCOMP_RET_ERRNO },
		{ { .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = 95 }, SECCOMP_RET_ERRNO | 95 },
		{ { .action = SECCOMP_ACT_TRACE }, SECCOMP_RET_TRACE | EPERM },
		{ { .action = SECCOMP_ACT_TRACE, .has_errno = true, .errno_ret = 77 }, SECCOMP_RET_TRACE | 77 },
		{ { .action = SECCOMP_ACT_KILL_THREAD }, SECCOMP_RET_KILL_THREAD },
		{ { .action = SECCOMP_ACT_KILL_PROCESS }, SECCOMP_RET_KILL_PROCESS },
		{ { .action = SECCOMP_ACT_TRAP }, SECCOMP_RET_TRAP },
		{ { .action = SECCOMP_ACT_LOG }, SECCOMP_RET_LOG },
		{ { .action = SECCOMP_ACT_NOTIFY }, SECCOMP_RET_USER_NOTIF },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_seccomp_rule rule = cases[i].rule;
		struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ALLOW, .rules = &rule, .rule_count = 1 };
		struct seccomp_program program = { 0 };

		rule.names = getppid_only;
		assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
		assert_true(returns(&program, cases[i].expected));
		assert_true(returns(&program, SECCOMP_RET_ALLOW));
		assert_int_equal(program.has_notify, rule.action == SECCOMP_ACT_NOTIFY);
		seccomp_program_done(&program);
	}
}

/* Of MASKED_EQ `value` is the mask and `valueTwo` what is compared with; of the others `value` is. */
static void test_arguments(void **state)
{
	struct spec_seccomp_arg args[] = {
		{ .index = 0, .op = SECCOMP_OP_MASKED_EQ, .value = 0xf0, .value_two = 0x50 },
		{ .index = 1, .op = SECCOMP_OP_GT, .value = 0x1234, .value_two = 0x777 },
	};
	struct spec_seccomp_rule rule = { .names = getppid_only, .action = SECCOMP_ACT_ERRNO, .args = args, .arg_count = 2 };
	struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ALLOW, .rules = &rule, .rule_count = 1 };
	struct seccomp_program program = { 0 };

	(void)state;
	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	assert_true(compares(&program, BPF_ALU | BPF_AND | BPF_K, 0xf0));
	assert_true(compares(&program, BPF_JMP | BPF_JEQ | BPF_K, 0x50));
	assert_true(compares(&program, BPF_JMP | BPF_JGT | BPF_K, 0x1234));
	assert_false(compares(&program, BPF_JMP | BPF_JGT | BPF_K, 0x777));
	seccomp_program_done(&program);
}

/* All that the specification knows may be listed; those that this machine cannot run cost nothing. */
static void test_architectures(void **state)
{
	uint32_t all[64];
	struct spec_seccomp_rule rule = { .names = getppid_only, .action = SECCOMP_ACT_ERRNO };
	struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ALLOW, .rules = &rule, .rule_count = 1, .architectures = all };
	struct seccomp_program program = { 0 };
	size_t family = 0;

	(void)state;
	while (spec_name_at(SPEC_SECCOMP_ARCHITECTURES, seccomp.architecture_count, &all[seccomp.architecture_count])) {
		assert_non_null(seccomp_arch_find(all[seccomp.architecture_count]));
		seccomp.architecture_count++;
	}
	assert_true(seccomp.architecture_count > 20);
	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	for (size_t i = 0; i < seccomp.architecture_count; i++) {
		bool is_tested = compares(&program, BPF_JMP | BPF_JEQ | BPF_K, all[i]);

		if (seccomp_arch_runs(seccomp_arch_of_machine(), all[i]))
			family++;
		if (all[i] != SECCOMP_ARCH_X32) /* which is told by the number */
			assert_int_equal(is_tested, seccomp_arch_runs(seccomp_arch_of_machine(), all[i]));
	}
	assert_true(family > 0 && family < 7);
	seccomp_program_done(&program);
}

static void test_refused(void **state)
{
	struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ALLOW, .flags = 1u << 30 };
	struct spec_seccomp_rule *rules = calloc(2000, sizeof *rules);
	struct spec_seccomp_arg *args = calloc(2000, sizeof *args);
	struct seccomp_program program = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(seccomp_plan_make(&seccomp, &program, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.message, "linux.seccomp.flags"));

	for (size_t i = 0; i < 2000; i++) {
		args[i] = (struct spec_seccomp_arg){ .index = 0, .op = SECCOMP_OP_EQ, .value = i << 32 | i };
		rules[i] = (struct spec_seccomp_rule){ .names = getppid_only, .action = SECCOMP_ACT_ERRNO, .args = &args[i], .arg_count = 1 };
	}
	seccomp = (struct spec_seccomp){ .default_action = SECCOMP_ACT_ALLOW, .rules = rules, .rule_count = 2000 };
	assert_true(seccomp_plan_make(&seccomp, &program, &err) < 0);
	assert_non_null(strstr(err.message, "4096"));
	assert_null(program.filter);
	free(rules);
	free(args);
}

static void test_print(void **state)
{
	struct spec_seccomp_arg arg = { .index = 0, .op = SECCOMP_OP_EQ };
	struct spec_seccomp_rule rules[] = {
		{ .names = getppid_only, .action = SECCOMP_ACT_NOTIFY, .args = &arg, .arg_count = 1 },
		{ .names = unknown_only, .action = SECCOMP_ACT_ALLOW },
	};
	struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ERRNO, .has_default_errno = true, .default_errno = 38, .rules = rules, .rule_count = 2, .listener_path = (char *)"/run/l" };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct seccomp_program program = { 0 };

	(void)state;
	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	seccomp_plan_print(&seccomp, &program, "  ", &text);
	assert_non_null(strstr(text.data, "instructions, otherwise SCMP_ACT_ERRNO(38)\n"));
	assert_non_null(strstr(text.data, "\n  SCMP_ACT_NOTIFY if 1 argument agrees: getppid\n"));
	assert_non_null(strstr(text.data, "\n  SCMP_ACT_ALLOW: no_such_call and 1 more\n"));
	assert_non_null(strstr(text.data, "\n  listener handed to '/run/l'\n"));
	seccomp_program_done(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
