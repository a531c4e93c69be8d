/* SPDX-License-Identifier: Apache-2.0 */
/* Particular programs, of which something is known beforehand, and a few on a process. All others: seccomp_test.c. */
#include "host/seccomp_code.h"

#include "host/seccomp_interpreter_test.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* ---- particular cases ------------------------------------------------------------------------------ */

#define NAME_LIST(...) ((char *[]){ __VA_ARGS__, NULL })

static struct seccomp_program compile(uint32_t otherwise, const struct seccomp_rule *rules, size_t count, const uint32_t *architectures, size_t architecture_count)
{
	struct seccomp_policy policy = { .default_action = otherwise, .rules = rules, .rule_count = count, .architectures = architectures, .architecture_count = architecture_count };
	struct seccomp_program program = { 0 };

	assert_int_equal(seccomp_compile(&policy, &program), 0);
	return program;
}

/* socketcall(2) and ipc(2) of i386. */
static void test_collective(void **state)
{
	static const uint32_t architectures[] = { X86_64, X86 };
	static const struct seccomp_condition is_alg = { 0, SECCOMP_IS_EQ, 38, UINT64_MAX };
	uint64_t args[6] = { 1, 0, 0, 0, 0, 0 };
	struct seccomp_rule rules[] = {
		{ NAME_LIST("socket"), DENY, &is_alg, 1 },
		{ NAME_LIST("bind", "shmat"), DENY, NULL, 0 },
	};
	struct seccomp_program program = compile(SECCOMP_RET_ALLOW, rules, 2, architectures, 2);

	(void)state;
	/* What a rule denies is not to be had by another way, although that way hides the family. */
	assert_int_equal(ask(&program, X86, 102, args), DENY);
	args[0] = 2;
	assert_int_equal(ask(&program, X86, 102, args), DENY);
	args[0] = 3;
	assert_int_equal(ask(&program, X86, 102, args), SECCOMP_RET_ALLOW);
	args[0] = 21;
	assert_int_equal(ask(&program, X86, 117, args), DENY);
	args[0] = 1 << 16 | 21; /* with a version */
	assert_int_equal(ask(&program, X86, 117, args), DENY);
	args[0] = 22;
	assert_int_equal(ask(&program, X86, 117, args), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&program, X86_64, 102, args), SECCOMP_RET_ALLOW); /* getuid */
	seccomp_program_done(&program);

	/* What a rule allows for some arguments is not allowed for those that cannot be seen. */
	rules[0].action = rules[1].action = SECCOMP_RET_ALLOW;
	program = compile(DENY, rules, 2, architectures, 2);
	args[0] = 1;
	assert_int_equal(ask(&program, X86, 102, args), DENY);
	args[0] = 2;
	assert_int_equal(ask(&program, X86, 102, args), SECCOMP_RET_ALLOW);
	args[0] = 38;
	assert_int_equal(ask(&program, X86, 359, args), SECCOMP_RET_ALLOW); /* socket */
	seccomp_program_done(&program);
}

static void test_unknown_calls(void **state)
{
	static const uint32_t architectures[] = { X86_64, ARM };
	const struct seccomp_rule rules[] = { { NAME_LIST("read", "openat2", "set_tls"), SECCOMP_RET_ALLOW, NULL, 0 }, { NAME_LIST("fchmodat2"), DENY, NULL, 0 } };
	struct seccomp_program program = compile(DENY, rules, 2, architectures, 2);
	uint32_t x86_64 = seccomp_arch_of_machine() == X86_64 ? X86_64 : architectures[0];

	(void)state;
	/* fchmodat2, 452, is known, if only to be denied. */
	assert_int_equal(ask(&program, x86_64, 451, NULL), DENY);
	assert_int_equal(ask(&program, x86_64, 452, NULL), DENY);
	assert_int_equal(ask(&program, x86_64, 453, NULL), UNKNOWN);
	assert_int_equal(ask(&program, x86_64, SECCOMP_X32_BIT, NULL), UNKNOWN);
	assert_int_equal(ask(&program, x86_64, UINT32_MAX, NULL), UNKNOWN);
	/* arm's private calls are no newer than the others. */
	assert_int_equal(ask(&program, ARM, 453, NULL), UNKNOWN);
	assert_int_equal(ask(&program, ARM, 0x0f0001, NULL), DENY);
	assert_int_equal(ask(&program, ARM, 0x0f0005, NULL), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&program, ARM, 0x0f0006, NULL), DENY);
	seccomp_program_done(&program);

	program = compile(SECCOMP_RET_LOG, rules, 2, architectures, 2);
	assert_int_equal(ask(&program, x86_64, 453, NULL), SECCOMP_RET_LOG);
	assert_int_equal(ask(&program, x86_64, SECCOMP_X32_BIT, NULL), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(ask(&program, x86_64, UINT32_MAX, NULL), SECCOMP_RET_LOG);
	seccomp_program_done(&program);

	program = compile(SECCOMP_RET_KILL_PROCESS, NULL, 0, architectures, 2);
	assert_int_equal(ask(&program, x86_64, 1000, NULL), SECCOMP_RET_KILL_PROCESS);
	seccomp_program_done(&program);
}

static void test_order_of_rules(void **state)
{
	static const struct seccomp_condition one = { 0, SECCOMP_IS_EQ, 1, UINT64_MAX }, few = { 0, SECCOMP_IS_LE, 5, UINT64_MAX };
	const struct seccomp_rule rules[] = {
		{ NAME_LIST("read"), SECCOMP_RET_ERRNO | 1, &one, 1 },
		{ NAME_LIST("read"), SECCOMP_RET_ERRNO | 2, &few, 1 },
		{ NAME_LIST("write"), SECCOMP_RET_ERRNO | 1, &one, 1 },
		{ NAME_LIST("write"), SECCOMP_RET_ERRNO | 3, NULL, 0 },
		{ NAME_LIST("write"), SECCOMP_RET_ERRNO | 4, NULL, 0 },
		{ NAME_LIST("close"), SECCOMP_RET_ALLOW, NULL, 0 },
		{ NAME_LIST("close"), SECCOMP_RET_ERRNO | 2, &few, 1 },
	};
	static const uint32_t architectures[] = { X86_64 };
	struct seccomp_program program = compile(SECCOMP_RET_ALLOW, rules, ARRAY_SIZE(rules), architectures, 1);
	uint64_t args[6] = { 1, 0, 0, 0, 0, 0 };

	(void)state;
	assert_int_equal(ask(&program, X86_64, 0, args), SECCOMP_RET_ERRNO | 1);
	assert_int_equal(ask(&program, X86_64, 1, args), SECCOMP_RET_ERRNO | 3);
	args[0] = 5;
	assert_int_equal(ask(&program, X86_64, 0, args), SECCOMP_RET_ERRNO | 2);
	/* A rule of the default action is none. */
	assert_int_equal(ask(&program, X86_64, 3, args), SECCOMP_RET_ERRNO | 2);
	seccomp_program_done(&program);
}

/* Programs near the limit, whose jumps do not fit in 8 bits. */
static void test_long_programs(void **state)
{
	static const uint32_t architectures[] = { X86_64 };
	struct seccomp_condition *conditions = memory_new(2000, sizeof *conditions);
	struct seccomp_rule *rules = memory_new(2000, sizeof *rules);
	char *names[] = { (char *)"read", NULL, (char *)"write", NULL, (char *)"close", NULL };
	struct seccomp_policy policy = { .default_action = DENY, .rules = rules, .architectures = architectures, .architecture_count = 1 };
	struct seccomp_program program = { 0 };
	uint64_t args[6] = { 0 };

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		conditions[i] = (struct seccomp_condition){ (unsigned)(i % 3), SECCOMP_IS_EQ, i << 20 | i, UINT64_MAX };
		rules[i] = (struct seccomp_rule){ &names[i % 3 * 2], SECCOMP_RET_ERRNO | (uint32_t)(i + 1), &conditions[i], 1 };
	}
	policy.rule_count = 750;
	assert_int_equal(seccomp_compile(&policy, &program), 0);
	assert_true(program.length > 3000);
	for (size_t i = 0; i < 750; i++)
		for (uint32_t number = 0; number < 4; number++) {
			static const uint32_t numbers[] = { 0, 1, 3, 2 };

			args[i % 3] = i << 20 | i;
			assert_int_equal(ask(&program, X86_64, numbers[number], args), meaning(&policy, X86_64, numbers[number], args));
			args[i % 3] = 0;
		}
	seccomp_program_done(&program);
	policy.rule_count = 2000;
	assert_int_equal(seccomp_compile(&policy, &program), -E2BIG);
	assert_null(program.filter);
	free(rules);
	free(conditions);
}

static void test_wrong_policies(void **state)
{
	static const struct seccomp_condition wrong[] = { { 6, SECCOMP_IS_EQ, 0, 0 }, { 0, (enum seccomp_comparison)7, 0, 0 } };
	static const uint32_t pdp11 = 0x1234;
	struct seccomp_program program = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct seccomp_rule rule = { NAME_LIST("read"), DENY, &wrong[i], 1 };
		const struct seccomp_policy policy = { .default_action = SECCOMP_RET_ALLOW, .rules = &rule, .rule_count = 1 };

		assert_int_equal(seccomp_compile(&policy, &program), -EINVAL);
	}
	assert_int_equal(seccomp_compile(&(struct seccomp_policy){ .architectures = &pdp11, .architecture_count = 1 }, &program), -EINVAL);
	assert_null(program.filter);
}

/* ---- on a process --------------------------------------------------------------------------------------- */

/* Runs BODY's answer in a child under the filter; what it returns is the exit status. */
static int run_under(const struct seccomp_program *program, int (*body)(int listener), bool wants_listener)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		int listener = -1;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_attach(program, wants_listener ? &listener : NULL) < 0)
			_exit(100);
		_exit(body(listener));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int body_denied(int listener)
{
	(void)listener;
	return syscall(SYS_getppid) == -1 && errno == 13 && syscall(SYS_getpid) > 0 && syscall(1000) == -1 && errno == ENOSYS ? 0 : 1;
}

static int body_killed(int listener)
{
	(void)listener;
	syscall(SYS_getppid);
	return 1;
}

static int body_listens(int listener)
{
	return listener >= 0 && fcntl(listener, F_GETFD) == FD_CLOEXEC ? 0 : 1;
}

static void test_in_the_kernel(void **state)
{
	struct seccomp_rule rule = { NAME_LIST("getppid"), SECCOMP_RET_ERRNO | 13, NULL, 0 };
	struct seccomp_policy policy = { .default_action = SECCOMP_RET_ALLOW, .rules = &rule, .rule_count = 1, .flags = SECCOMP_FILTER_FLAG_TSYNC };
	struct seccomp_program program = { 0 };

	(void)state;
	assert_int_equal(seccomp_compile(&policy, &program), 0);
	assert_false(program.has_notify);
	assert_int_equal(run_under(&program, body_denied, false), 0);
	seccomp_program_done(&program);
	rule.action = SECCOMP_RET_KILL_PROCESS;
	assert_int_equal(seccomp_compile(&policy, &program), 0);
	assert_int_equal(run_under(&program, body_killed, false), 128 + SIGSYS);
	seccomp_program_done(&program);
	rule.action = SECCOMP_RET_USER_NOTIF;
	assert_int_equal(seccomp_compile(&policy, &program), 0);
	assert_true(program.has_notify);
	assert_int_equal(run_under(&program, body_listens, true), 0);
	seccomp_program_done(&program);
}

static void test_what_the_kernel_has(void **state)
{
	(void)state;
	assert_true(seccomp_has_action(SECCOMP_RET_ALLOW));
	assert_true(seccomp_has_action(SECCOMP_RET_USER_NOTIF));
	assert_false(seccomp_has_action(0x12340000));
	assert_true(seccomp_has_flag(SECCOMP_FILTER_FLAG_TSYNC));
	assert_true(seccomp_has_flag(SECCOMP_FILTER_FLAG_LOG));
	assert_false(seccomp_has_flag(1u << 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collective),
		cmocka_unit_test(test_unknown_calls),
		cmocka_unit_test(test_order_of_rules),
		cmocka_unit_test(test_long_programs),
		cmocka_unit_test(test_wrong_policies),
		cmocka_unit_test(test_in_the_kernel),
		cmocka_unit_test(test_what_the_kernel_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
