/* SPDX-License-Identifier: Apache-2.0 */
#include "build/lint.h"
#include "build/outline_scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* "Rule:line Rule:line", of TEXT with what the check directive says; EXPECTED. */
static void check_with(const char *text, const char *check, const struct ignore *ignore, const char *expected)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf found = BUF_INIT;
	struct scratch scratch;
	struct outline *outline;
	struct lint_settings settings;
	struct dockerfile_warning *warnings;
	size_t count;

	scratch_begin(arena, &scratch, NULL);
	outline = scratch_outline(arena, &scratch, text);
	if (!outline)
		fail_msg("%s", scratch.err.message);
	assert_int_equal(lint_settings_parse(arena, check, &settings, NULL), 0);
	settings.ignore = ignore;
	lint(arena, outline, NULL, 0, &settings, &warnings, &count);
	buf_add_text(&found, "");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&found, "%s%s:%u", i > 0 ? " " : "", warnings[i].rule, warnings[i].mark.line);
		if (str_is_empty(warnings[i].text))
			fail_msg("%s says nothing", warnings[i].rule);
	}
	if (!str_equal(found.data, expected))
		fail_msg("'%s': '%s', not '%s'", text, found.data, expected);
}

static void test_rules(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "FROM debian AS a\nRUN x\nCMD [\"y\"]\n", "" },
		{ "FROM debian AS A\n", "StageNameCasing:1" },
		{ "FROM debian as a\n", "FromAsCasing:1" },
		{ "from debian as a\nrun x\n", "" },
		{ "from debian AS a\n", "FromAsCasing:1" },
		{ "FROM debian\nrun x\nRUN x\n", "ConsistentInstructionCasing:2" },
		{ "from debian\nrun x\nRUN x\n", "ConsistentInstructionCasing:3" },
		{ "FROM debian\nRun x\n", "ConsistentInstructionCasing:2" },
		{ "FROM debian AS a\nFROM debian AS b\nFROM debian AS a\n", "DuplicateStageName:3" },
		{ "FROM debian AS scratch\nFROM debian AS context\n", "ReservedStageName:1 ReservedStageName:2" },
		{ "FROM debian\nCMD x\nENTRYPOINT y\n", "JSONArgsRecommended:2 JSONArgsRecommended:3" },
		{ "FROM debian\nSHELL [\"a\"]\nCMD x\n", "" },
		{ "FROM debian AS a\nSHELL [\"a\"]\nFROM a\nCMD x\n", "" },
		{ "FROM debian\nCMD x\nSHELL [\"a\"]\n", "JSONArgsRecommended:2" },
		{ "FROM debian\nMAINTAINER x\n", "MaintainerDeprecated:2" },
		{ "FROM debian\nCMD [\"x\"]\nRUN x\nCMD [\"y\"]\nCMD [\"z\"]\n", "MultipleInstructionsDisallowed:2 MultipleInstructionsDisallowed:4" },
		{ "FROM debian\nHEALTHCHECK NONE\nHEALTHCHECK NONE\nFROM debian\nHEALTHCHECK NONE\n", "MultipleInstructionsDisallowed:2" },
		{ "FROM debian\nENTRYPOINT [\"x\"]\nENTRYPOINT [\"x\"]\n", "MultipleInstructionsDisallowed:2" },
		{ "FROM debian\nENV a b\nLABEL c d\nENV a=b\n", "LegacyKeyValueFormat:2 LegacyKeyValueFormat:3" },
		{ "FROM debian\nENV API_KEY=x\nARG GITHUB_TOKEN password\nLABEL key=x\n", "SecretsUsedInArgOrEnv:2 SecretsUsedInArgOrEnv:3 SecretsUsedInArgOrEnv:3" },
		{ "FROM debian\nENV PUBLIC_KEY=x TOKEN_FILE=x KEYS=x MONKEY=x\n", "" },
		{ "FROM debian\nEXPOSE 80/TCP 81/tcp\n", "ExposeProtoCasing:2" },
		{ "FROM debian\nEXPOSE 127.0.0.1:80:80 8080:80\n", "ExposeInvalidFormat:2 ExposeInvalidFormat:2" },
		{ "ARG V=1\nFROM debian:$V$W\n", "UndefinedArgInFrom:2" },
		{ "ARG V\nFROM debian:1$V\n", "" },
		{ "ARG V=1\nFROM --platform=$X$BUILDPLATFORM debian:$V\n", "UndefinedArgInFrom:2" },
		{ "FROM --platform=$TARGETPLATFORM debian\n", "RedundantTargetPlatform:1" },
		{ "FROM --platform=${BUILDPLATFORM} debian\n", "" },
		{ "FROM --platform=linux/s390x debian\n", "FromPlatformFlagConstDisallowed:1" },
		{ "FROM --platform=linux/s390x debian AS build-s390x\n", "" },
		{ "FROM debian\nRUN a \\\n\n b\n", "NoEmptyContinuation:3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_with(cases[i][0], NULL, NULL, cases[i][1]);
}

/* With --build-arg it is a name, by itself it is none. */
static void test_default_of_argument(void **state _unused_)
{
	static const char *const given[] = { "V=debian", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;
	struct dockerfile_warning *warnings;
	size_t count;

	scratch_begin(arena, &scratch, given);
	outline = scratch_outline(arena, &scratch, "ARG V\nARG W=1\nFROM $V:$W\n");
	assert_non_null(outline);
	lint(arena, outline, NULL, 0, &(struct lint_settings){ 0 }, &warnings, &count);
	assert_int_equal(count, 1);
	assert_string_equal(warnings[0].rule, "InvalidDefaultArgInFrom");
	assert_string_equal(warnings[0].text, "with the defaults of ARG, '$V:$W' is no image: ':1'");
}

static void test_descriptions(void **state _unused_)
{
	static const char text[] =
		"# V is one\nARG V=1\n# of all\nFROM debian AS a\n# b is the stage\nFROM debian AS b\n# X\nARG X Y\n# what\nARG Z\n\n# apart\n\nARG W\n";

	check_with(text, NULL, NULL, "");
	check_with(text, "experimental=all", NULL, "InvalidDefinitionDescription:4 InvalidDefinitionDescription:10");
	check_with(text, "experimental = A, InvalidDefinitionDescription", NULL, "InvalidDefinitionDescription:4 InvalidDefinitionDescription:10");
}

static void test_settings(void **state _unused_)
{
	static const char text[] = "FROM debian AS A\nMAINTAINER x\nCMD y\n";

	check_with(text, "skip=MaintainerDeprecated, StageNameCasing", NULL, "JSONArgsRecommended:3");
	check_with(text, "error=true;skip=all", NULL, "");
	check_with(text, " ; ", NULL, "StageNameCasing:1 MaintainerDeprecated:2 JSONArgsRecommended:3");
	check_with("FROM debian\n# check=skip=JSONArgsRecommended\nCMD y\n# check=skip=Other\nMAINTAINER x\n", NULL, NULL, "MaintainerDeprecated:5");
}

static void test_wrong_settings(void **state _unused_)
{
	static const char *const cases[][3] = {
		{ "skp=all", "check: no option 'skp'", "did you mean 'skip'?" },
		{ "x=y", "check: no option 'x'", "it takes skip=RULE,…, experimental=RULE,… and error=true, with ';' between them" },
		{ "skip", "check: 'skip' has no value", "" },
		{ "error=maybe", "check: 'error' is true or false, not 'maybe'", "" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lint_settings settings;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(lint_settings_parse(arena, cases[i][0], &settings, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_string_equal(err.hint, cases[i][2]);
	}
	assert_int_equal(lint_settings_parse(arena, "error=1;experimental=all", &settings, NULL), 0);
	assert_true(settings.is_error);
	assert_true(settings.all_experimental);
	assert_int_equal(lint_settings_parse(arena, NULL, &settings, NULL), 0);
	assert_false(settings.is_error);
}

static void test_ignored(void **state _unused_)
{
	static const char text[] = "FROM debian\nCOPY . /\nCOPY a/b keep /\nADD ./a https://a/b $a /\nCOPY --from=debian a /\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct ignore *ignore = NULL;

	assert_int_equal(ignore_parse(arena, "i", "a\n", 2, &ignore, NULL), 0);
	check_with(text, NULL, ignore, "CopyIgnoredFile:3 CopyIgnoredFile:4");
	assert_int_equal(ignore_parse(arena, "i", "*\n!x\n", 5, &ignore, NULL), 0);
	check_with(text, NULL, ignore, "");
}

/* What plans found comes in its place. */
static void test_extra(void **state _unused_)
{
	static const struct dockerfile_warning extra[] = {
		{ .rule = "UndefinedVar", .mark = { .line = 2 }, .text = (char *)"x" },
		{ .rule = "WorkdirRelativePath", .mark = { .line = 1 }, .text = (char *)"y" },
		{ .rule = "Unknown", .mark = { .line = 1 }, .text = (char *)"z" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;
	struct dockerfile_warning *warnings;
	size_t count;

	scratch_begin(arena, &scratch, NULL);
	outline = scratch_outline(arena, &scratch, "FROM debian\nRUN x\nMAINTAINER x\n");
	assert_non_null(outline);
	lint(arena, outline, extra, ARRAY_SIZE(extra), &(struct lint_settings){ 0 }, &warnings, &count);
	assert_int_equal(count, 3);
	assert_string_equal(warnings[0].rule, "WorkdirRelativePath");
	assert_string_equal(warnings[1].rule, "UndefinedVar");
	assert_string_equal(warnings[2].rule, "MaintainerDeprecated");
}

static void test_table(void **state _unused_)
{
	const struct lint_rule *rule = lint_rules;

	for (; rule->name; rule++) {
		assert_non_null(rule->description);
		assert_non_null(strstr(rule->url, "/build-checks/"));
		assert_ptr_equal(lint_rule_find(rule->name), rule);
		if (rule > lint_rules)
			assert_true(strcmp(rule[-1].name, rule->name) < 0);
	}
	assert_null(lint_rule_find("Other"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_default_of_argument),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_wrong_settings),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_extra),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
