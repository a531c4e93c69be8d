/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/confine.h"

#include "base/error.h"
#include "base/log.h"
#include "host/landlock.h"
#include "host/relinquish.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* More than four decompressors with the largest windows that decompress.h allows, and all else. */
#define MEMORY_LIMIT ((rlim_t)4 << 30)

#define BIT(capability) ((uint64_t)1 << (capability))

/* Owners, modes, devices and attributes of any kind: trusted.* takes CAP_SYS_ADMIN, whose calls are not among the allowed ones. */
#define CAPABILITIES (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | \
	BIT(CAP_MKNOD) | BIT(CAP_SETFCAP) | BIT(CAP_SYS_ADMIN))

/* ---- calls ----------------------------------------------------------------------- */

static char *const basic_calls[] = {
	/* descriptors */
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek", "_llseek", "close", "close_range", "dup", "dup2",
	"dup3", "fcntl", "fcntl64", "pipe", "pipe2", "eventfd2", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6",
	"pselect6_time64", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "memfd_create", "sendfile", "sendfile64",
	"copy_file_range", "splice",
	/* what there is */
	"stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2",
	"readlink", "readlinkat", "getdents", "getdents64", "getcwd", "statfs", "statfs64", "fstatfs", "fstatfs64", "getxattr", "lgetxattr",
	"fgetxattr", "listxattr", "llistxattr", "flistxattr",
	/* what becomes of it */
	"open", "openat", "openat2", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat", "unlink",
	"unlinkat", "rmdir", "rename", "renameat", "renameat2", "truncate", "truncate64", "ftruncate", "ftruncate64", "fallocate", "fadvise64",
	"fadvise64_64", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown", "fchown32", "lchown", "lchown32", "fchownat",
	"utime", "utimes", "futimesat", "utimensat", "utimensat_time64", "umask", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
	"lremovexattr", "fremovexattr", "fsync", "fdatasync", "syncfs", "sync_file_range",
	"sync_file_range2", "flock", "chdir", "fchdir",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "membarrier",
	/* threads; clone3(2), whose flags cannot be seen, is not there, and the C library takes clone(2) */
	"futex", "futex_time64", "futex_waitv", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity",
	"getcpu", "gettid", "getpid", "getppid", "tgkill", "prctl", "exit", "exit_group", "restart_syscall", "arch_prctl", "set_thread_area",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_sigpending", "sigaltstack",
	/* the rest */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep",
	"gettimeofday", "time", "times", "getrandom", "uname", "sysinfo", "getrusage", "getrlimit", "ugetrlimit", "prlimit64", "getuid", "getuid32",
	"geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32", "getgroups", "getgroups32", "capget",
	NULL
};

static char *const network_calls[] = {
	"socket", "socketpair", "connect", "bind", "getsockname", "getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg",
	"recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64", "shutdown", NULL
};

static char *const clone_call[] = { "clone", NULL };
static char *const ioctl_call[] = { "ioctl", NULL };

/* s390's clone(2) has the stack first. */
#ifdef __s390__
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

static const struct seccomp_condition makes_thread = { CLONE_FLAGS_ARGUMENT, SECCOMP_IS_MASKED_EQ, CLONE_THREAD, CLONE_THREAD };
static const struct seccomp_condition ioctls[] = {
	{ 1, SECCOMP_IS_EQ, FIONREAD, 0 },
	{ 1, SECCOMP_IS_EQ, FIONBIO, 0 },
	{ 1, SECCOMP_IS_EQ, FICLONE, 0 },
	{ 1, SECCOMP_IS_EQ, FICLONERANGE, 0 },
};

static int restrict_calls(unsigned properties)
{
	struct seccomp_rule rules[8];
	size_t count = 0;

	if (properties & CONFINE_PROGRAMS)
		return relinquish_host_calls();
	rules[count++] = (struct seccomp_rule){ basic_calls, SECCOMP_RET_ALLOW, NULL, 0 };
	rules[count++] = (struct seccomp_rule){ clone_call, SECCOMP_RET_ALLOW, &makes_thread, 1 };
	for (size_t i = 0; i < ARRAY_SIZE(ioctls); i++)
		rules[count++] = (struct seccomp_rule){ ioctl_call, SECCOMP_RET_ALLOW, &ioctls[i], 1 };
	if (properties & CONFINE_NETWORK)
		rules[count++] = (struct seccomp_rule){ network_calls, SECCOMP_RET_ALLOW, NULL, 0 };
	return relinquish_calls(rules, count);
}

/* ---- all the rest ------------------------------------------------------------------- */

static int lower_limit(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return -errno;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value)
		value = limit.rlim_max;
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < value)
		return 0;
	limit = (struct rlimit){ value, value };
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

static int limit_resources(void)
{
	int r = lower_limit(RLIMIT_CORE, 0);

	return r < 0 || RELINQUISH_IS_SANITIZED ? r : lower_limit(RLIMIT_DATA, MEMORY_LIMIT);
}

static int restrict_files(const struct confinement *confinement)
{
	return landlock_restrict(&(struct landlock_rules){
		.writable = confinement->writable,
		.writable_count = confinement->writable_count,
		.removable = confinement->removable,
		.removable_count = confinement->removable_count,
		.connects = confinement->properties & CONFINE_NETWORK,
	});
}

static unsigned note(enum confine_part part, const char *what, int result)
{
	if (result == 0)
		return part;
	log_debug("cannot restrict %s: %s, going on", what, error_words(-result));
	return 0;
}

unsigned confine(const struct confinement *confinement)
{
	unsigned parts = note(CONFINED_RESOURCES, "resources", limit_resources());

	/* The order matters: what comes later needs no_new_privs, and the last step takes away the calls of those before. */
	parts |= note(CONFINED_CAPABILITIES, "capabilities", relinquish_capabilities(CAPABILITIES));
	parts |= note(CONFINED_PRIVILEGES, "privileges", relinquish_privileges());
	if (!(confinement->properties & CONFINE_PROGRAMS))
		parts |= note(CONFINED_FILES, "files", restrict_files(confinement));
	parts |= note(CONFINED_CALLS, "system calls", restrict_calls(confinement->properties));
	return parts;
}
