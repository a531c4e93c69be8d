/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/confinement.h"
#include "base/log.h"
#include "host/landlock.h"
#include "host/relinquish.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* ---- calls ----------------------------------------------------------------------------- */

static char *const calls[] = {
	/* descriptors, and waiting for them */
	"read", "readv", "write", "writev", "pread64", "pwrite64", "splice", "lseek", "_llseek", "close", "dup", "dup2", "dup3", "fcntl", "fcntl64",
	"pipe", "pipe2", "poll", "ppoll", "ppoll_time64",
	/* clients: they come by accept(2) alone */
	"accept", "accept4", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "shutdown", "getsockopt",
	/* the log's files */
	"open", "openat", "fstat", "fstat64", "stat", "stat64", "newfstatat", "fstatat64", "statx", "lstat", "lstat64", "getdents", "getdents64", "ftruncate",
	"ftruncate64", "flock", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "access", "faccessat", "faccessat2", "fsync",
	"fdatasync", "umask",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "futex", "futex_time64",
	/* the rest */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "gettimeofday",
	"time", "getrandom", "getpid", "gettid", "geteuid", "geteuid32", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "restart_syscall",
	"exit", "exit_group",
	NULL
};

static char *const ioctl_call[] = { "ioctl", NULL };
static char *const socketpair_call[] = { "socketpair", NULL };
static const struct seccomp_condition of_terminals[] = {
	{ 1, SECCOMP_IS_EQ, TIOCSWINSZ, 0 },
	{ 1, SECCOMP_IS_EQ, TIOCGWINSZ, 0 },
};
static const struct seccomp_condition is_unix = { 0, SECCOMP_IS_EQ, AF_UNIX, 0 };

const struct seccomp_rule confinement_rules[CONFINEMENT_RULES] = {
	{ calls, SECCOMP_RET_ALLOW, NULL, 0 },
	{ ioctl_call, SECCOMP_RET_ALLOW, &of_terminals[0], 1 },
	{ ioctl_call, SECCOMP_RET_ALLOW, &of_terminals[1], 1 },
	{ socketpair_call, SECCOMP_RET_ALLOW, &is_unix, 1 },
};

/* ---- all of it -------------------------------------------------------------------------- */

static int restrict_files(const struct keeper *keeper)
{
	const char *path = keeper->what->log_path;
	_cleanup_close_ int log = path ? openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -EBADF;

	return landlock_restrict(&(const struct landlock_rules){
		.writable = &log,
		.writable_count = log >= 0, /* drivers without files have no directory */
		.restricts_reading = true,
		.readable = &keeper->bundle_fd,
		.readable_count = 1,
	});
}

static void note(const char *what, int result)
{
	if (result < 0)
		log_debug("cannot restrict %s: %s, going on", what, error_words(-result));
}

/* The order matters: host/relinquish.h. */
void confinement_enter(const struct keeper *keeper)
{
	note("capabilities", relinquish_capabilities(0));
	note("privileges", relinquish_privileges());
	note("files", restrict_files(keeper));
	note("system calls", relinquish_calls(confinement_rules, CONFINEMENT_RULES));
}
