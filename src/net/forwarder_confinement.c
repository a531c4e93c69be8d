/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_confinement.h"

#include "base/log.h"
#include "host/landlock.h"
#include "host/relinquish.h"

#include <linux/capability.h>
#include <sys/socket.h>

static char *const calls[] = {
	/* descriptors, and waiting for them */
	"read", "write", "writev", "close", "fcntl", "fcntl64", "splice", "pipe2", "epoll_ctl", "epoll_wait", "epoll_pwait",
	/* sockets */
	"accept4", "bind", "connect", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg",
	"recvmmsg_time64", "shutdown", "getsockname",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "futex", "futex_time64",
	/* the rest */
	"clock_gettime", "clock_gettime64", "gettimeofday", "time", "getrandom", "getpid", "gettid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"sigreturn", "restart_syscall", "exit", "exit_group",
	NULL
};

static char *const socket_call[] = { "socket", NULL };
#define TYPE 0xf /* SOCK_TYPE_MASK: the rest are flags, linux/net.h */
static const struct seccomp_condition sockets[][2] = {
	{ { 0, SECCOMP_IS_EQ, AF_INET, 0 }, { 1, SECCOMP_IS_MASKED_EQ, SOCK_STREAM, TYPE } },
	{ { 0, SECCOMP_IS_EQ, AF_INET, 0 }, { 1, SECCOMP_IS_MASKED_EQ, SOCK_DGRAM, TYPE } },
	{ { 0, SECCOMP_IS_EQ, AF_INET6, 0 }, { 1, SECCOMP_IS_MASKED_EQ, SOCK_STREAM, TYPE } },
	{ { 0, SECCOMP_IS_EQ, AF_INET6, 0 }, { 1, SECCOMP_IS_MASKED_EQ, SOCK_DGRAM, TYPE } },
};

const struct seccomp_rule forwarder_calls[FORWARDER_RULES] = {
	{ calls, SECCOMP_RET_ALLOW, NULL, 0 },
	{ socket_call, SECCOMP_RET_ALLOW, sockets[0], 2 },
	{ socket_call, SECCOMP_RET_ALLOW, sockets[1], 2 },
	{ socket_call, SECCOMP_RET_ALLOW, sockets[2], 2 },
	{ socket_call, SECCOMP_RET_ALLOW, sockets[3], 2 },
};

/* The order matters: host/relinquish.h. */
int forwarder_confine(void)
{
	const struct landlock_rules no_files = { .restricts_reading = true, .connects = true };
	int r = relinquish_capabilities(UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE);

	if (r == 0)
		r = relinquish_privileges();
	if (r < 0)
		return r;
	/* Kernels without Landlock leave it at the calls. */
	r = landlock_restrict(&no_files);
	if (r < 0)
		log_debug("forwarder: cannot restrict files: %s, going on", error_words(-r));
	return relinquish_calls_strictly(forwarder_calls, FORWARDER_RULES);
}
