/* SPDX-License-Identifier: Apache-2.0 */
#include "server/nobody.h"
#include "base/log.h"
#include "host/caps.h"
#include "host/landlock.h"
#include "host/relinquish.h"
#include "host/user_namespace.h"

#include <grp.h>
#include <sys/prctl.h>

#define NOBODY 65534

/*
 * What goes on with sockets and descriptors that are open, and with memory. No
 * call here opens a file, makes a socket that reaches anybody, starts, signals
 * or looks at a process.
 */
static char *const calls[] = {
	/* descriptors */
	"read", "readv", "write", "writev", "close", "fcntl", "fcntl64", "fstat", "fstat64", "newfstatat", "fstatat64", "lseek", "_llseek",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "ppoll_time64", "pipe2", "eventfd2",
	"sendfile", "sendfile64", "splice",
	/* sockets: socketpair(2), but not socket(2), connect(2) or bind(2) */
	"accept", "accept4", "socketpair", "getsockname", "getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg",
	"recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64", "shutdown",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "futex", "futex_time64",
	/* the rest */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "gettimeofday",
	"time", "getrandom", "getrusage", "getpid", "gettid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "restart_syscall", "sched_yield", "exit", "exit_group",
	NULL
};

const struct seccomp_rule nobody_calls = { calls, SECCOMP_RET_ALLOW, NULL, 0 };

/* Changed ids clear it: PR_SET_PDEATHSIG(2const). */
static int change_ids(struct error *err)
{
	int signal = 0;

	if (chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0)
		return error_errno(err, errno, "cannot leave the file system");
	/* Of a user who has no other id nobody is there to become: without capabilities he can do no more than that user. */
	if (user_namespace_size() <= NOBODY)
		return caps_set(0, 0, 0) < 0 ? error_errno(err, EPERM, "cannot give up capabilities") : 0;
	if (prctl(PR_GET_PDEATHSIG, &signal) < 0 || setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_PDEATHSIG, signal) < 0)
		return error_errno(err, errno, "cannot become nobody");
	return 0;
}

int nobody_become(struct error *err)
{
	const struct landlock_rules no_files = { .restricts_reading = true };
	int r = relinquish_privileges();

	if (r < 0)
		return error_errno(err, -r, "cannot give up privileges");
	if (geteuid() == 0)
		r = change_ids(err);
	if (r < 0)
		return r;
	/* Kernels without Landlock leave it at nobody's rights in an empty place. */
	r = landlock_restrict(&no_files);
	if (r < 0)
		log_debug("cannot restrict files: %s, going on", error_words(-r));
	r = relinquish_calls(&nobody_calls, 1);
	return r < 0 ? error_errno(err, -r, "cannot give up system calls") : 0;
}
