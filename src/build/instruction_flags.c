/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_flags.h"

#include <strings.h>

#define FLAG_LIMIT 1000 /* of one instruction */

enum flag_type { FLAG_TEXT, FLAG_LIST, FLAG_CHOICE };

#define OF(kind) (1u << INSTRUCTION_##kind)
#define FIELD(name) offsetof(struct instruction_flags, name)

static const struct flag {
	const char *name;
	unsigned kinds;
	enum flag_type type;
	size_t offset;
} flags[] = {
	{ "checksum",       OF(ADD),            FLAG_TEXT,   FIELD(checksum) },
	{ "chmod",          OF(ADD) | OF(COPY), FLAG_TEXT,   FIELD(chmod) },
	{ "chown",          OF(ADD) | OF(COPY), FLAG_TEXT,   FIELD(chown) },
	{ "device",         OF(RUN),            FLAG_LIST,   FIELD(devices) },
	{ "exclude",        OF(ADD) | OF(COPY), FLAG_LIST,   FIELD(excludes) },
	{ "from",           OF(COPY),           FLAG_TEXT,   FIELD(from) },
	{ "interval",       OF(HEALTHCHECK),    FLAG_TEXT,   FIELD(interval) },
	{ "keep-git-dir",   OF(ADD),            FLAG_CHOICE, FIELD(keep_git_dir) },
	{ "link",           OF(ADD) | OF(COPY), FLAG_CHOICE, FIELD(link) },
	{ "mount",          OF(RUN),            FLAG_LIST,   FIELD(mounts) },
	{ "network",        OF(RUN),            FLAG_TEXT,   FIELD(network) },
	{ "parents",        OF(COPY),           FLAG_CHOICE, FIELD(parents) },
	{ "platform",       OF(FROM),           FLAG_TEXT,   FIELD(platform) },
	{ "retries",        OF(HEALTHCHECK),    FLAG_TEXT,   FIELD(retries) },
	{ "security",       OF(RUN),            FLAG_TEXT,   FIELD(security) },
	{ "start-interval", OF(HEALTHCHECK),    FLAG_TEXT,   FIELD(start_interval) },
	{ "start-period",   OF(HEALTHCHECK),    FLAG_TEXT,   FIELD(start_period) },
	{ "timeout",        OF(HEALTHCHECK),    FLAG_TEXT,   FIELD(timeout) },
	{ "unpack",         OF(ADD),            FLAG_CHOICE, FIELD(unpack) },
};

/* Among the flags of any instruction. */
static const struct flag *find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strlen(flags[i].name) == length && strncmp(flags[i].name, name, length) == 0)
			return &flags[i];
	return NULL;
}

static void hint_all(const struct instruction_context *c, const char *const *names, size_t count)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " and ", names[i]);
	error_hint(c->err, "%s has %s", c->source->name, list.data);
}

static int fail_unknown(const struct instruction_context *c, enum instruction_kind kind, const char *text, size_t length, const struct flag *other)
{
	const char *names[ARRAY_SIZE(flags)], *name = arena_strndup(c->arena, text, length);
	size_t count = 0;
	int r = instruction_fail(c, name, "%s has no flag '%s'", c->source->name, name);

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].kinds & 1u << kind)
			names[count++] = arena_printf(c->arena, "--%s", flags[i].name);
	if (other) {
		for (enum instruction_kind k = 0; k < INSTRUCTION_KIND_COUNT; k++)
			if (other->kinds & 1u << k)
				error_hint(c->err, "%s is a flag of %s", name, instruction_names[k]);
	} else if (!count) {
		error_hint(c->err, "%s has no flags; '--' before what begins with '--' makes it none", c->source->name);
	} else if (!instruction_hint_nearest(c, name, names, count)) {
		hint_all(c, names, count);
	}
	return r;
}

static int set_choice(const struct instruction_context *c, const char *name, const char *value, struct instruction_choice *ret)
{
	if (ret->is_given)
		return instruction_fail(c, name, "flag '%s' is given twice", name);
	if (value && strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
		return instruction_fail(c, name, "flag '%s' takes true or false, not '%s'", name, value);
	*ret = (struct instruction_choice){ true, !value || strcasecmp(value, "true") == 0 };
	return 0;
}

static void add_to_list(const struct instruction_context *c, char *value, char ***list)
{
	size_t count = 0;

	if (!*list) {
		/* There cannot be more than all flags. */
		while (c->source->flags[count])
			count++;
		*list = arena_alloc(c->arena, count + 1, sizeof(**list));
		count = 0;
	}
	while ((*list)[count])
		count++;
	(*list)[count] = value;
}

static int set(const struct instruction_context *c, enum instruction_kind kind, char *text, struct instruction_flags *ret)
{
	size_t length = strcspn(text, "=");
	const struct flag *flag = find(text + 2, length - 2);
	char *value = text[length] ? text + length + 1 : NULL, *name;
	void *target;

	if (!flag || !(flag->kinds & 1u << kind))
		return fail_unknown(c, kind, text, length, flag);
	name = arena_strndup(c->arena, text, length);
	target = (char *)ret + flag->offset;
	if (flag->type == FLAG_CHOICE)
		return set_choice(c, name, value, target);
	if (!value)
		return instruction_fail(c, name, "flag '%s' takes a value", name);
	if (flag->type == FLAG_LIST) {
		add_to_list(c, value, target);
		return 0;
	}
	if (*(char **)target)
		return instruction_fail(c, name, "flag '%s' is given twice", name);
	*(char **)target = value;
	return 0;
}

int instruction_flags_read(const struct instruction_context *c, enum instruction_kind kind, struct instruction_flags *ret)
{
	*ret = (struct instruction_flags){ 0 };
	for (size_t i = 0; c->source->flags[i]; i++) {
		int r = i < FLAG_LIMIT ? set(c, kind, c->source->flags[i], ret) : instruction_fail(c, NULL, "more than %d flags", FLAG_LIMIT);

		if (r < 0)
			return r;
	}
	return 0;
}
