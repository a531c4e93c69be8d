/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_profile.h"
#include "engine/seccomp_default.h"
#include "host/seccomp_interpreter_test.h"
#include "runtime/seccomp_plan.h"
#include "spec/seccomp_profile.h"

#define CAPS UINT64_C(0x400) /* NET_BIND_SERVICE */

/* Filters to begin with: none, the default one, and one that lets through what it does not refuse. */
static struct spec_seccomp *filter_of(struct arena *arena, unsigned which)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1},"
				   "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"args\":[{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]}]}";
	const struct spec_seccomp_facts facts = { .machine = "", .architecture = "" };
	struct spec_seccomp *seccomp = NULL;

	if (which == 1)
		return seccomp_default(arena, CAPS);
	if (which == 2)
		assert_int_equal(spec_seccomp_profile_decode(arena, text, strlen(text), &facts, &seccomp, NULL), 0);
	return seccomp;
}

static struct seccomp_program compile(const struct spec_seccomp *seccomp)
{
	struct seccomp_program program = { 0 };
	struct error err = ERROR_INIT;

	if (seccomp_plan_make(seccomp, &program, &err) < 0)
		fail_msg("%s", err.message);
	return program;
}

/* What PROGRAM answers to the call of ROW; ALLOW if there is none. */
static uint32_t answer(const struct seccomp_program *program, int row, uint64_t argument)
{
	const struct seccomp_arch *native = seccomp_arch_find(seccomp_arch_of_machine());
	const uint64_t args[6] = { argument };
	int64_t number = seccomp_row_number(row, native);

	assert_true(number >= 0);
	return program->filter ? ask(program, native->audit, (uint32_t)number, args) : SECCOMP_RET_ALLOW;
}

static bool is_native(int row)
{
	return seccomp_row_number(row, seccomp_arch_find(seccomp_arch_of_machine())) >= 0;
}

/* Every call that a filter lets through asks, and no other. */
static void test_learning(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 3; which++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_seccomp *before = filter_of(arena, which), *after = container_profile_learn(arena, before, "/learner");
		struct seccomp_program old = { 0 }, new = compile(after);

		assert_string_equal(after->listener_path, "/learner");
		assert_true(new.has_notify);
		if (before)
			old = compile(before);
		for (int row = 0; row < seccomp_row_count(); row++)
			for (uint64_t argument = 0; is_native(row) && argument < 8; argument++) {
				uint32_t was = answer(&old, row, argument);

				assert_int_equal(answer(&new, row, argument), was == SECCOMP_RET_ALLOW ? SECCOMP_RET_USER_NOTIF : was);
			}
		seccomp_program_done(&old);
		seccomp_program_done(&new);
	}
}

/* What the profile has not is refused, and nothing is let through that was not before. */
static void test_holding(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 2; which++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_profile *profile = spec_profile_new(arena);
		struct spec_seccomp *before = filter_of(arena, which), *after;
		struct seccomp_program old = { 0 }, new;
		size_t allowed = 0;

		spec_profile_add_call(profile, "read");
		spec_profile_add_call(profile, "socket");
		spec_profile_add_call(profile, "mount");
		after = container_profile_hold(arena, before, profile);
		new = compile(after);
		if (before)
			old = compile(before);
		for (int row = 0; row < seccomp_row_count(); row++)
			for (uint64_t argument = 0; is_native(row) && argument < 48; argument++) {
				uint32_t was = answer(&old, row, argument), is = answer(&new, row, argument);

				if (is == SECCOMP_RET_ALLOW) {
					allowed += argument == 0;
					assert_int_equal(was, SECCOMP_RET_ALLOW);
				} else if (was != SECCOMP_RET_ALLOW) {
					assert_int_equal(is, str_equal(seccomp_row_name(row), "personality") || str_equal(seccomp_row_name(row), "clone") ? DENY : was);
				} else {
					assert_int_equal(is, DENY);
				}
			}
		assert_int_equal(answer(&new, seccomp_row("read"), 0), SECCOMP_RET_ALLOW);
		assert_int_equal(answer(&new, seccomp_row("exit_group"), 0), SECCOMP_RET_ALLOW);
		assert_int_equal(answer(&new, seccomp_row("mount"), 0), which ? DENY : SECCOMP_RET_ALLOW);
		/* AF_ALG stays what it was. */
		assert_int_equal(answer(&new, seccomp_row("socket"), 38), which ? SECCOMP_RET_ERRNO | EAFNOSUPPORT : SECCOMP_RET_ALLOW);
		assert_true(allowed > 10 && allowed < 40);
		seccomp_program_done(&old);
		seccomp_program_done(&new);
	}
}

static void test_capabilities(void **state)
{
	struct spec_profile profile = { .capabilities = 0x401 };

	(void)state;
	assert_true(container_profile_capabilities(NULL, 0x403) == 0x403);
	assert_true(container_profile_capabilities(&profile, 0x403) == 0x403);
	profile.has_capabilities = true;
	assert_true(container_profile_capabilities(&profile, 0x403) == 0x401);
	assert_true(container_profile_capabilities(&profile, 0x2) == 0);
}

static void test_conflicts(void **state)
{
	char *filters[] = { (char *)"no-new-privileges", (char *)"seccomp=/f.json", NULL }, *builtin[] = { (char *)"seccomp=builtin", NULL };
	struct spec_profile profile = { .has_calls = true };
	const struct {
		struct spec_host_config host;
		const char *message;
	} cases[] = {
		{ { .profile = &profile }, NULL },
		{ { .profile = &profile, .security_options = builtin }, NULL },
		{ { .profile = &profile, .security_options = filters }, "--profile and --security-opt seccomp=/f.json exclude each other" },
		{ { .profile = &profile, .learn = (char *)"/x" }, "--learn and --profile exclude each other" },
		{ { .learn = (char *)"x" }, "--learn: expected an absolute path, not 'x'" },
		{ { .learn = (char *)"/nowhere/x" }, "--learn: cannot write to '/nowhere/': no such file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		int r = container_profile_check(&cases[i].host, &err);

		assert_int_equal(r < 0, cases[i].message != NULL);
		if (cases[i].message && !str_starts_with(err.message, cases[i].message))
			fail_msg("%s", err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learning),
		cmocka_unit_test(test_holding),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
