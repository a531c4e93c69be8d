/* SPDX-License-Identifier: Apache-2.0 */
/* The specification's words as the kernel's: each case is a process that is put under the filter. */
#include "runtime/seccomp_plan.h"

#include "host/syscalls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#define LET_THROUGH 200

static char *getsid_only[] = { (char *)"getsid", NULL };

/* The errno that getsid(ARGUMENT), with 3 in the next register, meets under a profile of these rules that lets everything else through. */
static int outcome_of(struct spec_seccomp_rule *rules, size_t count, unsigned long argument)
{
	const struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ALLOW, .rules = rules, .rule_count = count };
	struct seccomp_program program;
	struct error err = ERROR_INIT;
	int status;
	pid_t pid;

	if (seccomp_plan_make(&seccomp, &program, &err) < 0)
		fail_msg("%s", err.message);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* The test program's handler of deadly signals is not the child's; and a core file nobody needs. */
		signal(SIGSYS, SIG_DFL);
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(&program, NULL) < 0)
			_exit(255);
		/* A process of that number has hardly ever been: ESRCH, or its session. */
		if (syscall(SYS_getsid, argument, 3UL) >= 0 || errno == ESRCH)
			_exit(LET_THROUGH);
		_exit(errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	seccomp_program_done(&program);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int outcome_of_action(struct spec_seccomp_rule rule)
{
	rule.names = getsid_only;
	return outcome_of(&rule, 1, 0);
}

static void test_actions(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_ALLOW }), LET_THROUGH);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_LOG }), LET_THROUGH);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_ERRNO }), EPERM);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = 95 }), 95);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_KILL_THREAD }), 1000 + SIGSYS);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_KILL_PROCESS }), 1000 + SIGSYS);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_TRAP }), 1000 + SIGSYS);
	/* Nobody traces, nobody listens: such a call does not exist. */
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_TRACE }), ENOSYS);
	assert_int_equal(outcome_of_action((struct spec_seccomp_rule){ .action = SECCOMP_ACT_NOTIFY }), ENOSYS);
}

/* Whether the rule with this one condition met getsid(ARGUMENT). */
static bool meets(enum spec_seccomp_op op, uint64_t value, uint64_t value_two, unsigned long argument)
{
	struct spec_seccomp_arg arg = { .index = 0, .op = op, .value = value, .value_two = value_two };
	struct spec_seccomp_rule rule = { .names = getsid_only, .action = SECCOMP_ACT_ERRNO, .args = &arg, .arg_count = 1 };
	int outcome = outcome_of(&rule, 1, argument);

	assert_true(outcome == EPERM || outcome == LET_THROUGH);
	return outcome == EPERM;
}

static void test_operators(void **state)
{
	(void)state;
	assert_true(meets(SECCOMP_OP_NE, 5, 0, 6));
	assert_false(meets(SECCOMP_OP_NE, 5, 0, 5));
	assert_true(meets(SECCOMP_OP_LT, 5, 0, 4));
	assert_false(meets(SECCOMP_OP_LT, 5, 0, 5));
	assert_true(meets(SECCOMP_OP_LE, 5, 0, 5));
	assert_false(meets(SECCOMP_OP_LE, 5, 0, 6));
	assert_true(meets(SECCOMP_OP_EQ, 5, 0, 5));
	assert_false(meets(SECCOMP_OP_EQ, 5, 0, 6));
	assert_true(meets(SECCOMP_OP_GE, 5, 0, 5));
	assert_false(meets(SECCOMP_OP_GE, 5, 0, 4));
	assert_true(meets(SECCOMP_OP_GT, 5, 0, 6));
	assert_false(meets(SECCOMP_OP_GT, 5, 0, 5));
	/* `value` is the mask, `valueTwo` what must be under it. */
	assert_true(meets(SECCOMP_OP_MASKED_EQ, 0xf0, 0x50, 0x5a));
	assert_false(meets(SECCOMP_OP_MASKED_EQ, 0xf0, 0x50, 0x6a));
	assert_true(meets(SECCOMP_OP_MASKED_EQ, 0x50, 0xf0, 0x5a)); /* bits of it beside the mask do not count */
	assert_false(meets(SECCOMP_OP_MASKED_EQ, 0x50, 0xf0, 0x4a));
}

/* Conditions of one rule must all hold, but two about one argument are alternatives. */
static void test_conditions_of_a_rule(void **state)
{
	struct spec_seccomp_arg both[] = { { .index = 0, .op = SECCOMP_OP_EQ, .value = 7 }, { .index = 0, .op = SECCOMP_OP_EQ, .value = 9 } };
	struct spec_seccomp_rule rule = { .names = getsid_only, .action = SECCOMP_ACT_ERRNO, .args = both, .arg_count = 2 };

	(void)state;
	assert_int_equal(outcome_of(&rule, 1, 7), EPERM);
	assert_int_equal(outcome_of(&rule, 1, 8), LET_THROUGH);
	assert_int_equal(outcome_of(&rule, 1, 9), EPERM);
	both[1] = (struct spec_seccomp_arg){ .index = 1, .op = SECCOMP_OP_EQ, .value = 3 };
	assert_int_equal(outcome_of(&rule, 1, 7), EPERM);
	assert_int_equal(outcome_of(&rule, 1, 8), LET_THROUGH);
	both[1].value = 4;
	assert_int_equal(outcome_of(&rule, 1, 7), LET_THROUGH);
}

/* The two orders of a rule with and one without conditions. */
static void test_unconditional_wins(void **state)
{
	struct spec_seccomp_arg arg = { .index = 0, .op = SECCOMP_OP_EQ, .value = 7 };
	struct spec_seccomp_rule rules[] = {
		{ .names = getsid_only, .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = 13, .args = &arg, .arg_count = 1 },
		{ .names = getsid_only, .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = 38 },
	};

	(void)state;
	assert_int_equal(outcome_of(rules, 2, 7), 38);
	assert_int_equal(outcome_of((struct spec_seccomp_rule[]){ rules[1], rules[0] }, 2, 7), 38);
	assert_int_equal(outcome_of(rules, 1, 7), 13);
}

static unsigned length_with(uint32_t *architectures, size_t count)
{
	struct spec_seccomp_rule rule = { .names = getsid_only, .action = SECCOMP_ACT_ERRNO };
	struct spec_seccomp seccomp = {
		.default_action = SECCOMP_ACT_ALLOW,
		.architectures = architectures,
		.architecture_count = count,
		.rules = &rule,
		.rule_count = 1,
	};
	struct seccomp_program program;
	unsigned length;

	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	length = program.length;
	seccomp_program_done(&program);
	return length;
}

/* What no kernel of this machine runs does not make the filter longer. */
static void test_foreign_architectures(void **state)
{
	uint32_t foreign[] = { 22 | 0x80000000u, 15 }; /* s390x, parisc */

	(void)state;
#if defined(__s390__) || defined(__hppa__)
	skip();
#endif
	assert_int_equal(length_with(foreign, 2), length_with(NULL, 0));
}

#define RULES 2000

/* Rules beyond what a filter can hold are refused in words, not cut. */
static void test_too_long(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_seccomp_rule *rules = arena_alloc(arena, RULES, sizeof *rules);
	struct spec_seccomp_arg *args = arena_alloc(arena, RULES, sizeof *args);
	struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ALLOW, .rules = rules, .rule_count = RULES };
	struct seccomp_program program = { .length = 77 };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < RULES; i++) {
		args[i] = (struct spec_seccomp_arg){ .op = SECCOMP_OP_EQ, .value = i };
		rules[i] = (struct spec_seccomp_rule){ .names = getsid_only, .action = SECCOMP_ACT_ERRNO, .args = &args[i], .arg_count = 1 };
	}
	assert_true(seccomp_plan_make(&seccomp, &program, &err) < 0);
	assert_non_null(strstr(err.message, "4096"));
	assert_int_equal(program.length, 77);
}

static void test_print(void **state)
{
	char *names[] = { (char *)"mount", (char *)"umount2", NULL };
	struct spec_seccomp_arg arg = { .op = SECCOMP_OP_EQ };
	struct spec_seccomp_rule rules[] = {
		{ .names = names, .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = 38 },
		{ .names = getsid_only, .action = SECCOMP_ACT_NOTIFY, .args = &arg, .arg_count = 1 },
	};
	struct spec_seccomp seccomp = { .default_action = SECCOMP_ACT_ERRNO, .rules = rules, .rule_count = 2, .listener_path = (char *)"/run/agent" };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct seccomp_program program;
	_cleanup_free_ char *expected = NULL;

	(void)state;
	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	assert_true(program.has_notify);
	seccomp_plan_print(&seccomp, &program, "  ", &text);
	expected = str_printf("  filter of %u instructions, otherwise SCMP_ACT_ERRNO(1)\n"
			      "  SCMP_ACT_ERRNO(38): mount and 1 more\n"
			      "  SCMP_ACT_NOTIFY if 1 argument agrees: getsid\n"
			      "  listener handed to '/run/agent'\n",
		program.length);
	assert_string_equal(text.data, expected);
	seccomp_program_done(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_conditions_of_a_rule),
		cmocka_unit_test(test_unconditional_wins),
		cmocka_unit_test(test_foreign_architectures),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_print),
	};

	if (!seccomp_has_action(SECCOMP_RET_USER_NOTIF)) {
		printf("1..0 # SKIP missing: seccomp\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
