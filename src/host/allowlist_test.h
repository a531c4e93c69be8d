/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests of what programs leave themselves of the system calls (host/relinquish.h). */
#ifndef BIVY_HOST_ALLOWLIST_TEST_H
#define BIVY_HOST_ALLOWLIST_TEST_H

#include "host/seccomp_interpreter_test.h"

/* By which a process gets at files, programs, other processes or networks that nobody has given it. */
static const char *const reaching_calls[] = {
	"open", "openat", "openat2", "creat", "open_by_handle_at", "memfd_create", "memfd_secret", "mkdirat", "mknodat", "unlink", "unlinkat",
	"renameat2", "linkat", "symlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "fchownat", "chroot", "execve", "execveat",
	"fork", "vfork", "clone", "clone3", "kill", "tkill", "tgkill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "ptrace", "process_vm_readv",
	"process_vm_writev", "process_madvise", "prctl", "seccomp", "socket", "connect", "bind", "listen", "mount", "umount2", "pivot_root", "move_mount",
	"open_tree", "fsopen", "fsconfig", "fsmount", "mount_setattr", "unshare", "setns", "setuid", "setresuid", "setgid", "setgroups", "capset",
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "init_module", "finit_module", "kexec_load",
	"keyctl", "add_key", "request_key", "reboot", "swapon", "settimeofday", "clock_settime", "sethostname", "shmget", "msgget", "semget", "ioctl",
	"setxattr", "fsetxattr", "quotactl", "syslog", "acct", "iopl", "ioperm", "modify_ldt", "personality", "setpriority", "sched_setscheduler",
	NULL
};

/* All architectures that this kernel may run programs of, as a filter of our own has them: the native one alone. */
static inline void compile_allowlist(const struct seccomp_rule *rules, size_t count, struct seccomp_program *ret)
{
	const struct seccomp_policy policy = { .default_action = UNKNOWN, .rules = rules, .rule_count = count };

	assert_int_equal(seccomp_compile(&policy, ret), 0);
}

/* The answer to the call NAME; SECCOMP_RET_ALLOW, too, if this machine has none of that name. */
static inline uint32_t answer_to(const struct seccomp_program *program, const char *name, const uint64_t args[6])
{
	uint32_t audit = seccomp_arch_of_machine();
	int row = seccomp_row(name);
	int64_t number = row < 0 ? -1 : seccomp_row_number(row, seccomp_arch_find(audit));

	assert_true(row >= 0); /* or it is misspelt */
	return number < 0 ? SECCOMP_RET_ALLOW : ask(program, audit, (uint32_t)number, args);
}

/* Of the calls that reach out all but those in EXCEPT answer ENOSYS, whatever their arguments are, and so do those of another architecture not get through. */
static inline void assert_reaches_nothing(const struct seccomp_program *program, const char *const *except)
{
	static const uint64_t arguments[][6] = { { 0 }, { 1, 1, 1, 1, 1, 1 }, { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
	uint32_t other = seccomp_arch_of_machine() == X86_64 ? X86 : X86_64;

	for (const char *const *name = reaching_calls; *name; name++) {
		bool is_excepted = false;

		for (const char *const *one = except; one && *one; one++)
			is_excepted |= strcmp(*one, *name) == 0;
		for (size_t i = 0; !is_excepted && i < ARRAY_SIZE(arguments); i++)
			if (seccomp_row_number(seccomp_row(*name), seccomp_arch_find(seccomp_arch_of_machine())) >= 0 && answer_to(program, *name, arguments[i]) != UNKNOWN)
				fail_msg("%s is not refused", *name);
	}
	for (uint32_t number = 0; number < 500; number++)
		assert_int_not_equal(ask(program, other, number, NULL), SECCOMP_RET_ALLOW);
}

#endif
