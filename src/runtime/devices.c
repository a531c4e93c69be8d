/* SPDX-License-Identifier: Apache-2.0 */
/* See devices.h; the kernel's side is Documentation/admin-guide/cgroup-v1/devices.rst. */
#include "runtime/devices.h"

#include "base/str.h"

#define NUMBER_TEXT 24

static const struct device_rule usual_devices[] = {
	{ true, 'c', DEVICE_WILDCARD, DEVICE_WILDCARD, DEVICE_MAKE },
	{ true, 'b', DEVICE_WILDCARD, DEVICE_WILDCARD, DEVICE_MAKE },
	{ true, 'c', 1, 3, DEVICE_ACCESS_ALL },                 /* null */
	{ true, 'c', 1, 5, DEVICE_ACCESS_ALL },                 /* zero */
	{ true, 'c', 1, 7, DEVICE_ACCESS_ALL },                 /* full */
	{ true, 'c', 1, 8, DEVICE_ACCESS_ALL },                 /* random */
	{ true, 'c', 1, 9, DEVICE_ACCESS_ALL },                 /* urandom */
	{ true, 'c', 5, 0, DEVICE_ACCESS_ALL },                 /* tty */
	{ true, 'c', 5, 2, DEVICE_ACCESS_ALL },                 /* ptmx */
	{ true, 'c', 136, DEVICE_WILDCARD, DEVICE_ACCESS_ALL }, /* pts; the console is one of them */
	{ true, 'c', 10, 200, DEVICE_ACCESS_ALL },              /* net/tun */
};

void devices_collect(struct arena *arena, const struct spec_device_rule *rules, size_t count, struct device_rule **ret, size_t *ret_count)
{
	struct device_rule *list = arena_alloc(arena, count + ARRAY_SIZE(usual_devices), sizeof *list);

	for (size_t i = 0; i < count; i++)
		list[i] = (struct device_rule){
			.allow = rules[i].allow,
			.type = rules[i].type,
			.major = rules[i].major == SPEC_WILDCARD ? DEVICE_WILDCARD : rules[i].major,
			.minor = rules[i].minor == SPEC_WILDCARD ? DEVICE_WILDCARD : rules[i].minor,
			.access = rules[i].access ? rules[i].access : DEVICE_ACCESS_ALL,
		};
	memcpy(list + count, usual_devices, sizeof usual_devices);
	*ret = list;
	*ret_count = count + ARRAY_SIZE(usual_devices);
}

static void format_number(int64_t number, char *text)
{
	if (number == DEVICE_WILDCARD)
		memcpy(text, "*", 2);
	else
		snprintf(text, NUMBER_TEXT, "%lld", (long long)number);
}

void devices_format(const struct device_rule *rule, char *text, size_t size)
{
	char major[NUMBER_TEXT], minor[NUMBER_TEXT];

	format_number(rule->major, major);
	format_number(rule->minor, minor);
	snprintf(text, size, "%c %s:%s %s%s%s", rule->type, major, minor, rule->access & DEVICE_READ ? "r" : "",
		rule->access & DEVICE_WRITE ? "w" : "", rule->access & DEVICE_MAKE ? "m" : "");
}

/* ---- v1's form -------------------------------------------------------------------- */

static bool number_covers(int64_t wide, int64_t narrow)
{
	return wide == DEVICE_WILDCARD || wide == narrow;
}

static bool number_meets(int64_t a, int64_t b)
{
	return a == DEVICE_WILDCARD || b == DEVICE_WILDCARD || a == b;
}

static bool covers(const struct device_rule *wide, const struct device_rule *narrow)
{
	return wide->type == narrow->type && number_covers(wide->major, narrow->major) && number_covers(wide->minor, narrow->minor);
}

static bool meets(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && number_meets(a->major, b->major) && number_meets(a->minor, b->minor);
}

static void add_exception(struct device_list *list, const struct device_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		struct device_rule *have = &list->exceptions[i];

		if (covers(have, rule) && covers(rule, have)) {
			have->access |= rule->access;
			return;
		}
	}
	list->exceptions[list->count++] = *rule;
}

/* Takes what RULE names out of the exceptions; false if a wider one would have to get a hole. */
static bool subtract_exception(struct device_list *list, const struct device_rule *rule)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if ((list->exceptions[i].access & rule->access) && meets(rule, &list->exceptions[i]) && !covers(rule, &list->exceptions[i]))
			return false;
	for (size_t i = 0; i < list->count; i++) {
		struct device_rule have = list->exceptions[i];

		if (covers(rule, &have))
			have.access &= (uint8_t)~rule->access;
		if (have.access)
			list->exceptions[kept++] = have;
	}
	list->count = kept;
	return true;
}

static int apply_rule(struct device_list *list, struct device_rule rule, struct error *err)
{
	char text[64];

	if (rule.allow != list->default_allow) {
		add_exception(list, &rule);
		return 0;
	}
	if (subtract_exception(list, &rule))
		return 0;
	devices_format(&rule, text, sizeof text);
	return error_set(err, ERROR_UNSUPPORTED, 0, "cannot set linux.resources.devices: the devices controller of cgroup v1 cannot %s '%s' out of a wider rule",
		rule.allow ? "allow" : "deny", text);
}

/* A rule for both types is two; one about everything starts anew. */
static int apply_any_rule(struct device_list *list, const struct device_rule *rule, struct error *err)
{
	struct device_rule one = *rule;
	int r;

	if (rule->type != 'a')
		return apply_rule(list, one, err);
	if (rule->major == DEVICE_WILDCARD && rule->minor == DEVICE_WILDCARD && rule->access == DEVICE_ACCESS_ALL) {
		list->default_allow = rule->allow;
		list->count = 0;
		return 0;
	}
	one.type = 'b';
	r = apply_rule(list, one, err);
	one.type = 'c';
	return r < 0 ? r : apply_rule(list, one, err);
}

/*
 * The kernel wants one exception that allows all of what is asked, so reading
 * that one rule allows and writing that a wider one allows must stand together.
 * (Making a node is always asked alone.)
 */
static void join_overlaps(struct device_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < list->count; j++)
			if (covers(&list->exceptions[j], &list->exceptions[i]))
				list->exceptions[i].access |= list->exceptions[j].access & (DEVICE_READ | DEVICE_WRITE);
}

int devices_normalise(struct arena *arena, const struct device_rule *rules, size_t count, struct device_list *ret, struct error *err)
{
	struct device_list list = { .exceptions = arena_alloc(arena, 2 * count + 1, sizeof *list.exceptions) };

	for (size_t i = 0; i < count; i++) {
		int r = apply_any_rule(&list, &rules[i], err);

		if (r < 0)
			return r;
	}
	if (!list.default_allow)
		join_overlaps(&list);
	*ret = list;
	return 0;
}

/* ---- what is there ------------------------------------------------------------------ */

static bool parse_number(const char *text, int64_t *ret)
{
	if (strcmp(text, "*") == 0) {
		*ret = DEVICE_WILDCARD;
		return true;
	}
	return str_to_i64(text, 10, ret) == 0;
}

static bool parse_line(char *line, struct device_rule *ret)
{
	char *rest = NULL, *type = strtok_r(line, " ", &rest), *major = strtok_r(NULL, ":", &rest);
	char *minor = strtok_r(NULL, " ", &rest), *access = strtok_r(NULL, " ", &rest);

	if (!access || !parse_number(major, &ret->major) || !parse_number(minor, &ret->minor))
		return false;
	ret->type = type[0];
	ret->access = (uint8_t)((strchr(access, 'r') ? DEVICE_READ : 0) | (strchr(access, 'w') ? DEVICE_WRITE : 0) | (strchr(access, 'm') ? DEVICE_MAKE : 0));
	return true;
}

/* A group that allows everything by default shows "a *:* rwm" and hides its exceptions. */
void devices_parse_list(struct arena *arena, const char *text, struct device_list *ret)
{
	struct device_list list = { 0 };
	char *copy = arena_strdup(arena, text), *rest = NULL;
	size_t lines = 1;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	list.exceptions = arena_alloc(arena, lines, sizeof *list.exceptions);
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct device_rule rule = { .allow = true };

		if (!parse_line(line, &rule))
			continue;
		if (rule.type == 'a')
			list.default_allow = true;
		else
			list.exceptions[list.count++] = rule;
	}
	*ret = list;
}

/* ---- what to write -------------------------------------------------------------------- */

struct changes {
	struct device_change *list;
	size_t count;
};

static void add_change(struct changes *changes, bool allow, const struct device_rule *rule)
{
	struct device_change *change = &changes->list[changes->count++];

	change->allow = allow;
	if (rule)
		devices_format(rule, change->text, sizeof change->text);
	else
		memcpy(change->text, "a", 2);
}

/* The exceptions of A whose access B does not have, as writes in the direction ALLOW. */
static void add_missing(struct changes *changes, bool allow, const struct device_list *a, const struct device_list *b)
{
	for (size_t i = 0; i < a->count; i++) {
		struct device_rule rule = a->exceptions[i];

		for (size_t j = 0; j < b->count; j++)
			if (covers(&rule, &b->exceptions[j]) && covers(&b->exceptions[j], &rule))
				rule.access &= (uint8_t)~b->exceptions[j].access;
		if (rule.access)
			add_change(changes, allow, &rule);
	}
}

void devices_compare(struct arena *arena, const struct device_list *current, const struct device_list *wanted, struct device_change **ret, size_t *ret_count)
{
	static const struct device_list nothing = { 0 };
	/* An allowing list does not show what it denies: only a denying one can be compared. */
	bool is_comparable = current && !current->default_allow && !wanted->default_allow;
	struct changes changes = {
		.list = arena_alloc(arena, wanted->count + (current ? current->count : 0) + 1, sizeof *changes.list),
	};

	if (!is_comparable) {
		add_change(&changes, wanted->default_allow, NULL);
		current = &nothing;
	}
	add_missing(&changes, !wanted->default_allow, wanted, current);
	add_missing(&changes, wanted->default_allow, current, wanted);
	*ret = changes.list;
	*ret_count = changes.count;
}
