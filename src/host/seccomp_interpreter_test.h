/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For unit tests of seccomp filters: an interpreter of programs, the plain
 * meaning of a policy (seccomp.h) to compare them with, and policies by chance.
 */
#ifndef BIVY_HOST_SECCOMP_INTERPRETER_TEST_H
#define BIVY_HOST_SECCOMP_INTERPRETER_TEST_H

#include "host/seccomp.h"

#include "base/memory.h"
#include "host/seccomp_arch.h"
#include "host/seccomp_order.h"
#include "host/syscalls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define X86_64 0xc000003eu
#define X86 0x40000003u
#define AARCH64 0xc00000b7u
#define ARM 0x40000028u
#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

/* ---- the interpreter ------------------------------------------------------------------ */

static inline uint32_t interpret(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
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

static inline uint32_t ask(const struct seccomp_program *program, uint32_t arch, uint32_t number, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)number, .arch = arch == SECCOMP_ARCH_X32 ? X86_64 : arch };

	if (args)
		memcpy(data.args, args, sizeof data.args);
	return interpret(program->filter, program->length, &data);
}

/* ---- the plain meaning ------------------------------------------------------------------ */

static inline bool holds(const struct seccomp_condition *c, bool is_32bit, const uint64_t args[6])
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

static inline bool rule_holds(const struct seccomp_rule *rule, bool is_32bit, const uint64_t args[6])
{
	for (size_t i = 0; i < rule->condition_count; i++)
		if (!holds(&rule->conditions[i], is_32bit, args))
			return false;
	return true;
}

static inline bool names_number(const struct seccomp_rule *rule, const struct seccomp_arch *arch, uint32_t number)
{
	for (char *const *name = rule->names; *name; name++) {
		int row = seccomp_row(*name);

		if (row >= 0 && seccomp_row_number(row, arch) == number)
			return true;
	}
	return false;
}

static inline int64_t newest(const struct seccomp_policy *policy, const struct seccomp_arch *arch)
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
static inline uint32_t meaning(const struct seccomp_policy *policy, uint32_t audit, uint32_t number, const uint64_t args[6])
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

static inline uint32_t pick(uint32_t below)
{
	return (uint32_t)rand_r(&seed) % below;
}

static inline uint64_t pick_value(void)
{
	static const uint64_t values[] = { 0, 1, 2, 5, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000005, 0x7fffffffffffffff, UINT64_MAX - 1, UINT64_MAX };

	return values[pick(ARRAY_SIZE(values))];
}

static inline struct seccomp_condition pick_condition(unsigned argument)
{
	struct seccomp_condition condition = { argument, (enum seccomp_comparison)pick(7), pick_value(), UINT64_MAX };

	if (condition.comparison == SECCOMP_IS_MASKED_EQ)
		condition.mask = pick_value();
	return condition;
}

static inline void make_sample(struct sample *sample, const uint32_t *actions, size_t action_count, uint32_t otherwise, unsigned row_range)
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

static inline void pick_args(const struct sample *sample, uint64_t args[6])
{
	for (unsigned i = 0; i < 6; i++) {
		const struct seccomp_condition *c = &sample->conditions[pick(RULES)][pick(CONDITIONS)];

		args[i] = pick(2) ? c->value + pick(3) - 1 : pick_value();
	}
}

static inline void compare_with_meaning(const struct sample *sample, uint32_t audit)
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

#endif
