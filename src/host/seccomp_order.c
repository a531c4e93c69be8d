/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule is a path of nodes, one or two for each condition. The list of rules
 * is a tree written down: rules whose paths begin alike lie side by side.
 */
#include "host/seccomp_order.h"

#include "base/memory.h"
#include "host/seccomp_code.h"

#include <string.h>

/* A comparison of a half of an argument. */
struct node {
	unsigned argument;
	bool is_upper;
	unsigned rank;   /* of the comparison: the higher, the more particular */
	bool is_smaller_first;
	unsigned kind;   /* what the machine compares: == and != are the same, turned around */
	uint32_t value, mask;
};

enum { KIND_EQUAL, KIND_MASKED, KIND_GREATER, KIND_GREATER_EQUAL };

static const struct {
	unsigned rank;
	unsigned upper_kind, lower_kind;
	bool is_smaller_first;
} comparisons[] = {
	[SECCOMP_IS_EQ]        = { 3, KIND_EQUAL,   KIND_EQUAL,         false },
	[SECCOMP_IS_NE]        = { 3, KIND_EQUAL,   KIND_EQUAL,         false },
	[SECCOMP_IS_MASKED_EQ] = { 3, KIND_MASKED,  KIND_MASKED,        false },
	[SECCOMP_IS_LT]        = { 2, KIND_GREATER, KIND_GREATER_EQUAL, true },
	[SECCOMP_IS_LE]        = { 2, KIND_GREATER, KIND_GREATER,       true },
	[SECCOMP_IS_GE]        = { 1, KIND_GREATER, KIND_GREATER_EQUAL, false },
	[SECCOMP_IS_GT]        = { 1, KIND_GREATER, KIND_GREATER,       false },
};

/* The condition about the earliest argument from FIRST on, or NULL. */
static const struct seccomp_condition *find_condition(const struct seccomp_rule *rule, unsigned first)
{
	const struct seccomp_condition *found = NULL;

	for (size_t i = 0; i < rule->condition_count; i++) {
		const struct seccomp_condition *condition = &rule->conditions[i];

		if (condition->argument >= first && (!found || condition->argument < found->argument))
			found = condition;
	}
	return found;
}

/* Node DEPTH of the path of RULE; false behind its end. */
static bool get_node(const struct seccomp_rule *rule, unsigned depth, bool is_32bit, struct node *ret)
{
	bool is_upper = !is_32bit && depth % 2 == 0;
	const struct seccomp_condition *condition = find_condition(rule, 0);
	uint64_t mask;

	for (unsigned i = is_32bit ? depth : depth / 2; condition && i > 0; i--)
		condition = find_condition(rule, condition->argument + 1);
	if (!condition)
		return false;
	mask = condition->comparison == SECCOMP_IS_MASKED_EQ ? condition->mask : UINT64_MAX;
	*ret = (struct node){
		.argument = condition->argument,
		.is_upper = is_upper,
		.rank = comparisons[condition->comparison].rank,
		.is_smaller_first = comparisons[condition->comparison].is_smaller_first,
		.kind = is_upper ? comparisons[condition->comparison].upper_kind : comparisons[condition->comparison].lower_kind,
		.value = (uint32_t)((condition->value & mask) >> (is_upper ? 32 : 0)),
		.mask = (uint32_t)(mask >> (is_upper ? 32 : 0)),
	};
	return true;
}

static bool is_same(const struct node *a, const struct node *b)
{
	return a->argument == b->argument && a->is_upper == b->is_upper && a->kind == b->kind && a->value == b->value && a->mask == b->mask;
}

/* Whether A has to be tried before B. */
static bool precedes(const struct node *a, const struct node *b)
{
	if (a->argument != b->argument)
		return a->argument > b->argument;
	if (a->rank != b->rank)
		return a->rank > b->rank;
	return a->is_smaller_first ? a->value < b->value : a->value > b->value;
}

/* Behind the last rule from FIRST on whose path goes through NODE at DEPTH. */
static size_t find_end(const struct seccomp_order *order, size_t first, size_t end, const struct node *node, unsigned depth, bool is_32bit)
{
	struct node other;

	while (first < end && get_node(&order->rules[first], depth, is_32bit, &other) && is_same(&other, node))
		first++;
	return first;
}

/* For rules with one path: one may be the other turned around. */
static bool has_same_comparisons(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	const struct seccomp_condition *x = find_condition(a, 0), *y = find_condition(b, 0);

	while (x && y && x->comparison == y->comparison) {
		x = find_condition(a, x->argument + 1);
		y = find_condition(b, y->argument + 1);
	}
	return !x && !y;
}

/* Among those from AT to END, which have the path of RULE or a longer one. */
static size_t find_last_place(const struct seccomp_order *order, const struct seccomp_rule *rule, size_t at, size_t end)
{
	for (; at < end; at++)
		if (has_same_comparisons(&order->rules[at], rule))
			return SIZE_MAX;
	return end;
}

/* Where RULE belongs; SIZE_MAX: another has its conditions. */
static size_t find_place(const struct seccomp_order *order, const struct seccomp_rule *rule, bool is_32bit)
{
	size_t at = 0, end = order->count;
	struct node node, other;

	for (unsigned depth = 0; at < end; depth++) {
		bool is_found = false;

		/* A path that ends where others go on, or the other way round: the order of the policy. */
		if (!get_node(rule, depth, is_32bit, &node))
			return find_last_place(order, rule, at, end);
		while (at < end && !is_found) {
			if (!get_node(&order->rules[at], depth, is_32bit, &other))
				return end;
			is_found = is_same(&other, &node);
			if (!is_found && precedes(&node, &other))
				return at;
			if (!is_found)
				at = find_end(order, at, end, &other, depth, is_32bit);
		}
		if (is_found)
			end = find_end(order, at, end, &node, depth, is_32bit);
	}
	return at;
}

static void insert(struct seccomp_order *order, const struct seccomp_rule *rule, bool is_32bit)
{
	size_t at = find_place(order, rule, is_32bit);

	/* Each needs an instruction that at most one other, its negation, can use, too. */
	if (at == SIZE_MAX || order->count > 2 * SECCOMP_CODE_LIMIT)
		return;
	if (order->count == order->capacity) {
		order->capacity = order->capacity ? order->capacity * 2 : 8;
		order->rules = memory_resize(order->rules, order->capacity, sizeof *order->rules);
	}
	memmove(order->rules + at + 1, order->rules + at, (order->count - at) * sizeof *order->rules);
	order->rules[at] = *rule;
	order->count++;
}

static bool repeats_an_argument(const struct seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->condition_count; i++) {
		unsigned bit = 1u << rule->conditions[i].argument;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

void seccomp_order_add(struct seccomp_order *order, const struct seccomp_rule *rule, bool is_32bit)
{
	if (!repeats_an_argument(rule)) {
		insert(order, rule, is_32bit);
		return;
	}
	for (size_t i = 0; i < rule->condition_count; i++)
		insert(order, &(struct seccomp_rule){ .action = rule->action, .conditions = &rule->conditions[i], .condition_count = 1 }, is_32bit);
}
