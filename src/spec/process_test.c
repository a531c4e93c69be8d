/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

/* The process with MEMBERS besides what must be given. */
static struct spec_process *decode(struct arena *arena, const char *members)
{
	char *text = arena_printf(arena, "{\"args\":[\"sh\"],\"cwd\":\"/\"%s%s}", *members ? "," : "", members);
	struct error err = ERROR_INIT;
	struct spec_process *process = NULL;

	if (spec_process_decode(arena, text, strlen(text), &process, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return process;
}

static void assert_refused_text(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_process *process = NULL;

	assert_int_equal(spec_process_decode(arena, text, strlen(text), &process, &err), -EINVAL);
	assert_null(process);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, message);
}

static void assert_refused(const char *members, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	assert_refused_text(arena_printf(arena, "{\"args\":[\"sh\"],\"cwd\":\"/\",%s}", members), message);
}

static void test_least(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_process *process = decode(arena, "");

	(void)state;
	assert_string_equal(process->args[0], "sh");
	assert_null(process->args[1]);
	assert_string_equal(process->cwd, "/");
	assert_non_null(process->env);
	assert_null(process->env[0]);
	assert_null(process->capabilities);
	assert_null(process->scheduler);
	assert_null(process->io_priority);
	assert_false(process->has_oom_score_adj);
	assert_false(process->user.has_umask);
	assert_false(process->terminal);
}

static void test_everything(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_process *process = decode(
		arena,
		"\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":65535},\"env\":[\"A=1\",\"B=\"],"
		"\"user\":{\"uid\":1000,\"gid\":4294967294,\"umask\":18,\"additionalGids\":[5,6],\"username\":\"me\"},"
		"\"noNewPrivileges\":true,\"apparmorProfile\":\"acme\",\"selinuxLabel\":\"a:b\",\"oomScoreAdj\":-1000,"
		"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":7},"
		"\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"1\"},"
		"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":18446744073709551615},{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}]");

	(void)state;
	assert_true(process->terminal);
	assert_int_equal(process->console_height, 25);
	assert_int_equal(process->console_width, 65535);
	assert_string_equal(process->env[1], "B=");
	assert_int_equal(process->user.uid, 1000);
	assert_int_equal(process->user.gid, 4294967294u);
	assert_true(process->user.has_umask);
	assert_int_equal(process->user.umask, 022);
	assert_int_equal(process->user.additional_gid_count, 2);
	assert_int_equal(process->user.additional_gids[1], 6);
	assert_true(process->no_new_privileges);
	assert_string_equal(process->apparmor_profile, "acme");
	assert_string_equal(process->selinux_label, "a:b");
	assert_true(process->has_oom_score_adj);
	assert_int_equal(process->oom_score_adj, -1000);
	assert_int_equal(process->io_priority->class, 3);
	assert_int_equal(process->io_priority->priority, 7);
	assert_string_equal(process->cpu_affinity_initial, "0-3,7");
	assert_string_equal(process->cpu_affinity_final, "1");
	assert_int_equal(process->rlimit_count, 2);
	assert_int_equal(process->rlimits[0].resource, RLIMIT_NOFILE);
	assert_string_equal(process->rlimits[0].name, "RLIMIT_NOFILE");
	assert_true(process->rlimits[0].hard == UINT64_MAX);
}

static void test_empty_and_null_count_as_not_given(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_process *process = decode(
		arena, "\"apparmorProfile\":\"\",\"selinuxLabel\":null,\"env\":null,\"user\":null,\"capabilities\":null,\"rlimits\":null,"
		       "\"execCPUAffinity\":{\"initial\":\"\"},\"oomScoreAdj\":null,\"unknown\":[1,{}]");

	(void)state;
	assert_null(process->apparmor_profile);
	assert_null(process->selinux_label);
	assert_null(process->capabilities);
	assert_null(process->env[0]);
	assert_null(process->cpu_affinity_initial);
	assert_false(process->has_oom_score_adj);
}

static void test_arguments(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	assert_refused_text("{\"cwd\":\"/\"}", "process.args: missing");
	assert_refused_text("{\"cwd\":\"/\",\"args\":null}", "process.args: missing");
	assert_refused_text("{\"cwd\":\"/\",\"args\":[]}", "process.args: must not be empty");
	assert_refused_text("{\"cwd\":\"/\",\"args\":\"sh\"}", "process.args: expected array, found string");
	assert_refused_text("{\"cwd\":\"/\",\"args\":[\"a\",null]}", "process.args[1]: expected string, found null");
	assert_refused_text("{\"args\":[\"a\"]}", "process.cwd: missing");
	assert_refused_text("{\"args\":[\"a\"],\"cwd\":\"tmp\"}", "process.cwd: 'tmp' is not an absolute path");
	assert_refused_text("{\"args\":[\"a\"],\"cwd\":\"\"}", "process.cwd: '' is not an absolute path");
	assert_refused_text("[]", "process: expected object, found array");
	assert_refused_text("{", "process: line 1, column 2: expected a member's name in quotes, found the end");
	assert_refused("\"env\":[\"A=1\",\"B\"]", "process.env[1]: \"B\" is not of the form NAME=VALUE");
	assert_refused("\"env\":[\"=1\"]", "process.env[0]: \"=1\" is not of the form NAME=VALUE");
	assert_refused("\"env\":[\"\"]", "process.env[0]: \"\" is not of the form NAME=VALUE");

	buf_add_text(&text, "{\"cwd\":\"/\",\"args\":[\"");
	for (size_t i = 0; i < SPEC_ARGUMENT_LIMIT; i++)
		buf_add_char(&text, 'x');
	buf_add_text(&text, "y\"]}");
	assert_refused_text(text.data, "process.args[0]: a string of 131072 bytes is too long (131071 at most)");
	memmove(strchr(text.data, 'y'), "\"]}", 4); /* one byte less is accepted */
	{
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_process *process = NULL;

		assert_int_equal(spec_process_decode(arena, text.data, strlen(text.data), &process, NULL), 0);
		assert_int_equal(strlen(process->args[0]), SPEC_ARGUMENT_LIMIT);
	}
}

static void test_user(void **state)
{
	(void)state;
	assert_refused("\"user\":{\"uid\":\"root\"}", "process.user.uid: expected integer, found string");
	assert_refused("\"user\":{\"uid\":-1}", "process.user.uid: -1 is out of range (0 to 4294967295)");
	assert_refused("\"user\":{\"uid\":1.5}", "process.user.uid: expected integer, found number");
	assert_refused("\"user\":{\"uid\":4294967295}", "process.user.uid: 4294967295 is no valid id");
	assert_refused("\"user\":{\"gid\":4294967296}", "process.user.gid: 4294967296 is out of range (0 to 4294967295)");
	assert_refused("\"user\":{\"gid\":1e30}", "process.user.gid: 1e+30 is out of range (0 to 4294967295)");
	assert_refused("\"user\":{\"umask\":512}", "process.user.umask: 512 is out of range (0 to 511)");
	assert_refused("\"user\":{\"additionalGids\":[1,\"x\"]}", "process.user.additionalGids[1]: expected integer, found string");
	assert_refused("\"user\":{\"additionalGids\":[4294967295]}", "process.user.additionalGids[0]: 4294967295 is no valid id");
	assert_refused("\"user\":5", "process.user: expected object, found integer");
	assert_refused("\"terminal\":1", "process.terminal: expected boolean, found integer");
	assert_refused("\"consoleSize\":{\"height\":1}", "process.consoleSize.width: missing");
	assert_refused("\"consoleSize\":{\"height\":65536,\"width\":1}", "process.consoleSize.height: 65536 is out of range (0 to 65535)");
}

static void test_capabilities(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_capabilities *sets =
		decode(arena, "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_CHECKPOINT_RESTORE\",\"CAP_NOSUCH\"],"
			      "\"effective\":[\"CAP_KILL\"],\"inheritable\":[],\"permitted\":[\"CAP_BPF\"]}")->capabilities;

	(void)state;
	assert_true(sets->bounding == (1 | UINT64_C(1) << 40));
	assert_true(sets->effective == 1 << 5);
	assert_true(sets->inheritable == 0);
	assert_true(sets->permitted == UINT64_C(1) << 39);
	assert_true(sets->ambient == 0);
	assert_refused("\"capabilities\":[]", "process.capabilities: expected object, found array");
	assert_refused("\"capabilities\":{\"ambient\":\"all\"}", "process.capabilities.ambient: expected array, found string");
	assert_refused("\"capabilities\":{\"ambient\":[5]}", "process.capabilities.ambient[0]: expected string, found integer");
}

static void test_rlimits(void **state)
{
	(void)state;
	assert_refused("\"rlimits\":[{\"type\":\"RLIMIT_LUCK\",\"soft\":1,\"hard\":1}]",
		       "process.rlimits[0].type: unknown limit \"RLIMIT_LUCK\" (did you mean \"RLIMIT_LOCKS\"?)");
	assert_refused("\"rlimits\":[{\"type\":5,\"soft\":1,\"hard\":1}]", "process.rlimits[0].type: expected string, found integer");
	assert_refused("\"rlimits\":[{\"soft\":1,\"hard\":1}]", "process.rlimits[0].type: missing");
	assert_refused("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1}]", "process.rlimits[0].hard: missing");
	assert_refused("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":-1,\"hard\":1}]",
		       "process.rlimits[0].soft: -1 is out of range (0 to 18446744073709551615)");
	assert_refused("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":18446744073709551616}]",
		       "process.rlimits[0].hard: 1.8446744073709552e+19 is out of range (0 to 18446744073709551615)");
	assert_refused("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":20,\"hard\":10}]",
		       "process.rlimits[0].soft: 20 is above the hard limit of 10");
	assert_refused("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]",
		       "process.rlimits[1].type: RLIMIT_CPU is given twice");
}

static void test_scheduler(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_scheduler *s =
		decode(arena, "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"flags\":[\"SCHED_FLAG_RECLAIM\",\"SCHED_FLAG_RESET_ON_FORK\"],"
			      "\"runtime\":1000000,\"deadline\":2000000,\"period\":18446744073709551615}")->scheduler;

	(void)state;
	assert_int_equal(s->policy, SPEC_SCHED_DEADLINE);
	assert_int_equal(s->flags, 3);
	assert_true(s->period == UINT64_MAX);
	s = decode(arena, "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99}")->scheduler;
	assert_int_equal(s->priority, 99);
	s = decode(arena, "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":-20}")->scheduler;
	assert_int_equal(s->nice, -20);
	assert_refused("\"scheduler\":{}", "process.scheduler.policy: missing");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_MAGIC\"}", "process.scheduler.policy: unknown scheduling policy \"SCHED_MAGIC\""
								     " (did you mean \"SCHED_BATCH\"?)");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}", "process.scheduler.nice: 20 is out of range (-20 to 19)");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}",
		       "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have one");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_RR\"}", "process.scheduler.priority: 0 is out of range (1 to 99 for SCHED_RR)");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":2147483648}",
		       "process.scheduler.priority: 2147483648 is out of range (-2147483648 to 2147483647)");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_X\"]}",
		       "process.scheduler.flags[0]: unknown scheduling flag \"SCHED_FLAG_X\"");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"period\":1}",
		       "process.scheduler: only SCHED_DEADLINE has runtime, deadline and period");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}", "process.scheduler.runtime: missing");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2,\"deadline\":1}",
		       "process.scheduler.deadline: 1 is less than the runtime of 2");
	assert_refused("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":1}",
		       "process.scheduler.period: 1 is less than the deadline of 2");
}

static void test_priorities_and_affinity(void **state)
{
	static const char *const bad[] = { "1-", "-1", "a", "1,,2", "1,", ",1", "3-1", "0-65536", "1 2", "0x1", "1-2-3", " ", "99999999999999999999" };

	(void)state;
	assert_refused("\"oomScoreAdj\":1001", "process.oomScoreAdj: 1001 is out of range (-1000 to 1000)");
	assert_refused("\"oomScoreAdj\":-1001", "process.oomScoreAdj: -1001 is out of range (-1000 to 1000)");
	assert_refused("\"oomScoreAdj\":18446744073709551615", "process.oomScoreAdj: 18446744073709551615 is out of range (-1000 to 1000)");
	assert_refused("\"ioPriority\":{\"priority\":1}", "process.ioPriority.class: missing");
	assert_refused("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "process.ioPriority.priority: 8 is out of range (0 to 7)");
	assert_refused("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_XX\"}",
		       "process.ioPriority.class: unknown I/O class \"IOPRIO_CLASS_XX\" (did you mean \"IOPRIO_CLASS_RT\"?)");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_refused(arena_printf(arena, "\"execCPUAffinity\":{\"final\":\"%s\"}", bad[i]),
			       arena_printf(arena, "process.execCPUAffinity.final: '%s' is not a list such as \"0-3,7\"", bad[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_empty_and_null_count_as_not_given),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_rlimits),
		cmocka_unit_test(test_scheduler),
		cmocka_unit_test(test_priorities_and_affinity),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
