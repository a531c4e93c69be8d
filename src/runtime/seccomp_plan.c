/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp_plan.h"

#include "base/log.h"
#include "host/seccomp_arch.h"
#include "spec/names.h"

_Static_assert(SPEC_ARCH_X32 == SECCOMP_ARCH_X32, "one value for x32");

/* The kernel's action for SECCOMP's, with its data. */
static uint32_t kernel_action(enum spec_seccomp_action action, bool has_errno, uint32_t errno_ret)
{
	uint32_t data = has_errno ? errno_ret & SECCOMP_RET_DATA : EPERM;

	switch (action) {
	case SECCOMP_ACT_KILL_THREAD:
		return SECCOMP_RET_KILL_THREAD;
	case SECCOMP_ACT_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case SECCOMP_ACT_TRAP:
		return SECCOMP_RET_TRAP;
	case SECCOMP_ACT_ERRNO:
		return SECCOMP_RET_ERRNO | data;
	case SECCOMP_ACT_TRACE:
		return SECCOMP_RET_TRACE | data;
	case SECCOMP_ACT_ALLOW:
		return SECCOMP_RET_ALLOW;
	case SECCOMP_ACT_LOG:
		return SECCOMP_RET_LOG;
	case SECCOMP_ACT_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

static enum seccomp_comparison host_comparison(uint32_t op)
{
	switch ((enum spec_seccomp_op)op) {
	case SECCOMP_OP_NE:
		return SECCOMP_IS_NE;
	case SECCOMP_OP_LT:
		return SECCOMP_IS_LT;
	case SECCOMP_OP_LE:
		return SECCOMP_IS_LE;
	case SECCOMP_OP_EQ:
		return SECCOMP_IS_EQ;
	case SECCOMP_OP_GE:
		return SECCOMP_IS_GE;
	case SECCOMP_OP_GT:
		return SECCOMP_IS_GT;
	case SECCOMP_OP_MASKED_EQ:
		return SECCOMP_IS_MASKED_EQ;
	}
	return SECCOMP_IS_EQ;
}

static struct seccomp_condition host_condition(const struct spec_seccomp_arg *arg)
{
	bool is_masked = arg->op == SECCOMP_OP_MASKED_EQ;

	/* Of MASKED_EQ the spec's `value` is the mask. */
	return (struct seccomp_condition){
		.argument = arg->index,
		.comparison = host_comparison(arg->op),
		.value = is_masked ? arg->value_two : arg->value,
		.mask = is_masked ? arg->value : UINT64_MAX,
	};
}

static void fill_rule(struct arena *arena, const struct spec_seccomp_rule *given, struct seccomp_rule *ret)
{
	struct seccomp_condition *conditions = arena_alloc(arena, given->arg_count, sizeof *conditions);

	for (size_t i = 0; i < given->arg_count; i++)
		conditions[i] = host_condition(&given->args[i]);
	*ret = (struct seccomp_rule){
		.names = given->names,
		.action = kernel_action(given->action, given->has_errno, given->errno_ret),
		.conditions = conditions,
		.condition_count = given->arg_count,
	};
}

/* Architectures that this machine has none of would only make the filter longer. */
static void fill_architectures(struct arena *arena, const struct spec_seccomp *seccomp, struct seccomp_policy *policy)
{
	uint32_t *architectures = arena_alloc(arena, seccomp->architecture_count, sizeof *architectures);
	size_t count = 0;

	for (size_t i = 0; i < seccomp->architecture_count; i++)
		if (seccomp_arch_runs(seccomp_arch_of_machine(), seccomp->architectures[i]))
			architectures[count++] = seccomp->architectures[i];
	policy->architectures = architectures;
	policy->architecture_count = count;
}

/* ---- what the kernel has ------------------------------------------------------------- */

static int lacks(struct error *err, const char *place, size_t index, const char *name)
{
	if (index == SIZE_MAX)
		return error_set(err, ERROR_UNSUPPORTED, 0, "linux.seccomp.%s: this kernel has no %s", place, name);
	return error_set(err, ERROR_UNSUPPORTED, 0, "linux.seccomp.%s[%zu]: this kernel has no %s", place, index, name);
}

/* Each action that occurs is asked for once. */
static int check_actions(const struct spec_seccomp *seccomp, struct error *err)
{
	unsigned seen = 1u << seccomp->default_action;

	if (!seccomp_has_action(kernel_action(seccomp->default_action, false, 0)))
		return lacks(err, "defaultAction", SIZE_MAX, spec_name_of(SPEC_SECCOMP_ACTIONS, seccomp->default_action));
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		enum spec_seccomp_action action = seccomp->rules[i].action;

		if (seen & 1u << action)
			continue;
		seen |= 1u << action;
		if (!seccomp_has_action(kernel_action(action, false, 0)))
			return lacks(err, "syscalls", i, spec_name_of(SPEC_SECCOMP_ACTIONS, action));
	}
	return 0;
}

static int check_flags(const struct spec_seccomp *seccomp, struct error *err)
{
	for (uint32_t flag = 1; flag; flag <<= 1)
		if (seccomp->flags & flag && !seccomp_has_flag(flag))
			return lacks(err, "flags", SIZE_MAX, spec_name_of(SPEC_SECCOMP_FLAGS, flag));
	return 0;
}

static void log_unknown_names(const struct spec_seccomp *seccomp)
{
	if (!log_is_on(LOG_LEVEL_DEBUG))
		return;
	for (size_t i = 0; i < seccomp->rule_count; i++)
		for (char **name = seccomp->rules[i].names; *name; name++)
			if (seccomp_row(*name) < 0)
				log_debug("seccomp: linux.seccomp.syscalls[%zu]: unknown system call '%s', ignoring", i, *name);
}

/* ---- the whole -------------------------------------------------------------------------- */

static int compile(const struct spec_seccomp *seccomp, struct seccomp_program *ret)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct seccomp_rule *rules = arena_alloc(arena, seccomp->rule_count, sizeof *rules);
	struct seccomp_policy policy = {
		.default_action = kernel_action(seccomp->default_action, seccomp->has_default_errno, seccomp->default_errno),
		.rules = rules,
		.rule_count = seccomp->rule_count,
		.flags = seccomp->flags,
	};

	for (size_t i = 0; i < seccomp->rule_count; i++)
		fill_rule(arena, &seccomp->rules[i], &rules[i]);
	fill_architectures(arena, seccomp, &policy);
	return seccomp_compile(&policy, ret);
}

int seccomp_plan_make(const struct spec_seccomp *seccomp, struct seccomp_program *ret, struct error *err)
{
	int r = check_actions(seccomp, err);

	if (r == 0)
		r = check_flags(seccomp, err);
	if (r < 0)
		return r;
	log_unknown_names(seccomp);
	r = compile(seccomp, ret);
	if (r == -E2BIG)
		return error_set(err, ERROR_INVALID, E2BIG, "linux.seccomp: the filter has more than the kernel's 4096 instructions");
	if (r < 0)
		return error_errno(err, -r, "linux.seccomp: cannot compile the filter");
	return 0;
}

static const char *action_words(char *ret, size_t size, enum spec_seccomp_action action, bool has_errno, uint32_t errno_ret)
{
	const char *name = spec_name_of(SPEC_SECCOMP_ACTIONS, action);

	if (action == SECCOMP_ACT_ERRNO || action == SECCOMP_ACT_TRACE)
		snprintf(ret, size, "%s(%u)", name, has_errno ? errno_ret : EPERM);
	else
		snprintf(ret, size, "%s", name);
	return ret;
}

void seccomp_plan_print(const struct spec_seccomp *seccomp, const struct seccomp_program *program, const char *indent, struct buf *out)
{
	char words[64];

	buf_printf(out, "%sfilter of %u instructions, otherwise %s\n", indent, program->length,
		action_words(words, sizeof words, seccomp->default_action, seccomp->has_default_errno, seccomp->default_errno));
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->rules[i];
		size_t names = strv_length(rule->names);

		buf_printf(out, "%s%s", indent, action_words(words, sizeof words, rule->action, rule->has_errno, rule->errno_ret));
		if (rule->arg_count)
			buf_printf(out, " if %zu argument%s", rule->arg_count, rule->arg_count > 1 ? "s agree" : " agrees");
		buf_printf(out, ": %s", rule->names[0]);
		if (names > 1)
			buf_printf(out, " and %zu more", names - 1);
		buf_add_char(out, '\n');
	}
	if (program->has_notify)
		buf_printf(out, "%slistener handed to '%s'\n", indent, seccomp->listener_path);
}
