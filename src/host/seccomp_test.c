/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs are run by an interpreter here, against the plain meaning of the
 * policy (seccomp.h) and, where it is installed, against what libseccomp makes
 * of the same policy; and a few are put on a process.
 */
#include "host/seccomp.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "host/seccomp_arch.h"
#include "host/seccomp_order.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#define X86_64 0xc000003eu
#define X86 0x40000003u
#define AARCH64 0xc00000b7u
#define ARM 0x40000028u
#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

/* ---- the interpreter ------------------------------------------------------------------ */

static uint32_t interpret(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < count; at++) {
		const struct sock_filter *i = &code[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k < sizeof *data);
			memcpy(&a, (const char *)data + i->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %#x at %zu", i->code, at);
		}
	}
	fail_msg("the program does not end");
	return 0;
}

static uint32_t ask(const struct seccomp_program *program, uint32_t arch, uint32_t number, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)number, .arch = arch == SECCOMP_ARCH_X32 ? X86_64 : arch };

	if (args)
		memcpy(data.args, args, sizeof data.args);
	return interpret(program->filter, program->length, &data);
}

/* ---- the plain meaning ------------------------------------------------------------------ */

static bool holds(const struct seccomp_condition *c, bool is_32bit, const uint64_t args[6])
{
	uint64_t bits = is_32bit ? UINT32_MAX : UINT64_MAX;
	uint64_t argument = args[c->argument] & bits, value = c->value & bits;

	switch (c->comparison) {
	case SECCOMP_IS_NE:
		return argument != value;
	case SECCOMP_IS_LT:
		return argument < value;
	case SECCOMP_IS_LE:
		return argument <= value;
	case SECCOMP_IS_EQ:
		return argument == value;
	case SECCOMP_IS_GE:
		return argument >= value;
	case SECCOMP_IS_GT:
		return argument > value;
	case SECCOMP_IS_MASKED_EQ:
		return (argument & c->mask) == (value & c->mask);
	}
	return false;
}

static bool rule_holds(const struct seccomp_rule *rule, bool is_32bit, const uint64_t args[6])
{
	for (size_t i = 0; i < rule->condition_count; i++)
		if (!holds(&rule->conditions[i], is_32bit, args))
			return false;
	return true;
}

static bool names_number(const struct seccomp_rule *rule, const struct seccomp_arch *arch, uint32_t number)
{
	for (char *const *name = rule->names; *name; name++) {
		int row = seccomp_row(*name);

		if (row >= 0 && seccomp_row_number(row, arch) == number)
			return true;
	}
	return false;
}

static int64_t newest(const struct seccomp_policy *policy, const struct seccomp_arch *arch)
{
	int64_t result = -1;

	for (size_t i = 0; i < policy->rule_count; i++)
		for (char *const *name = policy->rules[i].names; *name; name++) {
			int row = seccomp_row(*name);
			int64_t number = row < 0 ? -1 : seccomp_row_number(row, arch);

			if (number > result && number < seccomp_arch_private_base(arch))
				result = number;
		}
	return result;
}

/* For architectures without collective calls, and a number that belongs to AUDIT. */
static uint32_t meaning(const struct seccomp_policy *policy, uint32_t audit, uint32_t number, const uint64_t args[6])
{
	const struct seccomp_arch *arch = seccomp_arch_find(audit);
	int64_t last = newest(policy, arch);
	uint32_t otherwise = policy->default_action, action = otherwise & SECCOMP_RET_ACTION_FULL;
	bool is_permissive = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE, has_found = false;
	struct seccomp_order order = { 0 };
	uint32_t found = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct seccomp_rule *rule = &policy->rules[i];

		if (rule->action == otherwise || !names_number(rule, arch, number))
			continue;
		if (rule->condition_count == 0) {
			free(order.rules);
			return rule->action;
		}
		seccomp_order_add(&order, rule, arch->is_32bit);
	}
	for (size_t i = order.count; i-- > 0;)
		if (rule_holds(&order.rules[i], arch->is_32bit, args)) {
			found = order.rules[i].action;
			has_found = true;
		}
	free(order.rules);
	if (has_found)
		return found;
	if (!is_permissive && last >= 0 && number > last && number < seccomp_arch_private_base(arch))
		return UNKNOWN;
	return otherwise;
}

/* ---- random policies ---------------------------------------------------------------------- */

#define RULES 40
#define NAMES 6
#define CONDITIONS 3

struct sample {
	struct seccomp_rule rules[RULES];
	struct seccomp_condition conditions[RULES][CONDITIONS];
	char *names[RULES][NAMES + 1];
	struct seccomp_policy policy;
};

static unsigned seed = 20250;

static uint32_t pick(uint32_t below)
{
	return (uint32_t)rand_r(&seed) % below;
}

static uint64_t pick_value(void)
{
	static const uint64_t values[] = { 0, 1, 2, 5, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000005, 0x7fffffffffffffff, UINT64_MAX - 1, UINT64_MAX };

	return values[pick(ARRAY_SIZE(values))];
}

static struct seccomp_condition pick_condition(unsigned argument)
{
	struct seccomp_condition condition = { argument, (enum seccomp_comparison)pick(7), pick_value(), UINT64_MAX };

	if (condition.comparison == SECCOMP_IS_MASKED_EQ)
		condition.mask = pick_value();
	return condition;
}

static void make_sample(struct sample *sample, const uint32_t *actions, size_t action_count, uint32_t otherwise, unsigned row_range)
{
	*sample = (struct sample){ 0 };
	for (size_t i = 0; i < RULES; i++) {
		size_t names = 1 + pick(NAMES);
		unsigned argument = pick(4);

		for (size_t j = 0; j < names; j++)
			sample->names[i][j] = (char *)(pick(50) ? seccomp_row_name((int)pick(row_range)) : "no_such_call");
		sample->rules[i] = (struct seccomp_rule){
			.names = sample->names[i],
			.action = actions[pick((uint32_t)action_count)],
			.conditions = sample->conditions[i],
			.condition_count = pick(3) ? 1 + pick(CONDITIONS) : 0,
		};
		for (size_t j = 0; j < sample->rules[i].condition_count; j++)
			sample->conditions[i][j] = pick_condition(pick(10) ? argument++ : argument);
	}
	sample->policy = (struct seccomp_policy){ .default_action = otherwise, .rules = sample->rules, .rule_count = RULES };
}

static void pick_args(const struct sample *sample, uint64_t args[6])
{
	for (unsigned i = 0; i < 6; i++) {
		const struct seccomp_condition *c = &sample->conditions[pick(RULES)][pick(CONDITIONS)];

		args[i] = pick(2) ? c->value + pick(3) - 1 : pick_value();
	}
}

static void compare_with_meaning(const struct sample *sample, uint32_t audit)
{
	_cleanup_(seccomp_program_done) struct seccomp_program program = { 0 };
	uint32_t first = audit == SECCOMP_ARCH_X32 ? SECCOMP_X32_BIT : 0;

	assert_int_equal(seccomp_compile(&sample->policy, &program), 0);
	for (uint32_t number = 0; number < 600; number++)
		for (unsigned i = 0; i < 4; i++) {
			uint64_t args[6];

			pick_args(sample, args);
			assert_int_equal(ask(&program, audit, first + number, args), meaning(&sample->policy, audit, first + number, args));
		}
}

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
		cmocka_unit_test(test_meaning),
#ifdef HAVE_LIBSECCOMP
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_order_oracle),
		cmocka_unit_test(test_table_oracle),
#endif
		cmocka_unit_test(test_docker_profile),
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
