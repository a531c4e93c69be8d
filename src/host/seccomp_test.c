/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs are run by an interpreter here, against the plain meaning of the
 * policy and, where it is installed, against what libseccomp makes of the same
 * policy. Particular ones: seccomp_code_test.c.
 */
#include "host/seccomp_interpreter_test.h"

#include "base/file.h"
#include "base/json.h"

#include <fcntl.h>
#include <sys/mman.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

static void test_meaning(void **state)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW, DENY, SECCOMP_RET_ERRNO | 13, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRACE | 7, SECCOMP_RET_USER_NOTIF };
	static const uint32_t architectures[] = { X86_64, SECCOMP_ARCH_X32, AARCH64, ARM };
	static struct sample sample;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		make_sample(&sample, actions, ARRAY_SIZE(actions), actions[round % 5], round % 2 ? 40 : (unsigned)seccomp_row_count());
		sample.policy.architectures = architectures;
		sample.policy.architecture_count = ARRAY_SIZE(architectures);
		for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
			compare_with_meaning(&sample, architectures[i]);
	}
}

/* ---- libseccomp ------------------------------------------------------------------------------ */

#ifdef HAVE_LIBSECCOMP

static uint32_t their_action(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		return SCMP_ACT_ERRNO(action & SECCOMP_RET_DATA);
	case SECCOMP_RET_TRACE:
		return SCMP_ACT_TRACE(action & SECCOMP_RET_DATA);
	default:
		return action;
	}
}

static struct scmp_arg_cmp their_condition(const struct seccomp_condition *c)
{
	static const enum scmp_compare comparisons[] = { SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ };
	bool is_masked = c->comparison == SECCOMP_IS_MASKED_EQ;

	return (struct scmp_arg_cmp){
		.arg = c->argument,
		.op = comparisons[c->comparison],
		.datum_a = is_masked ? c->mask : c->value,
		.datum_b = is_masked ? c->value : 0,
	};
}

static bool repeats(const struct seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->condition_count; i++)
		for (size_t j = 0; j < i; j++)
			if (rule->conditions[i].argument == rule->conditions[j].argument)
				return true;
	return false;
}

/* As runtimes use it: a rule for each name, by the number that the name has on the native architecture. */
static int add_theirs(scmp_filter_ctx context, const struct seccomp_rule *rule)
{
	for (char *const *name = rule->names; *name; name++) {
		struct scmp_arg_cmp conditions[6];
		int number = seccomp_syscall_resolve_name(*name);
		int r = 0;

		if (number == __NR_SCMP_ERROR)
			continue;
		for (size_t i = 0; i < rule->condition_count; i++)
			conditions[i] = their_condition(&rule->conditions[i]);
		if (repeats(rule))
			for (size_t i = 0; r >= 0 && i < rule->condition_count; i++)
				r = seccomp_rule_add_array(context, their_action(rule->action), number, 1, &conditions[i]);
		else
			r = seccomp_rule_add_array(context, their_action(rule->action), number, (unsigned)rule->condition_count, conditions);
		if (r < 0)
			return r;
	}
	return 0;
}

/* No program if libseccomp refuses a rule: one that contradicts another. */
static struct seccomp_program compile_theirs(const struct seccomp_policy *policy)
{
	struct seccomp_program program = { 0 };
	scmp_filter_ctx context = seccomp_init(their_action(policy->default_action));
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	off_t size;

	assert_non_null(context);
	assert_true(fd >= 0);
	for (size_t i = 0; i < policy->architecture_count; i++) {
		int r = seccomp_arch_add(context, policy->architectures[i]);

		assert_true(r == 0 || r == -EEXIST);
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].action != policy->default_action && add_theirs(context, &policy->rules[i]) < 0) {
			seccomp_release(context);
			close(fd);
			return program;
		}
	assert_int_equal(seccomp_export_bpf(context, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	assert_true(size > 0);
	program.filter = memory_new(1, (size_t)size);
	program.length = (unsigned short)((size_t)size / sizeof *program.filter);
	assert_int_equal(pread(fd, program.filter, (size_t)size, 0), size);
	close(fd);
	seccomp_release(context);
	return program;
}

struct pair {
	struct seccomp_program ours, theirs;
	const struct seccomp_policy *policy;
};

/* Whether a number has a name here that libseccomp does not know yet. */
static bool is_news(uint32_t audit, uint32_t number)
{
	const struct seccomp_arch *arch = seccomp_arch_find(audit);

	for (const int16_t *row = seccomp_rows_by_number(arch); *row >= 0; row++)
		if (seccomp_row_number(*row, arch) == number && seccomp_syscall_resolve_name_arch(audit, seccomp_row_name(*row)) == __NR_SCMP_ERROR)
			return true;
	/* It has this one, but for x32. */
	return audit == SECCOMP_ARCH_X32 && number == (SECCOMP_X32_BIT | 453);
}

/* Above what the policy knows, ours answers ENOSYS. */
static void compare_pair(const struct pair *pair, uint32_t audit, uint32_t number, const uint64_t args[6])
{
	uint32_t ours = ask(&pair->ours, audit, number, args);
	uint32_t theirs = ask(&pair->theirs, audit, number, args);

	if (ours == UNKNOWN && (int64_t)number > newest(pair->policy, seccomp_arch_find(audit)))
		return;
	if (ours != theirs && !is_news(audit, number))
		fail_msg("architecture %#x, call %#x (%#llx, %#llx, %#llx): %#x, libseccomp %#x", audit, number, (unsigned long long)args[0],
			(unsigned long long)args[1], (unsigned long long)args[2], ours, theirs);
}

/* Each call has at most one rule: several are what test_order_oracle() is about. */
static void keep_first_rules(struct sample *sample)
{
	bool *seen = memory_new((size_t)seccomp_row_count(), sizeof *seen);

	for (size_t i = 0; i < RULES; i++) {
		if (repeats(&sample->rules[i]))
			sample->rules[i].condition_count = 1; /* they would be several rules */
		for (char **name = sample->names[i]; *name; name++) {
			int row = seccomp_row(*name);

			if (row >= 0 && seen[row])
				*name = (char *)"no_such_call";
			else if (row >= 0)
				seen[row] = true;
		}
	}
	free(seen);
}

static void test_oracle(void **state)
{
	static const uint32_t architectures[] = { X86_64, X86, SECCOMP_ARCH_X32, AARCH64, ARM };
	static struct sample sample;

	(void)state;
	if (seccomp_arch_of_machine() != X86_64)
		skip();
	for (unsigned round = 0; round < 40; round++) {
		static const uint32_t denials[] = { DENY, SECCOMP_RET_ERRNO | 13, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRACE | 7 };
		bool allows = round % 2;
		uint32_t action = allows ? SECCOMP_RET_ALLOW : denials[round / 2 % 4];
		struct pair pair = { .policy = &sample.policy };

		make_sample(&sample, &action, 1, allows ? denials[round / 2 % 4] : SECCOMP_RET_ALLOW, (unsigned)seccomp_row_count());
		keep_first_rules(&sample);
		sample.policy.architectures = architectures;
		sample.policy.architecture_count = ARRAY_SIZE(architectures);
		assert_int_equal(seccomp_compile(&sample.policy, &pair.ours), 0);
		pair.theirs = compile_theirs(&sample.policy);
		assert_non_null(pair.theirs.filter);
		for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
			for (uint32_t number = 0; number < 600; number++)
				for (unsigned j = 0; j < 8; j++) {
					uint64_t args[6];

					if (architectures[i] == X86 && (number == 102 || number == 117))
						continue; /* socketcall and ipc: test_collective */
					pick_args(&sample, args);
					compare_pair(&pair, architectures[i], number + (architectures[i] == SECCOMP_ARCH_X32 ? SECCOMP_X32_BIT : 0), args);
				}
		seccomp_program_done(&pair.ours);
		seccomp_program_done(&pair.theirs);
	}
}

/*
 * Rules that overlap. As of 2.5.4 libseccomp spoils some of its trees, so that
 * actions follow whose conditions do not hold, or never ends: where conditions
 * are about several arguments and are no equalities, and where upper halves
 * differ. Those are left out here.
 */
static void make_overlapping(struct seccomp_rule rules[], struct seccomp_condition conditions[][3], size_t count, bool is_single)
{
	static char *names[] = { (char *)"read", NULL };

	for (size_t i = 0; i < count; i++) {
		unsigned argument = pick(2);
		size_t n = is_single ? 1 : 1 + pick(3);

		for (size_t j = 0; j < n; j++)
			conditions[i][j] = (struct seccomp_condition){
				.argument = argument++,
				.comparison = is_single ? pick(7) : pick(2) ? SECCOMP_IS_EQ : SECCOMP_IS_MASKED_EQ,
				.value = pick(6),
				.mask = 1 + pick(7),
			};
		rules[i] = (struct seccomp_rule){ names, SECCOMP_RET_ERRNO | (uint32_t)(i + 1), conditions[i], n };
	}
}

static void compare_small(const struct pair *pair)
{
	for (unsigned i = 0; i < 512; i++) {
		const uint64_t args[6] = { i % 8, i / 8 % 8, i / 64, 0, 0, 0 };

		compare_pair(pair, X86_64, 0, args);
		compare_pair(pair, X86, 3, args);
	}
}

static void test_order_oracle(void **state)
{
	static const uint32_t architectures[] = { X86_64, X86 };
	unsigned compared = 0;

	(void)state;
	if (seccomp_arch_of_machine() != X86_64)
		skip();
	for (unsigned round = 0; round < 600; round++) {
		struct seccomp_rule rules[5];
		struct seccomp_condition conditions[5][3];
		struct seccomp_policy policy = { SECCOMP_RET_ALLOW, architectures, ARRAY_SIZE(architectures), rules, 2 + round % 4, 0 };
		struct pair pair = { .policy = &policy };

		make_overlapping(rules, conditions, policy.rule_count, round % 8 < 4);
		pair.theirs = compile_theirs(&policy);
		if (!pair.theirs.filter)
			continue;
		assert_int_equal(seccomp_compile(&policy, &pair.ours), 0);
		compare_small(&pair);
		seccomp_program_done(&pair.ours);
		seccomp_program_done(&pair.theirs);
		compared++;
	}
	assert_true(compared > 400);
}

/* Every name of the table has the number that libseccomp knows, as far as it knows it. */
static void test_table_oracle(void **state)
{
	static const uint32_t architectures[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64,
		SCMP_ARCH_MIPS64N32, SCMP_ARCH_PARISC, SCMP_ARCH_PPC, SCMP_ARCH_PPC64, SCMP_ARCH_RISCV64, SCMP_ARCH_S390, SCMP_ARCH_S390X };
	unsigned compared = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
		for (int row = 0; row < seccomp_row_count(); row++) {
			int theirs = seccomp_syscall_resolve_name_arch(architectures[i], seccomp_row_name(row));
			int64_t ours = seccomp_row_number(row, seccomp_arch_find(architectures[i]));

			if (theirs < 0)
				continue; /* unknown, or of a collective call */
			compared++;
			if (ours != theirs)
				fail_msg("%s on %#x: %lld, libseccomp %d", seccomp_row_name(row), architectures[i], (long long)ours, theirs);
		}
	assert_true(compared > 4000);
}

#endif

/* ---- Docker's profile --------------------------------------------------------------------------- */

struct profile {
	struct arena *arena;
	struct seccomp_policy policy;
};

static uint32_t action_of(const struct json *rule)
{
	const struct json *number = json_member(rule, "errnoRet");

	if (strcmp(json_member(rule, "action")->text, "SCMP_ACT_ALLOW") == 0)
		return SECCOMP_RET_ALLOW;
	assert_string_equal(json_member(rule, "action")->text, "SCMP_ACT_ERRNO");
	return SECCOMP_RET_ERRNO | (number && number->type == JSON_UINT ? (uint32_t)number->unsigned_integer : EPERM);
}

static struct seccomp_condition condition_of(const struct json *arg)
{
	static const char *const words[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ" };
	const struct json *second = json_member(arg, "valueTwo");
	struct seccomp_condition condition = { .argument = (unsigned)json_member(arg, "index")->unsigned_integer };

	while (strcmp(words[condition.comparison], json_member(arg, "op")->text) != 0)
		condition.comparison++;
	condition.value = json_member(arg, "value")->unsigned_integer;
	if (condition.comparison == SECCOMP_IS_MASKED_EQ) {
		condition.mask = condition.value;
		condition.value = second ? second->unsigned_integer : 0;
	}
	return condition;
}

static void read_rule(struct arena *arena, const struct json *given, struct seccomp_rule *ret)
{
	const struct json *names = json_member(given, "names"), *args = json_member(given, "args");
	char **list = arena_alloc(arena, names->length + 1, sizeof *list);
	struct seccomp_condition *conditions = arena_alloc(arena, args && args->type == JSON_ARRAY ? args->length + 1 : 1, sizeof *conditions);
	size_t n = 0;

	for (const struct json *name = names->first; name; name = name->next)
		list[n++] = (char *)name->text;
	n = 0;
	if (args && args->type == JSON_ARRAY)
		for (const struct json *arg = args->first; arg; arg = arg->next)
			conditions[n++] = condition_of(arg);
	*ret = (struct seccomp_rule){ .names = list, .action = action_of(given), .conditions = conditions, .condition_count = n };
}

static void read_profile(struct profile *ret)
{
	static const uint32_t architectures[] = { X86_64, X86, SECCOMP_ARCH_X32 };
	_cleanup_free_ char *path = str_printf("%s/tests/data/seccomp/docker-default-amd64.json", getenv("SOURCE_ROOT"));
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	struct seccomp_rule *rules;
	struct json *document;
	const struct json *list;
	size_t n = 0;

	ret->arena = arena_new();
	assert_int_equal(file_read_at(AT_FDCWD, path, 1u << 20, &text), 0);
	assert_int_equal(json_parse(ret->arena, text.data, text.length, &document, &err), 0);
	list = json_member(document, "syscalls");
	rules = arena_alloc(ret->arena, list->length, sizeof *rules);
	for (const struct json *rule = list->first; rule; rule = rule->next)
		read_rule(ret->arena, rule, &rules[n++]);
	ret->policy = (struct seccomp_policy){
		.default_action = DENY,
		.architectures = architectures,
		.architecture_count = ARRAY_SIZE(architectures),
		.rules = rules,
		.rule_count = n,
	};
}

static void test_docker_profile(void **state)
{
	struct seccomp_program program = { 0 };
	struct profile profile;
	uint64_t args[6] = { 0 };

	(void)state;
	read_profile(&profile);
	assert_int_equal(seccomp_compile(&profile.policy, &program), 0);
	assert_true(program.length < 800);
	assert_int_equal(ask(&program, X86_64, 0, args), SECCOMP_RET_ALLOW);     /* read */
	assert_int_equal(ask(&program, X86_64, 165, args), DENY);                /* mount */
	assert_int_equal(ask(&program, X86_64, 435, args), UNKNOWN);             /* clone3 */
	assert_int_equal(ask(&program, X86_64, 1000, args), UNKNOWN);
	assert_int_equal(ask(&program, SECCOMP_ARCH_X32, 0x7fffffff, args), UNKNOWN);
	assert_int_equal(ask(&program, X86, 3, args), SECCOMP_RET_ALLOW);        /* read */
	assert_int_equal(ask(&program, X86, 21, args), DENY);                    /* mount */
	assert_int_equal(ask(&program, AARCH64, 63, args), SECCOMP_RET_KILL_THREAD);
	args[0] = 38;
	assert_int_equal(ask(&program, X86_64, 41, args), DENY);                 /* socket (AF_ALG) */
	args[0] = 0xffffffff;
	assert_int_equal(ask(&program, X86_64, 135, args), SECCOMP_RET_ALLOW);   /* personality, asking */
	args[0] = 0x10000000;
	assert_int_equal(ask(&program, X86_64, 56, args), DENY);                 /* clone (CLONE_NEWUSER) */
#ifdef HAVE_LIBSECCOMP
	if (seccomp_arch_of_machine() == X86_64) {
		struct pair pair = { .ours = program, .theirs = compile_theirs(&profile.policy), .policy = &profile.policy };

		for (size_t i = 0; i < profile.policy.architecture_count; i++)
			for (uint32_t number = 0; number < 1100; number++)
				for (uint64_t value = 0; value < 50; value++) {
					uint32_t audit = profile.policy.architectures[i];
					uint64_t random[6] = { value < 45 ? value : 1ull << (17 + pick(44)), pick(50), pick_value(), 0, 0, 0 };

					compare_pair(&pair, audit, number + (audit == SECCOMP_ARCH_X32 ? SECCOMP_X32_BIT : 0), random);
				}
		seccomp_program_done(&pair.theirs);
	}
#endif
	seccomp_program_done(&program);
	arena_free(profile.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meaning),
#ifdef HAVE_LIBSECCOMP
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_order_oracle),
		cmocka_unit_test(test_table_oracle),
#endif
		cmocka_unit_test(test_docker_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
