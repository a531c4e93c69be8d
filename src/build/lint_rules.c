/* SPDX-License-Identifier: Apache-2.0 */
/* The rules, and which of them a Dockerfile wants to hear of. */
#include "build/lint.h"

#include "base/options.h"
#include "base/str.h"

#define RULE(name, page, description) { name, description, "https://docs.docker.com/reference/build-checks/" page "/", false }

const struct lint_rule lint_rules[] = {
	RULE("ConsistentInstructionCasing", "consistent-instruction-casing", "all instructions of a Dockerfile are written alike, in capitals or in small letters"),
	RULE("CopyIgnoredFile", "copy-ignored-file", "what .dockerignore leaves out cannot be copied"),
	RULE("DuplicateStageName", "duplicate-stage-name", "every stage has a name of its own"),
	RULE("ExposeInvalidFormat", "expose-invalid-format", "EXPOSE names ports of the container alone, without addresses and ports of the host"),
	RULE("ExposeProtoCasing", "expose-proto-casing", "protocols of EXPOSE are written in small letters"),
	RULE("FromAsCasing", "from-as-casing", "FROM and AS are written alike, in capitals or in small letters"),
	RULE("FromPlatformFlagConstDisallowed", "from-platform-flag-const-disallowed", "FROM --platform with a fixed value makes a build for other platforms wrong"),
	RULE("InvalidBaseImagePlatform", "invalid-base-image-platform", "a base image is for the platform that is built for"),
	RULE("InvalidDefaultArgInFrom", "invalid-default-arg-in-from", "the defaults of ARG make every FROM name an image"),
	{ "InvalidDefinitionDescription", "a comment right above a named stage or an argument describes it, and begins with its name",
		"https://docs.docker.com/reference/build-checks/invalid-definition-description/", true },
	RULE("JSONArgsRecommended", "json-args-recommended", "CMD and ENTRYPOINT in JSON run without a shell, which would keep signals from the command"),
	RULE("LegacyKeyValueFormat", "legacy-key-value-format", "names and values of ENV and LABEL are joined by '='"),
	RULE("MaintainerDeprecated", "maintainer-deprecated", "MAINTAINER is deprecated; a label says the same"),
	RULE("MultipleInstructionsDisallowed", "multiple-instructions-disallowed", "of several CMD, ENTRYPOINT or HEALTHCHECK in a stage the last one counts alone"),
	RULE("NoEmptyContinuation", "no-empty-continuation", "an instruction has no empty line in it"),
	RULE("RedundantTargetPlatform", "redundant-target-platform", "FROM takes the target's platform anyway"),
	RULE("ReservedStageName", "reserved-stage-name", "'scratch' and 'context' are no names for stages"),
	RULE("SecretsUsedInArgOrEnv", "secrets-used-in-arg-or-env", "what ARG and ENV hold stays in the image for everyone to read"),
	RULE("StageNameCasing", "stage-name-casing", "names of stages are written in small letters"),
	RULE("UndefinedArgInFrom", "undefined-arg-in-from", "FROM uses arguments that an ARG before it declares"),
	RULE("UndefinedVar", "undefined-var", "variables are set before they are used"),
	RULE("WorkdirRelativePath", "workdir-relative-path", "the first WORKDIR of a stage is absolute, whatever the base image says"),
	{ NULL, NULL, NULL, false },
};

const struct lint_rule *lint_rule_find(const char *name)
{
	for (const struct lint_rule *rule = lint_rules; rule->name; rule++)
		if (str_equal(rule->name, name))
			return rule;
	return NULL;
}

static const char *trim(struct arena *arena, const char *text, size_t length)
{
	while (length > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return arena_strndup(arena, text, length);
}

/* "A, B". */
static char **split(struct arena *arena, const char *text)
{
	size_t count = 1;
	char **list;

	for (const char *at = text; *at; at++)
		count += *at == ',';
	list = arena_alloc(arena, count + 1, sizeof *list);
	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(text, ",");

		list[i] = (char *)trim(arena, text, length);
		text += length + (text[length] == ',');
	}
	return list;
}

static int take_bool(const char *value, bool *ret, struct error *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" }, *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!str_equal(value, yes[i]) && !str_equal(value, no[i]))
			continue;
		*ret = str_equal(value, yes[i]);
		return 0;
	}
	return error_set(err, ERROR_INVALID, 0, "check: 'error' is true or false, not '%s'", value);
}

static int take_option(struct arena *arena, const char *name, const char *value, struct lint_settings *settings, struct error *err)
{
	static const char *const names[] = { "error", "experimental", "skip" };
	const char *nearest;

	if (str_equal(name, "error"))
		return take_bool(value, &settings->is_error, err);
	if (str_equal(name, "skip") || str_equal(name, "experimental")) {
		bool is_skip = *name == 's', is_all = str_equal(value, "all");

		*(is_skip ? &settings->skips_all : &settings->all_experimental) |= is_all;
		if (!is_all)
			*(is_skip ? &settings->skipped : &settings->experimental) = split(arena, value);
		return 0;
	}
	error_set(err, ERROR_INVALID, 0, "check: no option '%s'", name);
	nearest = options_nearest(name, names, ARRAY_SIZE(names));
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	else
		error_hint(err, "it takes skip=RULE,…, experimental=RULE,… and error=true, with ';' between them");
	return -EINVAL;
}

int lint_settings_parse(struct arena *arena, const char *text, struct lint_settings *ret, struct error *err)
{
	struct lint_settings settings = { 0 };

	while (text && *text) {
		size_t length = strcspn(text, ";");
		const char *option = trim(arena, text, length), *equals = strchr(option, '=');
		int r;

		text += length + (text[length] == ';');
		if (!*option)
			continue;
		if (!equals)
			return error_set(err, ERROR_INVALID, 0, "check: '%s' has no value", option);
		r = take_option(arena, trim(arena, option, (size_t)(equals - option)), trim(arena, equals + 1, strlen(equals + 1)), &settings, err);
		if (r < 0)
			return r;
	}
	*ret = settings;
	return 0;
}
