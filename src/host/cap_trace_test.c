/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cap_trace.h"

#include "host/child_test.h"
#include "host/seccomp.h"
#include "host/syscalls.h"

#include <linux/capability.h>
#include <sys/stat.h>

#define BIT(name) (UINT64_C(1) << CAP_##name)

static int start(struct cap_trace *trace)
{
	struct stat status;
	int r;

	CHECK(stat("/proc/self/ns/pid", &status) == 0);
	r = cap_trace_start(&status, trace);
	if (r == -EPERM || r == -ENOENT || r == -EOPNOTSUPP || r == -EINVAL || r == -ENOSYS)
		SKIP("a kernel that can be traced");
	CHECK(r == 0);
	return 0;
}

/* With a filter that allows all, as a process of a container has one. */
static int load_filter(void)
{
	const struct seccomp_policy policy = { .default_action = SECCOMP_RET_ALLOW };
	struct seccomp_program program;
	int r;

	CHECK(seccomp_compile(&policy, &program) == 0);
	r = seccomp_attach(&program, NULL);
	seccomp_program_done(&program);
	CHECK(r == 0);
	return 0;
}

/* A child of CODE's verdict, in this pid namespace or, if that is unshared, in the new one. */
static int run(int (*code)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(code());
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int change_user(void)
{
	return load_filter() == 0 && sys_setresuid(77, 77, 77) == 0 ? 0 : 1;
}

static int change_root(void)
{
	return load_filter() == 0 && chroot("/") == 0 ? 0 : 1;
}

static int set_name(void)
{
	return sethostname("name", 4) == 0 ? 0 : 1;
}

/* What is refused is not used. */
static int set_name_without_right(void)
{
	return load_filter() == 0 && sys_setresuid(77, 77, 77) == 0 && sethostname("name", 4) < 0 ? 0 : 1;
}

static int granted(void)
{
	struct cap_trace trace = CAP_TRACE_NONE;
	int r = start(&trace);
	uint64_t seen;

	if (r != 0)
		return r;
	CHECK(cap_trace_seen(&trace) == 0);
	CHECK(run(change_user) == 0);
	CHECK(cap_trace_seen(&trace) & BIT(SETUID));
	CHECK(!(cap_trace_seen(&trace) & (BIT(SYS_CHROOT) | BIT(SYS_ADMIN))));
	CHECK(run(change_root) == 0);
	seen = cap_trace_seen(&trace);
	CHECK((seen & BIT(SYS_CHROOT)) && !(seen & BIT(SYS_ADMIN)));
	CHECK(run(set_name_without_right) == 0 && !(cap_trace_seen(&trace) & BIT(SYS_ADMIN)));
	/* Without a filter it is none of a container's. */
	CHECK(run(set_name) == 0 && !(cap_trace_seen(&trace) & BIT(SYS_ADMIN)));
	cap_trace_done(&trace);
	CHECK(cap_trace_seen(&trace) == 0 && trace.link < 0);
	return 0;
}

/* Others' namespaces are others' affair. */
static int elsewhere(void)
{
	struct cap_trace trace = CAP_TRACE_NONE;
	int r = start(&trace);

	if (r != 0)
		return r;
	CHECK(unshare(CLONE_NEWPID) == 0);
	CHECK(run(change_root) == 0);
	CHECK(cap_trace_seen(&trace) == 0);
	cap_trace_done(&trace);
	return 0;
}

/* The machine's other processes must not be seen: the body is in a pid namespace of its own. */
static int in_own(int (*body)(void))
{
	pid_t pid;
	int status;

	CHECK(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0 && (pid = fork()) >= 0);
	if (pid == 0)
		_exit(mount("proc", "/proc", "proc", 0, NULL) == 0 ? body() : 1);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int seeing_what_is_granted(void)
{
	return in_own(granted);
}

static int seeing_no_others(void)
{
	return in_own(elsewhere);
}

IN_CHILD(seeing_what_is_granted, CLONE_NEWNS | CLONE_NEWUTS)
IN_CHILD(seeing_no_others, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeing_what_is_granted),
		cmocka_unit_test(test_seeing_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
