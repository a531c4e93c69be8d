/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seccomp_default.h"
#include "base/str.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/socket.h>

#define CAP(name) (UINT64_C(1) << CAP_##name)
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

/* Namespaces that clone(2) would make: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
#define NAMESPACE_FLAGS UINT64_C(0x7e020000)

/* ---- the lists ---------------------------------------------------------------------- */

/* Calls that are allowed if one of the capabilities CAPS, or none is needed. */
static const struct {
	uint64_t caps;
	const char *names;
} allowed[] = {
	/* files by descriptor */
	{ 0, "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek _llseek close close_range dup dup2 dup3 "
	     "fcntl fcntl64 ioctl flock fsync fdatasync sync syncfs sync_file_range sync_file_range2 arm_sync_file_range fadvise64 fadvise64_64 "
	     "arm_fadvise64_64 readahead fallocate ftruncate ftruncate64 copy_file_range sendfile sendfile64 splice tee vmsplice pipe pipe2" },
	/* files by name */
	{ 0, "open openat openat2 creat access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx "
	     "statfs statfs64 fstatfs fstatfs64 statmount listmount truncate truncate64 mkdir mkdirat mknod mknodat rmdir link linkat symlink "
	     "symlinkat unlink unlinkat rename renameat renameat2 readlink readlinkat getdents getdents64 readdir chdir fchdir getcwd chmod fchmod "
	     "fchmodat fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat utime utimes futimesat utimensat utimensat_time64 umask "
	     "name_to_handle_at file_getattr file_setattr oldfstat oldlstat oldstat" },
	/* extended attributes, watches */
	{ 0, "getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr listxattrat "
	     "removexattr lremovexattr fremovexattr removexattrat inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark" },
	/* waiting for descriptors, asynchronous input and output */
	{ 0, "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait "
	     "epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 io_setup io_submit io_cancel io_destroy io_getevents "
	     "io_pgetevents io_pgetevents_time64" },
	/* memory */
	{ 0, "brk mmap mmap2 mprotect mremap munmap madvise mincore msync mlock mlock2 mlockall munlock munlockall mseal map_shadow_stack "
	     "memfd_create memfd_secret membarrier pkey_alloc pkey_free pkey_mprotect remap_file_pages process_mrelease cachestat getpagesize" },
	/* processes and threads */
	{ 0, "execve execveat exit exit_group fork vfork wait4 waitid waitpid getpid getppid gettid getpgid getpgrp getsid setpgid setsid "
	     "set_tid_address set_robust_list get_robust_list rseq rseq_slice_yield futex futex_time64 futex_wait futex_wake futex_waitv futex_requeue prctl "
	     "getcpu restart_syscall pidfd_open pidfd_send_signal set_thread_area get_thread_area landlock_create_ruleset landlock_add_rule "
	     "landlock_restrict_self seccomp lsm_get_self_attr lsm_list_modules ptrace process_vm_readv process_vm_writev" },
	/* who one is */
	{ 0, "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups "
	     "getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 "
	     "setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capget capset" },
	/* signals */
	{ 0, "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
	     "rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn sigaction signal sigpending sigsuspend sgetmask ssetmask kill tkill tgkill pause" },
	/* clocks and timers; the clock itself is not the container's */
	{ 0, "time times gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64 "
	     "nanosleep adjtimex clock_adjtime clock_adjtime64 alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime "
	     "timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64" },
	/* limits and scheduling */
	{ 0, "getrlimit ugetrlimit setrlimit prlimit64 getrusage getpriority setpriority nice ioprio_get ioprio_set sched_yield "
	     "sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam sched_getscheduler "
	     "sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64" },
	/* sockets; `socket` itself is below */
	{ 0, "socketpair socketcall bind connect listen accept accept4 shutdown send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg "
	     "recvmmsg_time64 getsockname getpeername getsockopt setsockopt" },
	/* System V and POSIX message queues, semaphores, shared memory */
	{ 0, "ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink "
	     "mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64" },
	/* the system, to read; and randomness */
	{ 0, "uname olduname oldolduname sysinfo getrandom" },
	/* of one architecture */
	{ 0, "arch_prctl modify_ldt uretprobe uprobe breakpoint cacheflush cachectl usr26 usr32 set_tls get_tls riscv_flush_icache "
	     "riscv_hwprobe s390_guarded_storage s390_runtime_instr swapcontext switch_endian atomic_barrier atomic_cmpxchg_32 sysmips" },
	/* with capabilities; most act within the namespaces that these are held in */
	{ CAP(SYS_CHROOT), "chroot" },
	{ CAP(DAC_READ_SEARCH), "open_by_handle_at" },
	{ CAP(SYS_ADMIN), "clone clone3 unshare setns mount umount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree open_tree_attr "
			  "mount_setattr listns sethostname setdomainname fanotify_init lookup_dcookie quotactl quotactl_fd" },
	{ CAP(SYS_ADMIN) | CAP(BPF), "bpf" },
	{ CAP(SYS_ADMIN) | CAP(PERFMON), "perf_event_open" },
	{ CAP(SYS_ADMIN) | CAP(SYSLOG), "syslog" },
	{ CAP(SYS_PTRACE), "kcmp pidfd_getfd process_madvise" },
	{ CAP(SYS_NICE), "get_mempolicy set_mempolicy set_mempolicy_home_node mbind migrate_pages move_pages" },
	{ CAP(SYS_BOOT), "reboot" },
	{ CAP(SYS_MODULE), "init_module finit_module delete_module" },
	{ CAP(SYS_PACCT), "acct" },
	{ CAP(SYS_RAWIO), "iopl ioperm" },
	{ CAP(SYS_TIME), "settimeofday stime clock_settime clock_settime64" },
	{ CAP(SYS_TTY_CONFIG), "vhangup" },
};

/*
 * ENOSYS, so that programs take their other way: clone3, whose flags lie in
 * memory where no filter sees them; io_uring, which makes calls past all
 * filters.
 */
static const char missing[] = "clone3 io_uring_setup io_uring_enter io_uring_register userfaultfd";

/* EPERM without those capabilities, or always. */
static const char refused[] =
	/* the kernel's key rings are one for all containers of a user; modules, tracing and memory of the host */
	"add_key request_key keyctl kexec_load kexec_file_load create_module query_module get_kernel_syms nfsservctl swapon swapoff uselib "
	"lsm_set_self_attr sysfs _sysctl ustat vm86 vm86old bdflush afs_syscall security tuxcall vserver "
	/* of other architectures, for their hardware or their past */
	"pciconfig_iobase pciconfig_read pciconfig_write rtas s390_pci_mmio_read s390_pci_mmio_write s390_sthyi spu_create spu_run subpage_prot "
	"sys_debug_setcontext multiplexer break ftime getpmsg putpmsg gtty stty idle lock mpx prof profil syscall ulimit name timerfd";

/* Those whose arguments decide: see add_conditions(). */
static const char conditional[] = "socket personality clone";

/* ---- what one is ------------------------------------------------------------------------ */

static bool lists(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += length)
		if ((at == names || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

enum seccomp_verdict seccomp_default_verdict(const char *name, uint64_t capabilities)
{
	bool is_known = lists(refused, name);

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (!lists(allowed[i].names, name))
			continue;
		if (!allowed[i].caps || (allowed[i].caps & capabilities))
			return SECCOMP_ALLOWED;
		is_known = true;
	}
	if (lists(missing, name))
		return SECCOMP_MISSING;
	if (lists(conditional, name))
		return SECCOMP_CONDITIONAL;
	return is_known ? SECCOMP_REFUSED : SECCOMP_UNKNOWN;
}

/* ---- the policy ---------------------------------------------------------------------------- */

#define NAME_LIMIT 640
#define RULE_LIMIT 24

struct policy {
	struct arena *arena;
	struct spec_seccomp *seccomp;
};

/* The words of TEXT behind the first *COUNT of LIST. */
static void add_names(struct policy *policy, char **list, size_t *count, const char *text)
{
	char *rest = arena_strdup(policy->arena, text), *word;

	while ((word = strsep(&rest, " ")))
		if (*count < NAME_LIMIT)
			list[(*count)++] = word;
}

static struct spec_seccomp_rule *add_rule(struct policy *policy, char **names, enum spec_seccomp_action action)
{
	struct spec_seccomp_rule *rule = &policy->seccomp->rules[policy->seccomp->rule_count++];

	*rule = (struct spec_seccomp_rule){ .names = names, .action = action };
	return rule;
}

/* NAME answers ERRNO_RET, or is allowed if that is 0, if its first argument is so. */
static void add_condition(struct policy *policy, const char *name, enum spec_seccomp_op op, uint64_t value, uint64_t value_two, uint32_t errno_ret)
{
	char **names = arena_alloc(policy->arena, 2, sizeof *names);
	struct spec_seccomp_rule *rule = add_rule(policy, names, errno_ret ? SECCOMP_ACT_ERRNO : SECCOMP_ACT_ALLOW);

	names[0] = arena_strdup(policy->arena, name);
	rule->has_errno = errno_ret != 0;
	rule->errno_ret = errno_ret;
	rule->args = arena_alloc(policy->arena, 1, sizeof *rule->args);
	rule->arg_count = 1;
	rule->args[0] = (struct spec_seccomp_arg){ .index = 0, .value = value, .value_two = value_two, .op = op };
}

/* The rule with >= 0 holds always, and is tried last (host/seccomp_order.h). */
static void add_conditions(struct policy *policy, uint64_t capabilities)
{
	static const uint32_t personalities[] = { PER_LINUX, PER_LINUX32, UNAME26, UNAME26 | PER_LINUX32, 0xffffffff };

	/* The kernel's ciphers and the hypervisor's sockets are the host's, in no namespace. */
	add_condition(policy, "socket", SECCOMP_OP_EQ, AF_ALG, 0, EAFNOSUPPORT);
	add_condition(policy, "socket", SECCOMP_OP_EQ, AF_VSOCK, 0, EAFNOSUPPORT);
	add_condition(policy, "socket", SECCOMP_OP_GE, 0, 0, 0);
	/* Others take randomness out of the address space. */
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++)
		add_condition(policy, "personality", SECCOMP_OP_EQ, personalities[i], 0, 0);
	add_condition(policy, "personality", SECCOMP_OP_GE, 0, 0, EPERM);
	if (capabilities & CAP(SYS_ADMIN))
		return;
	/* No new namespaces: a user namespace would give capabilities that were not given. */
	add_condition(policy, "clone", SECCOMP_OP_MASKED_EQ, NAMESPACE_FLAGS, 0, 0);
	add_condition(policy, "clone", SECCOMP_OP_GE, 0, 0, EPERM);
}

static void add_architectures(struct policy *policy)
{
	static const uint32_t architectures[] = {
#if defined(__x86_64__)
		AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, SPEC_ARCH_X32,
#elif defined(__aarch64__)
		AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
#elif defined(__s390x__)
		AUDIT_ARCH_S390X, AUDIT_ARCH_S390,
#endif
	};
	size_t count = sizeof architectures / sizeof(uint32_t);

	policy->seccomp->architectures = arena_alloc(policy->arena, count + 1, sizeof(uint32_t));
	if (count)
		memcpy(policy->seccomp->architectures, architectures, sizeof architectures);
	policy->seccomp->architecture_count = count;
}

struct spec_seccomp *seccomp_default(struct arena *arena, uint64_t capabilities)
{
	struct policy policy = { .arena = arena, .seccomp = arena_alloc(arena, 1, sizeof *policy.seccomp) };
	char **yes = arena_alloc(arena, NAME_LIMIT + 1, sizeof *yes), **no = arena_alloc(arena, NAME_LIMIT + 1, sizeof *no);
	size_t yes_count = 0, no_count = 0;
	struct spec_seccomp_rule *rule;

	policy.seccomp->default_action = SECCOMP_ACT_ERRNO;
	policy.seccomp->has_default_errno = true;
	policy.seccomp->default_errno = ENOSYS;
	policy.seccomp->rules = arena_alloc(arena, RULE_LIMIT + 1, sizeof *policy.seccomp->rules);
	add_architectures(&policy);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (!allowed[i].caps || (allowed[i].caps & capabilities))
			add_names(&policy, yes, &yes_count, allowed[i].names);
		else if (allowed[i].caps != CAP(SYS_ADMIN))
			add_names(&policy, no, &no_count, allowed[i].names);
		else /* without clone and clone3, which begin the list */
			add_names(&policy, no, &no_count, strstr(allowed[i].names, "unshare"));
	add_names(&policy, no, &no_count, refused);
	add_rule(&policy, yes, SECCOMP_ACT_ALLOW);
	rule = add_rule(&policy, no, SECCOMP_ACT_ERRNO);
	rule->has_errno = true;
	rule->errno_ret = EPERM;
	add_conditions(&policy, capabilities);
	return policy.seccomp;
}

void seccomp_pretend_owners(struct arena *arena, struct spec_seccomp *seccomp)
{
	static char *const pretended[] = { (char *)"chown", (char *)"chown32", (char *)"fchown", (char *)"fchown32", (char *)"fchownat", (char *)"lchown",
		(char *)"lchown32", (char *)"setgroups", (char *)"setgroups32", NULL };
	char **names = arena_alloc(arena, ARRAY_SIZE(pretended), sizeof *names);

	for (size_t i = 0; i < seccomp->rule_count; i++) {
		size_t kept = 0;

		for (char **name = seccomp->rules[i].names; *name; name++)
			if (!strv_contains(pretended, *name))
				seccomp->rules[i].names[kept++] = *name;
		seccomp->rules[i].names[kept] = NULL;
	}
	memcpy(names, pretended, sizeof pretended);
	seccomp->rules[seccomp->rule_count++] = (struct spec_seccomp_rule){ .names = names, .action = SECCOMP_ACT_ERRNO, .has_errno = true };
}
