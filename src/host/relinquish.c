/* SPDX-License-Identifier: Apache-2.0 */
#include "host/relinquish.h"
#include "host/caps.h"

#include <linux/capability.h>
#include <sys/prctl.h>

static char *const host_calls[] = {
	"mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick",
	"mount_setattr", "chroot", "unshare", "setns", "process_vm_readv", "process_vm_writev", "kexec_load", "kexec_file_load", "init_module",
	"finit_module", "delete_module", "bpf", "perf_event_open", "userfaultfd", "reboot", "swapon", "swapoff", "iopl", "ioperm", "quotactl",
	"quotactl_fd", "acct", "syslog", "settimeofday", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime", "clock_adjtime64", "stime",
	"sethostname", "setdomainname", "open_by_handle_at", "io_uring_setup", "io_uring_enter", "io_uring_register", "vhangup", "nfsservctl",
	NULL
};

static int attach(const struct seccomp_policy *policy)
{
	struct seccomp_program program;
	int r = seccomp_compile(policy, &program);

	if (r < 0)
		return r;
	r = seccomp_attach(&program, NULL);
	seccomp_program_done(&program);
	return r;
}

int relinquish_host_calls(void)
{
	const struct seccomp_rule rule = { host_calls, SECCOMP_RET_ERRNO | EPERM, NULL, 0 };

	return attach(&(struct seccomp_policy){ .default_action = SECCOMP_RET_ALLOW, .rules = &rule, .rule_count = 1 });
}

static int keep_calls(const struct seccomp_rule *rules, size_t count, uint32_t other)
{
	if (RELINQUISH_IS_SANITIZED)
		return relinquish_host_calls();
	return attach(&(struct seccomp_policy){ .default_action = other, .rules = rules, .rule_count = count });
}

int relinquish_calls(const struct seccomp_rule *rules, size_t count)
{
	return keep_calls(rules, count, SECCOMP_RET_ERRNO | ENOSYS);
}

int relinquish_calls_strictly(const struct seccomp_rule *rules, size_t count)
{
	return keep_calls(rules, count, SECCOMP_RET_KILL_PROCESS);
}

int relinquish_capabilities(uint64_t keep)
{
	uint64_t permitted;
	int r = caps_get_permitted(&permitted);

	if (r == 0 && (permitted & (UINT64_C(1) << CAP_SETPCAP)))
		r = caps_drop_bounding(keep);
	if (r == 0)
		r = caps_set_ambient(0);
	return r == 0 ? caps_set(permitted & keep, permitted & keep, 0) : r;
}

int relinquish_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
