/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bivy-init: the first process of a container that was asked for with --init.
 *
 * usage: bivy-init [--] COMMAND [ARGUMENT…]
 *
 * It starts the command as its child, passes signals on to it, reaps what comes
 * to it, and exits as the command did: with its status, or 128 and the number
 * of the signal that ended it. It ends with the command, and the kernel ends
 * what is left then (pid_namespaces(7)).
 *
 * It has no handlers: all signals stay blocked and are waited for. The kernel
 * drops those of the first process that it has no handler for, but not blocked
 * ones. The masks are the kernel's own, of 64 signals: a C library keeps some
 * of them from its callers.
 *
 * No room of the source is used: it runs inside, before anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "bivy-init"
#define ALL_SIGNALS UINT64_MAX

enum { EXIT_USAGE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

static void set_mask(const uint64_t *mask, uint64_t *ret_old)
{
	/* Fails for bad arguments only. */
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, ret_old, sizeof *mask);
}

/* The child: its own group of processes, which the terminal's keys act on, if there is a terminal. */
static _Noreturn void execute(char **args, const uint64_t *mask)
{
	int code;

	setpgid(0, 0);
	/* From the background that is answered with SIGTTOU, which is blocked still. */
	if (isatty(STDIN_FILENO))
		tcsetpgrp(STDIN_FILENO, getpid());
	set_mask(mask, NULL);
	execvp(args[0], args);
	code = errno;
	dprintf(STDERR_FILENO, "%s: cannot execute '%s': %s\n", NAME, args[0], strerror(code));
	_exit(code == ENOENT || code == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* The command's streams end when it closes them: no copy of ours keeps them open. */
static void drop_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
}

/* Reaps all that have ended. The exit status for the end of CHILD, or -1: it goes on. */
static int reap(pid_t child)
{
	int ended = -1, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR))
		if (pid == child)
			ended = WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	return ended;
}

/* Until CHILD has ended. */
static int attend(pid_t child)
{
	static const uint64_t all = ALL_SIGNALS;

	for (;;) {
		long number = syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof all);
		int status;

		if (number > 0 && number != SIGCHLD)
			kill(child, (int)number);
		status = reap(child);
		if (status >= 0)
			return status;
	}
}

int main(int argc, char **argv)
{
	static const uint64_t all = ALL_SIGNALS;
	char **args = argv + (argc > 0);
	uint64_t old = 0;
	pid_t child;

	if (*args && strcmp(*args, "--") == 0)
		args++;
	if (!*args) {
		dprintf(STDERR_FILENO, "%s: expected a command\n", NAME);
		return EXIT_USAGE;
	}
	/* Where it is not the first process of its own namespace (--pid=host), orphans come to it none the less. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	set_mask(&all, &old);
	child = fork();
	if (child == 0)
		execute(args, &old);
	if (child < 0) {
		dprintf(STDERR_FILENO, "%s: cannot start a process: %s\n", NAME, strerror(errno));
		return EXIT_USAGE;
	}
	drop_streams();
	return attend(child);
}
