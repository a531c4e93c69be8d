/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/seccomp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int decode_text(struct arena *arena, const char *seccomp, struct spec_seccomp **ret, struct error *err)
{
	char *text = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":%s}}", seccomp);
	struct spec_config *config = NULL;
	int r = spec_config_decode(arena, text, strlen(text), &config, err);

	if (r == 0)
		*ret = config->linux_.seccomp;
	return r;
}

static struct spec_seccomp *decode(struct arena *arena, const char *seccomp)
{
	struct error err = ERROR_INIT;
	struct spec_seccomp *ret = NULL;

	if (decode_text(arena, seccomp, &ret, &err) < 0)
		fail_msg("%s: %s", seccomp, err.message);
	return ret;
}

/* MESSAGE without the "linux.seccomp" that all start with. */
static void assert_refused(const char *seccomp, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_seccomp *ret = NULL;

	assert_int_equal(decode_text(arena, seccomp, &ret, &err), -EINVAL);
	assert_string_equal(err.message, arena_printf(arena, "linux.seccomp%s", message));
}

/* One rule for getppid with MEMBERS, under an allowing default. */
static const char *rule(struct arena *arena, const char *members)
{
	return arena_printf(arena, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getppid\"],%s}]}", members);
}

static void test_least(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_seccomp *seccomp = decode(arena, "{\"defaultAction\":\"SCMP_ACT_KILL\"}");

	(void)state;
	assert_int_equal(seccomp->default_action, SECCOMP_ACT_KILL_THREAD);
	assert_false(seccomp->has_default_errno);
	assert_int_equal(seccomp->architecture_count, 0);
	assert_int_equal(seccomp->rule_count, 0);
	assert_null(decode(arena, "null"));
}

static void test_everything(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_seccomp *seccomp = decode(
		arena,
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X32\"],"
		"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
		"\"listenerPath\":\"/run/l\",\"listenerMetadata\":\"m\",\"syscalls\":["
		"{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[]},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65535,\"args\":["
		"{\"index\":5,\"value\":18446744073709551615,\"valueTwo\":9223372036854775809,\"op\":\"SCMP_CMP_MASKED_EQ\"},"
		"{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_NE\"}]},"
		"{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}");

	(void)state;
	assert_int_equal(seccomp->default_action, SECCOMP_ACT_ERRNO);
	assert_true(seccomp->has_default_errno);
	assert_int_equal(seccomp->default_errno, 38);
	assert_int_equal(seccomp->architecture_count, 2);
	assert_int_equal(seccomp->architectures[0], 0xc000003e);
	assert_int_equal(seccomp->architectures[1], SPEC_ARCH_X32);
	assert_int_equal(seccomp->flags, 0x22);
	assert_string_equal(seccomp->listener_path, "/run/l");
	assert_string_equal(seccomp->listener_metadata, "m");
	assert_int_equal(seccomp->rule_count, 3);
	assert_string_equal(seccomp->rules[0].names[1], "write");
	assert_null(seccomp->rules[0].names[2]);
	assert_int_equal(seccomp->rules[0].arg_count, 0);
	assert_int_equal(seccomp->rules[1].action, SECCOMP_ACT_TRACE);
	assert_int_equal(seccomp->rules[1].errno_ret, 65535);
	assert_int_equal(seccomp->rules[1].arg_count, 2);
	assert_int_equal(seccomp->rules[1].args[0].index, 5);
	assert_true(seccomp->rules[1].args[0].value == UINT64_MAX);
	assert_true(seccomp->rules[1].args[0].value_two == 9223372036854775809u);
	assert_int_equal(seccomp->rules[1].args[0].op, SECCOMP_OP_MASKED_EQ);
	assert_int_equal(seccomp->rules[1].args[1].op, SECCOMP_OP_NE);
	assert_int_equal(seccomp->rules[2].action, SECCOMP_ACT_NOTIFY);
}

static void test_unknown_words(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_refused("{\"defaultAction\":\"SCMP_ACT_SMILE\"}", ".defaultAction: unknown action \"SCMP_ACT_SMILE\" (did you mean \"SCMP_ACT_KILL\"?)");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_PDP11\"]}",
		       ".architectures[0]: unknown architecture \"SCMP_ARCH_PDP11\" (did you mean \"SCMP_ARCH_PPC\"?)");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"x\"]}",
		       ".flags[1]: unknown filter flag \"x\"");
	assert_refused(rule(arena, "\"action\":\"allow\""), ".syscalls[0].action: unknown action \"allow\"");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"==\"}]"),
		       ".syscalls[0].args[0].op: unknown operator \"==\"");
}

static void test_missing_members(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_refused("[]", ": expected object, found array");
	assert_refused("{}", ".defaultAction: missing");
	assert_refused("{\"defaultAction\":null}", ".defaultAction: missing");
	assert_refused(rule(arena, "\"args\":[]"), ".syscalls[0].action: missing");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_LOG\"}]}", ".syscalls[0].names: missing");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}]}",
		       ".syscalls[0].names: must not be empty");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":\"read\",\"action\":\"SCMP_ACT_LOG\"}]}",
		       ".syscalls[0].names: expected array, found string");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
		       ".syscalls[0].args[0].index: missing");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
		       ".syscalls[0].args[0].value: missing");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":1,\"value\":1}]"), ".syscalls[0].args[0].op: missing");
}

static void test_ranges(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
		       ".syscalls[0].args[0].index: 6 is out of range (0 to 5)");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":1,\"value\":-1,\"op\":\"SCMP_CMP_EQ\"}]"),
		       ".syscalls[0].args[0].value: -1 is out of range (0 to 18446744073709551615)");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096"), ".syscalls[0].errnoRet: 4096 is out of range (0 to 4095)");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65536"), ".syscalls[0].errnoRet: 65536 is out of range (0 to 65535)");
	assert_refused(rule(arena, "\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1"),
		       ".syscalls[0].errnoRet: SCMP_ACT_ALLOW has no number to return");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_LOG\",\"defaultErrnoRet\":1}", ".defaultErrnoRet: SCMP_ACT_LOG has no number to return");
}

static void test_notify(void **state)
{
	(void)state;
	assert_refused("{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/l\"}",
		       ".defaultAction: SCMP_ACT_NOTIFY cannot be the default: it would ask about every call");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		       ".listenerPath: missing, although syscalls[0] has SCMP_ACT_NOTIFY");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"\",\"listenerMetadata\":\"x\"}",
		       ".listenerPath: missing, although there is listenerMetadata");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_missing_members),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_notify),
	};

	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
