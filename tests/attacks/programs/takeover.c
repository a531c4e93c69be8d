/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody can do who has taken over a process: it makes a system call of his, as whatever it has been confined to lets it.
 *
 *   takeover PID CALL [free]
 *
 * PID is stopped while it waits, and sent on with the registers of CALL; with `free` the kernel leaves its filters of system calls out
 * (PTRACE_O_SUSPEND_SECCOMP). Prints "HIT: …" when the call succeeds, "stopped: …" with its error or the signal that has ended the process.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

static const struct way {
	const char *name;
	long call, first, second;
} ways[] = {
	{ "userns", SYS_unshare, CLONE_NEWUSER, 0 },
	{ "unix", SYS_socket, AF_UNIX, SOCK_STREAM },
	{ "netlink", SYS_socket, AF_NETLINK, SOCK_RAW },
	{ "inotify", SYS_inotify_init1, 0, 0 },
};

/* ---- registers ------------------------------------------------------------------- */

/* So that the instruction by which it entered the kernel makes WAY's call; nothing is restarted. */
#ifdef __x86_64__
#define INSTRUCTION 2 /* bytes */

static bool aim(struct user_regs_struct *r, const struct way *way)
{
	r->rip -= INSTRUCTION;
	r->rax = (unsigned long)way->call;
	r->orig_rax = ~0UL;
	r->rdi = (unsigned long)way->first;
	r->rsi = (unsigned long)way->second;
	r->rdx = 0;
	return true;
}

static long result_of(const struct user_regs_struct *r)
{
	return (long)r->rax;
}
#elif defined(__aarch64__)
#define INSTRUCTION 4

static bool aim(struct user_regs_struct *r, const struct way *way)
{
	r->pc -= INSTRUCTION;
	r->regs[8] = (unsigned long)way->call;
	r->regs[0] = (unsigned long)way->first;
	r->regs[1] = (unsigned long)way->second;
	r->regs[2] = 0;
	return true;
}

static long result_of(const struct user_regs_struct *r)
{
	return (long)r->regs[0];
}
#else
static bool aim(struct user_regs_struct *r, const struct way *way)
{
	(void)r;
	(void)way;
	errno = ENOSYS;
	return false;
}

static long result_of(const struct user_regs_struct *r)
{
	(void)r;
	return -ENOSYS;
}
#endif

/* ---- the process ---------------------------------------------------------------------- */

static int broken(const char *what)
{
	printf("no attack: %s: %s\n", what, strerror(errno));
	return 2;
}

/* False: it has ended. */
static bool is_stopped(pid_t pid, int *status)
{
	return waitpid(pid, status, __WALL) == pid && WIFSTOPPED(*status);
}

/* It had a signal of its own, by which it ends. */
static int tell_end(pid_t pid, int status)
{
	int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status);

	while (WIFSTOPPED(status) && ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal) == 0 && is_stopped(pid, &status))
		;
	printf("stopped: %s\n", strsignal(signal));
	return 1;
}

static int make_call(pid_t pid, const struct way *way)
{
	struct user_regs_struct before, r;
	struct iovec registers = { &r, sizeof r };
	int status = 0;
	long result;

	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || !is_stopped(pid, &status))
		return broken("PTRACE_INTERRUPT");
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &registers) < 0)
		return broken("PTRACE_GETREGSET");
	before = r;
	if (!aim(&r, way) || ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &registers) < 0 || ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0)
		return broken("PTRACE_SETREGSET");
	if (!is_stopped(pid, &status) || WSTOPSIG(status) != SIGTRAP)
		return tell_end(pid, status);
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &registers) < 0)
		return broken("PTRACE_GETREGSET");
	result = result_of(&r);
	r = before;
	if (ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &registers) < 0 || ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
		return broken("PTRACE_DETACH");
	if (result < 0)
		printf("stopped: %s\n", strerror((int)-result));
	else
		printf("HIT: %s: %ld\n", way->name, result);
	return result < 0;
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 2 ? atoi(argv[1]) : 0;
	const struct way *way = NULL;

	for (size_t i = 0; argc > 2 && i < sizeof ways / sizeof *ways; i++)
		if (!strcmp(ways[i].name, argv[2]))
			way = &ways[i];
	if (!way || pid <= 0)
		return 2;
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)(argc > 3 ? PTRACE_O_SUSPEND_SECCOMP : 0)) < 0)
		return broken("PTRACE_SEIZE");
	return make_call(pid, way);
}
