/* SPDX-License-Identifier: Apache-2.0 */
#include "api/looking.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/home.h"
#include "host/landlock.h"
#include "host/relinquish.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define BIT(capability) ((uint64_t)1 << (capability))

#define CAPABILITIES (BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SYS_PTRACE) | BIT(CAP_NET_ADMIN))
#define CAPABILITIES_IN_HOME (CAPABILITIES | BIT(CAP_SYS_ADMIN)) /* setns(2) */

/* ---- calls ----------------------------------------------------------------------------- */

static char *const calls[] = {
	/* descriptors, and waiting for them */
	"read", "readv", "pread64", "preadv", "write", "writev", "lseek", "_llseek", "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fcntl64",
	"poll", "ppoll", "ppoll_time64", "eventfd2", "flock", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	/* what there is; directories that are there already are made (store/store.h) */
	"stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "statfs", "statfs64", "fstatfs", "fstatfs64", "getxattr", "lgetxattr",
	"fgetxattr", "listxattr", "llistxattr", "flistxattr", "mkdir", "mkdirat", "umask",
	/* sockets that there are: the client's, and the kernel's */
	"bind", "getsockname", "getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "shutdown",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "futex", "futex_time64",
	/* processes: what they are, and whether they are; whether this kernel has mounts with attributes */
	"pidfd_open", "getpid", "getppid", "gettid", "wait4", "waitid", "fork", "set_robust_list", "rseq", "mount_setattr", "exit", "exit_group",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "restart_syscall",
	/* the rest */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep",
	"gettimeofday", "time", "getrandom", "uname", "sysinfo", "sched_getaffinity", "getrlimit", "ugetrlimit", "getuid", "getuid32", "geteuid", "geteuid32",
	"getgid", "getgid32", "getegid", "getegid32",
	NULL
};

static char *const open_call[] = { "open", NULL };
static char *const openat_call[] = { "openat", NULL };
static char *const openat2_call[] = { "openat2", NULL }; /* whose flags cannot be seen */
static char *const socket_call[] = { "socket", NULL };
static char *const ioctl_call[] = { "ioctl", NULL };
static char *const signal_call[] = { "pidfd_send_signal", NULL };
static char *const clone_call[] = { "clone", NULL };
static char *const setns_call[] = { "setns", NULL };

/* s390's clone(2) has the stack first. */
#ifdef __s390__
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

#define WRITES (uint64_t)(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

static const struct seccomp_condition reads[] = { { 1, SECCOMP_IS_MASKED_EQ, O_RDONLY, WRITES }, { 2, SECCOMP_IS_MASKED_EQ, O_RDONLY, WRITES } };
static const struct seccomp_condition of_kernel = { 0, SECCOMP_IS_EQ, AF_NETLINK, 0 };
/* For if_indextoname(3), whose name of what it asks is an ioctl's; it cannot be connected. */
static const struct seccomp_condition for_names = { 0, SECCOMP_IS_EQ, AF_UNIX, 0 };
static const struct seccomp_condition asks_name = { 1, SECCOMP_IS_EQ, SIOCGIFNAME, 0 };
static const struct seccomp_condition asks_size = { 1, SECCOMP_IS_EQ, TIOCGWINSZ, 0 };
static const struct seccomp_condition asks_whether_alive = { 1, SECCOMP_IS_EQ, 0, 0 };
static const struct seccomp_condition is_fork = { CLONE_FLAGS_ARGUMENT, SECCOMP_IS_MASKED_EQ, 0,
	~(uint64_t)(CSIGNAL | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) };
static const struct seccomp_condition makes_thread = { CLONE_FLAGS_ARGUMENT, SECCOMP_IS_MASKED_EQ, CLONE_THREAD, CLONE_THREAD };
static const struct seccomp_condition of_network = { 1, SECCOMP_IS_EQ, CLONE_NEWNET, 0 };

/* The first of them always, the others by what is looked at. */
static const struct seccomp_rule all_rules[] = {
	{ calls, SECCOMP_RET_ALLOW, NULL, 0 },
	{ open_call, SECCOMP_RET_ALLOW, &reads[0], 1 },
	{ openat_call, SECCOMP_RET_ALLOW, &reads[1], 1 },
	{ socket_call, SECCOMP_RET_ALLOW, &of_kernel, 1 },
	{ socket_call, SECCOMP_RET_ALLOW, &for_names, 1 },
	{ ioctl_call, SECCOMP_RET_ALLOW, &asks_name, 1 },
	{ ioctl_call, SECCOMP_RET_ALLOW, &asks_size, 1 },
	{ signal_call, SECCOMP_RET_ALLOW, &asks_whether_alive, 1 },
	{ clone_call, SECCOMP_RET_ALLOW, &is_fork, 1 },
}, home_rules[] = {
	{ clone_call, SECCOMP_RET_ALLOW, &makes_thread, 1 },
	{ setns_call, SECCOMP_RET_ALLOW, &of_network, 1 },
}, beneath_rules[] = {
	{ openat2_call, SECCOMP_RET_ALLOW, NULL, 0 }, /* Landlock is asked, too */
};

static size_t add_rules(const struct seccomp_rule *rules, size_t count, struct seccomp_rule *ret)
{
	memcpy(ret, rules, count * sizeof *rules);
	return count;
}

size_t looking_rules(unsigned flags, struct seccomp_rule ret[static LOOKING_RULES])
{
	size_t count = add_rules(all_rules, ARRAY_SIZE(all_rules), ret);

	if (flags & LOOKING_IN_HOME)
		count += add_rules(home_rules, ARRAY_SIZE(home_rules), ret + count);
	if (!(flags & LOOKING_AT_PROCESSES))
		count += add_rules(beneath_rules, ARRAY_SIZE(beneath_rules), ret + count);
	return count;
}

/* ---- files ------------------------------------------------------------------------------- */

static int restrict_files(const struct directories *directories)
{
	const char *const paths[] = { directories->root, directories->run_root, directories->images, "/proc", "/sys", "/usr", "/etc/os-release" };
	int fds[ARRAY_SIZE(paths)], r;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		fds[count] = open(paths[i], O_PATH | O_CLOEXEC);
		if (fds[count] >= 0)
			count++; /* of what is not there nothing is read */
	}
	/* Programs are the filter's affair; the scopes that go with them would take the question away whether a process is alive. */
	r = landlock_restrict(&(const struct landlock_rules){ .restricts_reading = true, .readable = fds, .readable_count = count, .executes = true });
	while (count > 0)
		close(fds[--count]);
	return r;
}

/* ---- all of it --------------------------------------------------------------------------- */

static void note(const char *what, int result)
{
	if (result < 0)
		log_debug("cannot restrict %s: %s, going on", what, error_words(-result));
}

/* In a home networks are looked at on threads that sanitizers' filter would not let there. */
static int restrict_calls(unsigned flags)
{
	struct seccomp_rule rules[LOOKING_RULES];

	if (RELINQUISH_IS_SANITIZED && flags & LOOKING_IN_HOME)
		return 0;
	return relinquish_calls(rules, looking_rules(flags, rules));
}

/* The order matters: host/relinquish.h. */
void looking_begin(const struct directories *directories, unsigned flags)
{
	if (home_exists())
		flags |= LOOKING_IN_HOME;
	tzset(); /* while its file can be read */
	/* What is there can be looked at even before anything was made. */
	ignore_result(file_make_directories(directories->images, 0700));
	ignore_result(file_make_directories(directories->run_root, 0700));
	note("capabilities", relinquish_capabilities(flags & LOOKING_IN_HOME ? CAPABILITIES_IN_HOME : CAPABILITIES));
	note("privileges", relinquish_privileges());
	if (!(flags & LOOKING_AT_PROCESSES))
		note("files", restrict_files(directories));
	note("system calls", restrict_calls(flags));
}
