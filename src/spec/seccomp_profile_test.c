/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/seccomp_profile.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SYS_ADMIN (UINT64_C(1) << 21)

static const struct spec_seccomp_facts facts = { .capabilities = SYS_ADMIN, .machine = "amd64", .architecture = "SCMP_ARCH_X86_64",
	.kernel_major = 6, .kernel_minor = 1 };

/* The names of the rules that hold, with a blank behind each. */
static char *rules_of(struct arena *arena, const char *rules)
{
	char *text = arena_printf(arena, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[%s]}", rules);
	struct spec_seccomp *seccomp = NULL;
	struct error err = ERROR_INIT;
	char *names = arena_strdup(arena, "");

	if (spec_seccomp_profile_decode(arena, text, strlen(text), &facts, &seccomp, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < seccomp->rule_count; i++)
		for (char **name = seccomp->rules[i].names; *name; name++)
			names = arena_printf(arena, "%s%s ", names, *name);
	return names;
}

#define RULE(name, more) "{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_ALLOW\"," more "}"

static void test_conditions(void **state _unused_)
{
	static const struct {
		const char *condition;
		bool holds;
	} cases[] = {
		{ "\"includes\":{},\"excludes\":{}", true },
		{ "\"includes\":null", true },
		{ "\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", true },
		{ "\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_CHOWN\"]}", false },
		{ "\"includes\":{\"caps\":[\"CAP_NEW\"]}", false },
		{ "\"excludes\":{\"caps\":[\"CAP_CHOWN\",\"CAP_SYS_ADMIN\"]}", false },
		{ "\"excludes\":{\"caps\":[\"CAP_CHOWN\"]}", true },
		{ "\"includes\":{\"arches\":[\"arm64\",\"amd64\"]}", true },
		{ "\"includes\":{\"arches\":[\"arm64\"]}", false },
		{ "\"excludes\":{\"arches\":[\"amd64\"]}", false },
		{ "\"includes\":{\"minKernel\":\"4.8\"}", true },
		{ "\"includes\":{\"minKernel\":\"6.1\"}", true },
		{ "\"includes\":{\"minKernel\":\"6.2\"}", false },
		{ "\"includes\":{\"minKernel\":\"10.0\"}", false },
		{ "\"excludes\":{\"minKernel\":\"4.8\"}", false },
		{ "\"includes\":{\"arches\":[\"amd64\"],\"caps\":[\"CAP_CHOWN\"]}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		char *text = arena_printf(arena, RULE("a", "%s") "," RULE("b", "\"comment\":\"\""), cases[i].condition);

		assert_string_equal(rules_of(arena, text), cases[i].holds ? "a b " : "b ");
	}
}

static void test_forms(void **state _unused_)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_ARM\"],\"archMap\":[{\"architecture\":"
				   "\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_ARCH_ARM\"]},{\"architecture\":\"SCMP_ARCH_X86_64\","
				   "\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],\"syscalls\":[{\"name\":\"old\",\"names\":null,\"action\":"
				   "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_seccomp *seccomp = NULL;

	assert_int_equal(spec_seccomp_profile_decode(arena, text, strlen(text), &facts, &seccomp, NULL), 0);
	assert_int_equal(seccomp->architecture_count, 2);
	assert_int_equal(seccomp->rule_count, 1);
	assert_string_equal(seccomp->rules[0].names[0], "old");
	assert_int_equal(seccomp->rules[0].arg_count, 1);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "[]", "expected object, found array" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":{}}", "syscalls: expected array, found object" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[1]}", "syscalls[0]: expected object, found integer" },
		{ "{\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":1}}]}",
		  "syscalls[0].includes.caps: expected array, found integer" },
		{ "{\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"new\"}}]}",
		  "syscalls[0].includes.minKernel: 'new' is no version such as 4.8" },
		{ "{\"syscalls\":[{\"names\":[\"a\"],\"name\":\"b\",\"action\":\"SCMP_ACT_ALLOW\"}]}", "syscalls[0]: has both name and names" },
		{ "{\"syscalls\":[]}", "defaultAction: missing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_seccomp *seccomp = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(spec_seccomp_profile_decode(arena, cases[i][0], strlen(cases[i][0]), &facts, &seccomp, &err), -EINVAL);
		if (!strstr(err.message, cases[i][1]))
			fail_msg("%s", err.message);
		assert_null(seccomp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_conditions), cmocka_unit_test(test_forms), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
