/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/seccomp.h"

/* seccomp(2): ERRNO's value ends at the kernel's MAX_ERRNO, TRACE's at 16 bits; the other actions have none. */
static int check_errno(const struct decoder *d, const struct json *value, const char *member, enum spec_seccomp_action action, uint32_t number)
{
	uint32_t limit = action == SECCOMP_ACT_ERRNO ? 4095 : UINT16_MAX;

	if (action != SECCOMP_ACT_ERRNO && action != SECCOMP_ACT_TRACE)
		return decode_fail_member(d, value, member, "%s has no number to return", spec_name_of(SPEC_SECCOMP_ACTIONS, action));
	if (number > limit)
		return decode_fail_member(d, value, member, "%u is out of range (0 to %u)", number, limit);
	return 0;
}

/* ---- rules ------------------------------------------------------------------------- */

enum arg_field { ARG_INDEX, ARG_OP };

static int decode_arg_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_seccomp_arg *arg = object;
	uint64_t index = 0;
	int r;

	if (id == ARG_OP)
		return decode_name(d, value, SPEC_SECCOMP_OPERATORS, &arg->op);
	r = decode_uint(d, value, 5, &index);
	arg->index = (uint32_t)index;
	return r;
}

static int decode_arg(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(ARG_INDEX, "index", FIELD_REQUIRED),
		FIELD_MUST(U64, struct spec_seccomp_arg, value, "value"),
		FIELD(U64, struct spec_seccomp_arg, value_two, "valueTwo"),
		FIELD_BY(ARG_OP, "op", FIELD_REQUIRED),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), element, decode_arg_field);
}

static int decode_action(const struct decoder *d, const struct json *value, enum spec_seccomp_action *ret)
{
	uint32_t action = 0;
	int r = decode_name(d, value, SPEC_SECCOMP_ACTIONS, &action);

	*ret = (enum spec_seccomp_action)action;
	return r;
}

enum rule_field { RULE_NAMES, RULE_ACTION, RULE_ARGS };

static int decode_rule_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_seccomp_rule *rule = object;

	switch ((enum rule_field)id) {
	case RULE_NAMES:
		if (value->type == JSON_ARRAY && value->length == 0)
			return decode_fail(d, value, "must not be empty");
		return decode_strings(d, value, SPEC_STRING_LIMIT, &rule->names);
	case RULE_ACTION:
		return decode_action(d, value, &rule->action);
	case RULE_ARGS:
		return decode_list(d, value, JSON_ARRAY, sizeof *rule->args, decode_arg, &rule->args, &rule->arg_count);
	}
	return -EINVAL;
}

static int decode_rule(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(RULE_NAMES, "names", FIELD_REQUIRED),
		FIELD_BY(RULE_ACTION, "action", FIELD_REQUIRED),
		FIELD_WITH(U32, struct spec_seccomp_rule, errno_ret, has_errno, "errnoRet"),
		FIELD_BY(RULE_ARGS, "args", 0),
	};
	struct spec_seccomp_rule *rule = element;
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), rule, decode_rule_field);

	return r == 0 && rule->has_errno ? check_errno(d, value, "errnoRet", rule->action, rule->errno_ret) : r;
}

/* ---- the whole ---------------------------------------------------------------------- */

enum seccomp_field { SECCOMP_DEFAULT_ACTION, SECCOMP_ARCHITECTURES, SECCOMP_FLAGS, SECCOMP_SYSCALLS };

static int decode_architecture(const struct decoder *d, const struct json *value, void *element)
{
	return decode_name(d, value, SPEC_SECCOMP_ARCHITECTURES, element);
}

static int decode_seccomp_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_seccomp *seccomp = object;

	switch ((enum seccomp_field)id) {
	case SECCOMP_DEFAULT_ACTION:
		return decode_action(d, value, &seccomp->default_action);
	case SECCOMP_ARCHITECTURES:
		return decode_list(d, value, JSON_ARRAY, sizeof *seccomp->architectures, decode_architecture, &seccomp->architectures,
				   &seccomp->architecture_count);
	case SECCOMP_FLAGS:
		return decode_name_bits(d, value, SPEC_SECCOMP_FLAGS, &seccomp->flags);
	case SECCOMP_SYSCALLS:
		return decode_list(d, value, JSON_ARRAY, sizeof *seccomp->rules, decode_rule, &seccomp->rules, &seccomp->rule_count);
	}
	return -EINVAL;
}

static int check_listener(const struct decoder *d, const struct json *value, const struct spec_seccomp *seccomp)
{
	if (seccomp->default_action == SECCOMP_ACT_NOTIFY)
		return decode_fail_member(d, value, "defaultAction", "SCMP_ACT_NOTIFY cannot be the default: it would ask about every call");
	if (seccomp->listener_path)
		return 0;
	if (seccomp->listener_metadata)
		return decode_fail_member(d, value, "listenerPath", "missing, although there is listenerMetadata");
	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (seccomp->rules[i].action == SECCOMP_ACT_NOTIFY)
			return decode_fail_member(d, value, "listenerPath", "missing, although syscalls[%zu] has SCMP_ACT_NOTIFY", i);
	return 0;
}

int decode_seccomp(const struct decoder *d, const struct json *value, struct spec_seccomp **ret)
{
	static const struct field fields[] = {
		FIELD_BY(SECCOMP_DEFAULT_ACTION, "defaultAction", FIELD_REQUIRED),
		FIELD_WITH(U32, struct spec_seccomp, default_errno, has_default_errno, "defaultErrnoRet"),
		FIELD_BY(SECCOMP_ARCHITECTURES, "architectures", 0),
		FIELD_BY(SECCOMP_FLAGS, "flags", 0),
		FIELD(STRING, struct spec_seccomp, listener_path, "listenerPath"),
		FIELD(STRING, struct spec_seccomp, listener_metadata, "listenerMetadata"),
		FIELD_BY(SECCOMP_SYSCALLS, "syscalls", 0),
	};
	struct spec_seccomp *seccomp = arena_alloc(d->arena, 1, sizeof *seccomp);
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), seccomp, decode_seccomp_field);

	if (r < 0)
		return r;
	if (seccomp->has_default_errno) {
		r = check_errno(d, value, "defaultErrnoRet", seccomp->default_action, seccomp->default_errno);
		if (r < 0)
			return r;
	}
	r = check_listener(d, value, seccomp);
	if (r < 0)
		return r;
	*ret = seccomp;
	return 0;
}
