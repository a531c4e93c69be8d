/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/call_trace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_profile(void **state _unused_)
{
	struct call_count calls[] = { { "write", "SCMP_ARCH_X86_64", 9 }, { "read", "SCMP_ARCH_X86_64", 3 }, { "#1000", "SCMP_ARCH_X86_64", 2 }, { "read", "SCMP_ARCH_X86", 1 },
		{ "close", NULL, 1 } };
	_cleanup_buf_ struct buf out = BUF_INIT, none = BUF_INIT;

	call_trace_add_profile(&(struct call_trace){ .calls = calls, .count = ARRAY_SIZE(calls), .total = 16 }, &out);
	assert_string_equal(out.data,
		"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"defaultErrnoRet\": 1,\n"
		"  \"architectures\": [\n    \"SCMP_ARCH_X86\",\n    \"SCMP_ARCH_X86_64\"\n  ],\n"
		"  \"syscalls\": [\n    {\n      \"names\": [\n        \"close\",\n        \"read\",\n        \"write\"\n      ],\n"
		"      \"action\": \"SCMP_ACT_ALLOW\"\n    }\n  ]\n}\n");
	call_trace_add_profile(&(struct call_trace){ .count = 0 }, &none);
	assert_string_equal(none.data,
		"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"defaultErrnoRet\": 1,\n  \"architectures\": [],\n  \"syscalls\": []\n}\n");
}

static uint64_t count_of(const struct call_trace *trace, const char *name)
{
	for (size_t i = 0; i < trace->count; i++)
		if (str_equal(trace->calls[i].name, name))
			return trace->calls[i].count;
	return 0;
}

/* Two processes: what the second one does counts as well. */
static void test_run(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *const args[] = { (char *)"sh", (char *)"-c", (char *)"(kill -CONT $$); exit 7", NULL }, *const missing[] = { (char *)"no-such-command", NULL },
		*const directory[] = { (char *)"/", NULL };
	struct call_trace trace = { .count = 0 };
	struct error err = ERROR_INIT;
	int status = -1;

	assert_int_equal(call_trace_run(arena, args, &trace, &status, &err), 0);
	assert_int_equal(status, 7);
	assert_int_equal(count_of(&trace, "execve"), 1);
	assert_int_equal(count_of(&trace, "kill"), 1);
	assert_true(count_of(&trace, "exit_group") >= 1);
	assert_true(trace.total > 10);
	for (size_t i = 1; i < trace.count; i++)
		assert_true(trace.calls[i - 1].count >= trace.calls[i].count);
	assert_true(call_trace_run(arena, missing, &trace, &status, &err) < 0);
	assert_int_equal(err.exit_status, 127);
	assert_true(call_trace_run(arena, directory, &trace, &status, &err) < 0);
	assert_int_equal(err.exit_status, 126);
	assert_string_equal(err.message, "cannot execute '/': permission denied");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_profile), cmocka_unit_test(test_run) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
