/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions are resolved in the document; what is left is a plain linux.seccomp. */
#include "spec/seccomp_profile.h"
#include "spec/decode.h"
#include "spec/seccomp.h"

#include <ctype.h>

/* ---- conditions ------------------------------------------------------------------------ */

struct conditions {
	char **machines, **capabilities;
	char *kernel;
};

static const struct field condition_fields[] = {
	FIELD(STRINGS, struct conditions, machines, "arches"),
	FIELD(STRINGS, struct conditions, capabilities, "caps"),
	FIELD(STRING, struct conditions, kernel, "minKernel"),
};

static bool has_capability(const struct spec_seccomp_facts *facts, const char *name)
{
	uint32_t number = 0;

	return spec_name_value(SPEC_CAPABILITIES, name, strlen(name), &number) && (facts->capabilities >> number & 1);
}

/* "4.8" */
static int parse_kernel(const char *text, unsigned *major, unsigned *minor)
{
	char *end = NULL;

	*major = (unsigned)strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '.' || !isdigit((unsigned char)end[1]))
		return -EINVAL;
	*minor = (unsigned)strtoul(end + 1, &end, 10);
	return *end ? -EINVAL : 0;
}

static int is_new_enough(const struct decoder *d, const struct json *value, const struct conditions *conditions,
			 const struct spec_seccomp_facts *facts, bool *ret)
{
	unsigned major = 0, minor = 0;

	*ret = false;
	if (!conditions->kernel)
		return 0;
	if (parse_kernel(conditions->kernel, &major, &minor) < 0)
		return decode_fail_member(d, value, "minKernel", "'%.40s' is no version such as 4.8", conditions->kernel);
	*ret = facts->kernel_major > major || (facts->kernel_major == major && facts->kernel_minor >= minor);
	return 0;
}

/* Whether all that is listed is so: 1 or 0. */
static int includes(const struct decoder *d, const struct json *value, const struct spec_seccomp_facts *facts)
{
	struct conditions conditions = { .machines = NULL };
	bool is_new = false;
	int r = value ? decode_fields(d, value, condition_fields, ARRAY_SIZE(condition_fields), &conditions, NULL) : 0;

	if (r == 0 && value)
		r = is_new_enough(d, value, &conditions, facts, &is_new);
	if (r < 0)
		return r;
	if (conditions.machines && conditions.machines[0] && !strv_contains(conditions.machines, facts->machine))
		return 0;
	for (char **name = conditions.capabilities; name && *name; name++)
		if (!has_capability(facts, *name))
			return 0;
	return !conditions.kernel || is_new;
}

/* Whether anything that is listed is so: 1 or 0. */
static int excludes(const struct decoder *d, const struct json *value, const struct spec_seccomp_facts *facts)
{
	struct conditions conditions = { .machines = NULL };
	bool is_new = false;
	int r = value ? decode_fields(d, value, condition_fields, ARRAY_SIZE(condition_fields), &conditions, NULL) : 0;

	if (r == 0 && value)
		r = is_new_enough(d, value, &conditions, facts, &is_new);
	if (r < 0)
		return r;
	if (conditions.machines && strv_contains(conditions.machines, facts->machine))
		return 1;
	for (char **name = conditions.capabilities; name && *name; name++)
		if (has_capability(facts, *name))
			return 1;
	return is_new;
}

/* ---- the plain document -------------------------------------------------------------------- */

static const struct json *given_member(const struct json *object, const char *name)
{
	const struct json *value = json_member(object, name);

	return value && value->type != JSON_NULL ? value : NULL;
}

/* The members of RULE but its conditions; "name" is an older "names". */
static void write_rule(struct json_writer *w, const struct json *rule)
{
	json_write_open(w, NULL, '{');
	for (const struct json *member = rule->first; member; member = member->next) {
		if (member->type == JSON_NULL || str_equal(member->key, "includes") || str_equal(member->key, "excludes"))
			continue;
		if (!str_equal(member->key, "name")) {
			json_write_value(w, member->key, member);
			continue;
		}
		if (member->type == JSON_STRING && !*member->text)
			continue;
		json_write_open(w, "names", '[');
		json_write_value(w, NULL, member);
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}

static int write_rules(const struct decoder *d, const struct json *rules, const struct spec_seccomp_facts *facts, struct json_writer *w)
{
	int r = decode_expect(d, rules, JSON_ARRAY);

	if (r < 0)
		return r;
	json_write_open(w, rules->key, '[');
	for (const struct json *rule = rules->first; rule; rule = rule->next) {
		r = decode_expect(d, rule, JSON_OBJECT);
		if (r == 0 && given_member(rule, "name") && given_member(rule, "names"))
			r = decode_fail(d, rule, "has both name and names");
		if (r == 0)
			r = excludes(d, given_member(rule, "excludes"), facts);
		if (r == 0)
			r = includes(d, given_member(rule, "includes"), facts);
		else if (r > 0)
			r = 0;
		if (r < 0)
			return r;
		if (r > 0)
			write_rule(w, rule);
	}
	json_write_close(w, ']');
	return 0;
}

/* The entry of this machine: its architecture and those that run on it as well. */
static int write_architectures(const struct decoder *d, const struct json *map, const struct spec_seccomp_facts *facts, struct json_writer *w)
{
	static const struct field fields[] = {
		FIELD_MUST(STRING, struct conditions, kernel, "architecture"),
		FIELD(STRINGS, struct conditions, machines, "subArchitectures"),
	};
	int r = decode_expect(d, map, JSON_ARRAY);

	if (r < 0)
		return r;
	json_write_open(w, "architectures", '[');
	for (const struct json *value = map->first; value; value = value->next) {
		struct conditions entry = { .machines = NULL };

		r = decode_fields(d, value, fields, ARRAY_SIZE(fields), &entry, NULL);
		if (r < 0)
			return r;
		if (!str_equal(entry.kernel, facts->architecture))
			continue;
		json_write_string(w, NULL, entry.kernel);
		for (char **name = entry.machines; name && *name; name++)
			json_write_string(w, NULL, *name);
	}
	json_write_close(w, ']');
	return 0;
}

static int write_plain(const struct decoder *d, const struct spec_seccomp_facts *facts, struct json_writer *w)
{
	int r = decode_expect(d, d->root, JSON_OBJECT);

	if (r < 0)
		return r;
	json_write_open(w, NULL, '{');
	for (const struct json *member = d->root->first; member && r == 0; member = member->next) {
		if (member->type == JSON_NULL)
			continue;
		if (str_equal(member->key, "archMap"))
			r = write_architectures(d, member, facts, w);
		else if (str_equal(member->key, "syscalls"))
			r = write_rules(d, member, facts, w);
		else if (!str_equal(member->key, "architectures") || !given_member(d->root, "archMap"))
			json_write_value(w, member->key, member);
	}
	json_write_close(w, '}');
	return r;
}

int spec_seccomp_profile_decode(struct arena *arena, const char *text, size_t length, const struct spec_seccomp_facts *facts,
				struct spec_seccomp **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "profile", .prefix = "", .err = err };
	_cleanup_buf_ struct buf plain = BUF_INIT;
	struct json_writer w = { .out = &plain };
	int r;

	if (length > SPEC_SECCOMP_PROFILE_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "profile");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = write_plain(&d, facts, &w);
	if (r == 0)
		r = decode_open(&d, plain.data, plain.length);
	return r < 0 ? r : decode_seccomp(&d, d.root, ret);
}
