/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy becomes, for each architecture, a line of numbers cut into spans of
 * equal verdict, and a balanced tree of comparisons that finds the span. A
 * verdict is an action, or a chain of conditions in front of actions. x86-64
 * and x32 share a line: the kernel gives both the same architecture.
 */
#include "host/seccomp.h"

#include "base/memory.h"
#include "host/seccomp_arch.h"
#include "host/seccomp_code.h"
#include "host/seccomp_order.h"
#include "host/syscalls.h"

#include <string.h>

#define ARCH_LIMIT 32
#define X86_64 0xc000003eu /* AUDIT_ARCH_X86_64, also of x32 */

/* ---- rules by row ------------------------------------------------------------------ */

struct compiler {
	const struct seccomp_policy *policy;
	struct seccomp_code code;
	bool is_permissive;    /* by default: then nothing answers ENOSYS */
	uint32_t *row_starts;  /* where a row's rules begin in .row_rules; one more than rows */
	uint32_t *row_rules;   /* indices, ascending within a row */
	bool *row_is_known;    /* named by the policy at all */
	struct span *spans;    /* of the line that is being made */
	size_t span_count, span_capacity;
};

/* A rule that says what is the case anyway is none, but tells what the policy knows. */
static bool is_rule(const struct compiler *compiler, const struct seccomp_rule *rule)
{
	return rule->action != compiler->policy->default_action;
}

/* Sorts the rules by row: counts them, then puts them in their places from the end. */
static void sort_rules(struct compiler *compiler)
{
	const struct seccomp_policy *policy = compiler->policy;
	size_t row_count = (size_t)seccomp_row_count(), total = 0, next = 0;
	int32_t *rows;

	for (size_t i = 0; i < policy->rule_count; i++)
		for (char *const *name = policy->rules[i].names; *name; name++)
			total++;
	rows = memory_new(total + 1, sizeof *rows);
	compiler->row_starts = memory_new(row_count + 2, sizeof *compiler->row_starts);
	compiler->row_rules = memory_new(total + 1, sizeof *compiler->row_rules);
	compiler->row_is_known = memory_new(row_count, sizeof *compiler->row_is_known);
	for (size_t i = 0; i < policy->rule_count; i++)
		for (char *const *name = policy->rules[i].names; *name; name++) {
			int row = seccomp_row(*name);

			rows[next++] = row;
			if (row < 0)
				continue;
			compiler->row_is_known[row] = true;
			compiler->row_starts[row] += is_rule(compiler, &policy->rules[i]);
		}
	for (size_t row = 1; row <= row_count; row++)
		compiler->row_starts[row] += compiler->row_starts[row - 1];
	for (size_t i = policy->rule_count; i-- > 0;) {
		size_t names = 0;

		while (policy->rules[i].names[names])
			names++;
		while (names-- > 0) {
			int row = rows[--next];

			if (row >= 0 && is_rule(compiler, &policy->rules[i]))
				compiler->row_rules[--compiler->row_starts[row]] = (uint32_t)i;
		}
	}
	free(rows);
}

/* ---- chains ------------------------------------------------------------------------- */

/* What decides about one number. */
struct chain {
	const struct seccomp_rule **rules; /* in the order of the policy */
	size_t count, capacity;
	struct seccomp_condition selectors[SECCOMP_COLLECTIVE_LIMIT];
	struct seccomp_rule collective[SECCOMP_COLLECTIVE_LIMIT];
	size_t collective_count;
};

static void chain_add(struct chain *chain, const struct seccomp_rule *rule)
{
	size_t at = chain->count;

	if (chain->count == chain->capacity) {
		chain->capacity = chain->capacity ? chain->capacity * 2 : 16;
		chain->rules = memory_resize(chain->rules, chain->capacity, sizeof *chain->rules);
	}
	/* Two names of one number: keep the policy's order (its rules are an array). Mostly there is nothing to move. */
	while (at > 0 && chain->rules[at - 1] > rule) {
		chain->rules[at] = chain->rules[at - 1];
		at--;
	}
	chain->rules[at] = rule;
	chain->count++;
}

static void chain_add_row(struct chain *chain, const struct compiler *compiler, int row)
{
	for (uint32_t i = compiler->row_starts[row]; i < compiler->row_starts[row + 1]; i++)
		chain_add(chain, &compiler->policy->rules[compiler->row_rules[i]]);
}

/* The kernel ranks actions by their number as a signed one: the lower, the stricter (seccomp(2)). */
static bool is_stricter(uint32_t action, uint32_t other)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL) < (int32_t)(other & SECCOMP_RET_ACTION_FULL);
}

/* The rule that counts for a call behind a collective one, where its arguments are hidden; or NULL. */
static const struct seccomp_rule *find_hidden(const struct compiler *compiler, int row)
{
	const struct seccomp_rule *found = NULL;

	for (uint32_t i = compiler->row_starts[row]; i < compiler->row_starts[row + 1]; i++) {
		const struct seccomp_rule *rule = &compiler->policy->rules[compiler->row_rules[i]];

		if (rule->condition_count == 0)
			return rule;
		if (is_stricter(rule->action, compiler->policy->default_action) && (!found || is_stricter(rule->action, found->action)))
			found = rule;
	}
	return found;
}

/* Rules for the members of the collective call VIA, if it is one. */
static void chain_add_collective(struct chain *chain, const struct compiler *compiler, int via)
{
	struct seccomp_collective members[SECCOMP_COLLECTIVE_LIMIT];
	size_t count = seccomp_collective_members(via, members);

	for (size_t i = 0; i < count; i++) {
		const struct seccomp_rule *rule = find_hidden(compiler, members[i].row);
		size_t n = chain->collective_count;

		if (!rule)
			continue;
		chain->selectors[n] = (struct seccomp_condition){
			.argument = 0,
			.comparison = SECCOMP_IS_MASKED_EQ,
			.mask = members[i].mask,
			.value = members[i].selector,
		};
		chain->collective[n] = (struct seccomp_rule){ .action = rule->action, .conditions = &chain->selectors[n], .condition_count = 1 };
		chain->collective_count++;
	}
}

static const struct seccomp_rule *find_unconditional(const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		if (chain->rules[i]->condition_count == 0)
			return chain->rules[i];
	return NULL;
}

/* RULE in front of what goes on at OTHERWISE. */
static unsigned write_rule(struct seccomp_code *code, const struct seccomp_rule *rule, bool is_32bit, unsigned otherwise)
{
	unsigned place = seccomp_code_return(code, rule->action);

	for (size_t i = rule->condition_count; i-- > 0;)
		place = seccomp_code_condition(code, &rule->conditions[i], is_32bit, place, otherwise);
	return place;
}

static unsigned write_chain(struct compiler *compiler, const struct chain *chain, bool is_32bit)
{
	unsigned place = seccomp_code_return(&compiler->code, compiler->policy->default_action);
	struct seccomp_order order = { 0 };

	for (size_t i = chain->collective_count; i-- > 0;)
		place = write_rule(&compiler->code, &chain->collective[i], is_32bit, place);
	for (size_t i = 0; i < chain->count; i++)
		seccomp_order_add(&order, chain->rules[i], is_32bit);
	for (size_t i = order.count; i-- > 0;)
		place = write_rule(&compiler->code, &order.rules[i], is_32bit, place);
	free(order.rules);
	return place;
}

/* ---- lines and spans ------------------------------------------------------------------ */

/* From .first to the next span's: an action, or what is at a place. */
struct span {
	uint32_t first;
	uint32_t action;
	unsigned place; /* 0: none, .action it is */
};

static void add_span(struct compiler *compiler, struct span span)
{
	struct span *last = compiler->span_count ? &compiler->spans[compiler->span_count - 1] : NULL;

	if (last && last->first == span.first)
		compiler->span_count--;
	last = compiler->span_count ? &compiler->spans[compiler->span_count - 1] : NULL;
	if (last && last->action == span.action && !last->place && !span.place)
		return;
	if (compiler->span_count == compiler->span_capacity) {
		compiler->span_capacity = compiler->span_capacity ? compiler->span_capacity * 2 : 256;
		compiler->spans = memory_resize(compiler->spans, compiler->span_capacity, sizeof *compiler->spans);
	}
	compiler->spans[compiler->span_count++] = span;
}

/* The highest ordinary number on ARCH that the policy has a name for, or -1. */
static int64_t find_newest(const struct compiler *compiler, const struct seccomp_arch *arch, uint32_t private_base)
{
	int64_t newest = -1;

	for (const int16_t *row = seccomp_rows_by_number(arch); *row >= 0; row++) {
		int64_t number = seccomp_row_number(*row, arch);

		if (number >= private_base)
			break;
		if (compiler->row_is_known[*row])
			newest = number;
	}
	return newest;
}

/* What is not named: the default, or, above what the policy knows, ENOSYS. */
static void add_rest(struct compiler *compiler, uint32_t first, int64_t newest, uint32_t private_base)
{
	const uint32_t otherwise = compiler->policy->default_action;

	if (compiler->is_permissive || newest < 0) {
		add_span(compiler, (struct span){ .first = first, .action = otherwise });
		return;
	}
	if (first < private_base && first <= newest)
		add_span(compiler, (struct span){ .first = first, .action = otherwise });
	if (first < private_base) {
		uint32_t above = first > newest ? first : (uint32_t)newest + 1;

		add_span(compiler, (struct span){ .first = above, .action = SECCOMP_RET_ERRNO | ENOSYS });
	}
	if (private_base != UINT32_MAX)
		add_span(compiler, (struct span){ .first = first > private_base ? first : private_base, .action = otherwise });
}

/* The span of one number. */
static void add_number(struct compiler *compiler, uint32_t number, const struct chain *chain, bool is_32bit)
{
	const struct seccomp_rule *rule = find_unconditional(chain);
	struct span span = { .first = number };

	if (rule)
		span.action = rule->action;
	else
		span.place = write_chain(compiler, chain, is_32bit);
	add_span(compiler, span);
}

/* All rules for NUMBER, the number of the row at *AT and perhaps of some behind it; moves *AT on. */
static void gather(struct chain *chain, const struct compiler *compiler, const struct seccomp_arch *arch, int64_t number, const int16_t **at)
{
	chain->count = 0;
	chain->collective_count = 0;
	for (; **at >= 0 && seccomp_row_number(**at, arch) == number; ++*at) {
		chain_add_row(chain, compiler, **at);
		chain_add_collective(chain, compiler, **at);
	}
}

/* Adds the numbers of ARCH, which begin at FIRST, to the line. */
static void add_arch(struct compiler *compiler, uint32_t audit, uint32_t first)
{
	const struct seccomp_arch *arch = seccomp_arch_find(audit);
	uint32_t private_base = seccomp_arch_private_base(arch), next = first;
	int64_t newest = find_newest(compiler, arch, private_base);
	const int16_t *row = seccomp_rows_by_number(arch);
	struct chain chain = { 0 };

	while (*row >= 0) {
		int64_t number = seccomp_row_number(*row, arch);

		gather(&chain, compiler, arch, number, &row);
		if (chain.count == 0 && chain.collective_count == 0)
			continue;
		if (number > next) {
			add_rest(compiler, next, newest, private_base);
			/* What was added for all from here on is cut off, and added again behind the number. */
			while (compiler->spans[compiler->span_count - 1].first > number)
				compiler->span_count--;
		}
		add_number(compiler, (uint32_t)number, &chain, arch->is_32bit);
		next = (uint32_t)number + 1;
	}
	add_rest(compiler, next, newest, private_base);
	free(chain.rules);
}

/* x32's part of x86-64's line when x32 is not listed: as an architecture that is not, except for what no program can call. */
static void add_no_x32(struct compiler *compiler)
{
	const struct span *last = &compiler->spans[compiler->span_count - 1];

	/* Its numbers are above all that the policy knows. */
	if (!last->place && last->action == (SECCOMP_RET_ERRNO | ENOSYS))
		return;
	add_span(compiler, (struct span){ .first = SECCOMP_X32_BIT, .action = SECCOMP_RET_KILL_THREAD });
	/* -1 is how a tracer says "no call". */
	add_span(compiler, (struct span){ .first = UINT32_MAX, .action = compiler->policy->default_action });
}

static unsigned write_tree(struct compiler *compiler, size_t from, size_t to)
{
	const struct span *span = &compiler->spans[from];
	size_t middle = from + (to - from) / 2;
	unsigned above, below;

	if (to - from == 1)
		return span->place ? span->place : seccomp_code_return(&compiler->code, span->action);
	above = write_tree(compiler, middle, to);
	below = write_tree(compiler, from, middle);
	return seccomp_code_test(&compiler->code, BPF_JGE, compiler->spans[middle].first, above, below);
}

/* The line of the kernel's architecture WORD, whose ordinary (or, for x32 alone, higher) part is listed. */
static unsigned write_line(struct compiler *compiler, uint32_t word, bool has_plain, bool has_x32)
{
	compiler->span_count = 0;
	if (has_plain)
		add_arch(compiler, word, 0);
	else
		add_span(compiler, (struct span){ .first = 0, .action = SECCOMP_RET_KILL_THREAD });
	if (has_x32)
		add_arch(compiler, SECCOMP_ARCH_X32, SECCOMP_X32_BIT);
	else if (word == X86_64)
		add_no_x32(compiler);
	return seccomp_code_load(&compiler->code, offsetof(struct seccomp_data, nr), write_tree(compiler, 0, compiler->span_count));
}

/* ---- the whole ------------------------------------------------------------------------- */

struct line {
	uint32_t word;
	bool has_plain, has_x32;
	unsigned place;
};

/* The native architecture's line first. */
static int draw_lines(const struct seccomp_policy *policy, struct line lines[ARCH_LIMIT], size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i <= policy->architecture_count; i++) {
		uint32_t arch = i == 0 ? seccomp_arch_of_machine() : policy->architectures[i - 1];
		uint32_t word = arch == SECCOMP_ARCH_X32 ? X86_64 : arch;
		size_t at = 0;

		if (!seccomp_arch_find(arch))
			return -EINVAL;
		while (at < count && lines[at].word != word)
			at++;
		if (at == count)
			lines[count++] = (struct line){ .word = word };
		lines[at].has_x32 |= arch == SECCOMP_ARCH_X32;
		lines[at].has_plain |= arch != SECCOMP_ARCH_X32;
	}
	*ret_count = count;
	return 0;
}

static unsigned write_program(struct compiler *compiler, struct line *lines, size_t count)
{
	unsigned place;

	for (size_t i = count; i-- > 0;)
		lines[i].place = write_line(compiler, lines[i].word, lines[i].has_plain, lines[i].has_x32);
	place = seccomp_code_return(&compiler->code, SECCOMP_RET_KILL_THREAD);
	for (size_t i = count; i-- > 0;)
		place = seccomp_code_test(&compiler->code, BPF_JEQ, lines[i].word, lines[i].place, place);
	return seccomp_code_load(&compiler->code, offsetof(struct seccomp_data, arch), place);
}

static bool is_valid(const struct seccomp_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t j = 0; j < policy->rules[i].condition_count; j++) {
			const struct seccomp_condition *condition = &policy->rules[i].conditions[j];

			if (condition->argument > 5 || condition->comparison > SECCOMP_IS_MASKED_EQ)
				return false;
		}
	return true;
}

static bool has_notify(const struct seccomp_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if ((policy->rules[i].action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static bool lets_through(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE;
}

int seccomp_compile(const struct seccomp_policy *policy, struct seccomp_program *ret)
{
	struct compiler compiler = { .policy = policy, .is_permissive = lets_through(policy->default_action) };
	struct line lines[ARCH_LIMIT];
	struct sock_filter memory[SECCOMP_CODE_LIMIT]; /* 32 KiB, of which only what is used costs pages */
	size_t line_count = 0;
	int r = is_valid(policy) ? draw_lines(policy, lines, &line_count) : -EINVAL;

	if (r < 0)
		return r;
	seccomp_code_init(&compiler.code, memory + SECCOMP_CODE_LIMIT);
	sort_rules(&compiler);
	write_program(&compiler, lines, line_count);
	if (compiler.code.is_full) {
		r = -E2BIG;
	} else {
		*ret = (struct seccomp_program){
			.filter = memory_new(compiler.code.count, sizeof *ret->filter),
			.length = (unsigned short)compiler.code.count,
			.flags = policy->flags,
			.has_notify = has_notify(policy),
		};
		memcpy(ret->filter, compiler.code.end - compiler.code.count, compiler.code.count * sizeof *ret->filter);
	}
	free(compiler.row_is_known);
	free(compiler.row_rules);
	free(compiler.row_starts);
	free(compiler.spans);
	return r;
}

void seccomp_program_done(struct seccomp_program *program)
{
	free(program->filter);
	*program = (struct seccomp_program){ 0 };
}

/* ---- seccomp(2) ------------------------------------------------------------------------- */

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

int seccomp_attach(const struct seccomp_program *program, int *ret_listener)
{
	struct sock_fprog filter = { .len = program->length, .filter = program->filter };
	uint32_t flags = program->flags;
	long r;

	/* About the other threads, of which a process before its exec has none that matter; the kernel refuses it with a listener. */
	if (ret_listener)
		flags = (flags & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC) | SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	if (r < 0)
		return -errno;
	if (ret_listener)
		*ret_listener = (int)r;
	else if (r > 0)
		return -EBUSY; /* TSYNC: the id of a thread that has other filters */
	return 0;
}

int seccomp_install(const struct seccomp_program *program, struct error *err)
{
	int r = seccomp_attach(program, NULL);

	return r < 0 ? error_errno(err, -r, "cannot load the seccomp filter of %u instructions", program->length) : 0;
}

bool seccomp_has_action(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool seccomp_has_flag(uint32_t flag)
{
	/* About the listener, and refused without. */
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* A flag that is known fails on the missing program, one that is not before that with EINVAL. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}
