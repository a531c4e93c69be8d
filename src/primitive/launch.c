/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/launch.h"

#include "base/file.h"
#include "base/narration.h"
#include "base/role.h"
#include "host/procfs.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define STATUS_LIMIT 65536

/* ---- what the processes tell each other ------------------------------------------- */

enum message_kind {
	MESSAGE_GO,     /* to the process in between: the maps are written; to the child: it has been visited */
	MESSAGE_CHILD,  /* from the process in between: .pid */
	MESSAGE_READY,  /* from the child: it is prepared, and waits */
	MESSAGE_FAILED, /* from either: .err */
};

struct message {
	enum message_kind kind;
	pid_t pid;
	struct error err;
};

static int send_message(int socket, const struct message *message)
{
	ssize_t n;

	do
		n = send(socket, message, sizeof *message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* False at the end. */
static bool receive_message(int socket, struct message *ret)
{
	ssize_t n;

	do
		n = recv(socket, ret, sizeof *ret, 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof *ret;
}

static _noreturn_ void fail(int socket, const struct error *err)
{
	const struct message message = { .kind = MESSAGE_FAILED, .err = *err };

	ignore_result(send_message(socket, &message)); /* nobody else to tell */
	_exit(125);
}

/* ---- the child ------------------------------------------------------------------------ */

/* Whoever reads the other end is gone. */
static bool is_abandoned(int socket)
{
	struct pollfd end = { .fd = socket };

	return poll(&end, 1, 0) > 0 && (end.revents & POLLHUP);
}

int launch_become(const struct launch *launch, struct error *err)
{
	int r = launch->prepare ? launch->prepare(launch->context, err) : 0;

	if (r < 0)
		return r;
	if ((launch->flags & LAUNCH_CLOSES) && sys_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot mark descriptors close-on-exec");
	narrate("execve(\"%s\")", launch->args[0]);
	narration_open(-1);
	r = launch->confine ? launch->confine(launch->context) : 0;
	if (r < 0)
		return error_errno(err, -r, "cannot confine the process");
	execvp(launch->args[0], launch->args);
	r = error_errno(err, errno, "cannot execute '%s'", launch->args[0]);
	if (err)
		err->exit_status = r == -ENOENT || r == -ENOTDIR ? 127 : 126;
	return r;
}

struct tied {
	const struct launch *launch;
	int socket;
	const sigset_t *mask;
};

/* By then the process in between has no use for the socket: what comes is for the child. */
static void wait_for_visit(int socket)
{
	struct message message = { .kind = MESSAGE_READY };

	if (send_message(socket, &message) < 0 || !receive_message(socket, &message))
		_exit(125);
}

/* Changes of ids clear it (prctl(2)), so it is the last of the preparations. */
static int prepare_tied(void *context, struct error *err)
{
	const struct tied *tied = context;
	int r = tied->launch->prepare ? tied->launch->prepare(tied->launch->context, err) : 0;

	if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		r = error_errno(err, errno, "cannot tie the command to this process");
	if (r == 0 && is_abandoned(tied->socket))
		_exit(125);
	if (r == 0 && tied->launch->visit)
		wait_for_visit(tied->socket);
	if (r == 0)
		sigprocmask(SIG_SETMASK, tied->mask, NULL);
	return r;
}

static int confine_tied(void *context)
{
	const struct tied *tied = context;

	return tied->launch->confine ? tied->launch->confine(tied->launch->context) : 0;
}

static _noreturn_ void run_child(const struct launch *launch, int socket, const sigset_t *mask)
{
	struct tied tied = { launch, socket, mask };
	const struct launch whole = { .flags = launch->flags, .args = launch->args, .prepare = prepare_tied, .confine = confine_tied, .context = &tied };
	struct error err = ERROR_INIT;

	role_set("child");
	ignore_result(launch_become(&whole, &err)); /* only returns an error */
	fail(socket, &err);
}

/* ---- the process in between --------------------------------------------------------------- */

/* Root of the new namespace, if that is somebody there; else whoever we are. */
static int take_ids(struct error *err)
{
	if (sys_setresgid(0, 0, 0) < 0 && errno != EINVAL)
		return error_errno(err, errno, "cannot become group 0 of the user namespace");
	if (sys_setresuid(0, 0, 0) < 0 && errno != EINVAL)
		return error_errno(err, errno, "cannot become user 0 of the user namespace");
	return 0;
}

static _noreturn_ void run_between(const struct launch *launch, int socket, const sigset_t *mask)
{
	struct sys_clone_args args = { .flags = CLONE_PARENT };
	struct message message = { .kind = MESSAGE_CHILD };
	struct error err = ERROR_INIT;
	int r = 0;

	role_set("between");
	if (launch->flags & LAUNCH_USER_NAMESPACE) {
		if (!receive_message(socket, &message))
			_exit(125);
		r = take_ids(&err);
	}
	if (r == 0 && launch->arrange)
		r = launch->arrange(launch->context, &err);
	if (r < 0)
		fail(socket, &err);
	message = (struct message){ .kind = MESSAGE_CHILD, .pid = sys_clone3(&args) };
	if (message.pid == 0)
		run_child(launch, socket, mask);
	if (message.pid < 0) {
		error_errno(&err, errno, "cannot make a process in the namespaces");
		fail(socket, &err);
	}
	narrate("clone3(CLONE_PARENT) = %d: the process that becomes the command", (int)message.pid);
	if (send_message(socket, &message) < 0)
		kill(message.pid, SIGKILL);
	_exit(0);
}

/* ---- the parent ------------------------------------------------------------------------- */

static const int passed[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };

/* Whether PID has a handler for it: proc_pid_status(5), SigCgt. */
static bool is_caught(pid_t pid, int signal_number)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64];
	const char *found;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (file_read_at(AT_FDCWD, path, STATUS_LIMIT, &text) < 0)
		return true;
	found = procfs_status_field(text.data, "SigCgt");
	return !found || (strtoull(found, NULL, 16) >> (signal_number - 1) & 1);
}

static bool is_to_end(int signal_number)
{
	return signal_number == SIGINT || signal_number == SIGTERM || signal_number == SIGQUIT || signal_number == SIGHUP;
}

/* What a terminal sends it sends to the child as well. The first process of a namespace does not end by what it does not handle: we end it. */
static void pass_on(const struct launch *launch, pid_t child, const siginfo_t *info)
{
	if ((launch->flags & LAUNCH_FIRST) && is_to_end(info->si_signo) && !is_caught(child, info->si_signo))
		kill(child, SIGKILL);
	else if (info->si_code != SI_KERNEL)
		kill(child, info->si_signo);
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status_of(status);
}

static int wait_for_child(const struct launch *launch, pid_t child, const sigset_t *signals)
{
	for (;;) {
		siginfo_t info;
		int status;
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			return status_of(status);
		if (sigwaitinfo(signals, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(launch, child, &info);
	}
}

static int write_maps(const struct launch *launch, pid_t pid, int socket, struct error *err)
{
	const struct message go = { .kind = MESSAGE_GO };
	_cleanup_close_ int procfs_fd = -EBADF;
	int r;

	if (!(launch->flags & LAUNCH_USER_NAMESPACE))
		return 0;
	if (launch->map.uid_count || launch->map.gid_count) {
		r = procfs_open_host(&procfs_fd);
		if (r < 0)
			return error_errno(err, -r, "cannot open /proc to write the id maps");
		r = idmap_write(procfs_fd, pid, &launch->map, err);
		if (r < 0)
			return r;
	}
	r = send_message(socket, &go);
	return r < 0 ? error_errno(err, -r, "the process in the new user namespace has ended") : 0;
}

static int visit(const struct launch *launch, int socket, pid_t child, struct error *err)
{
	const struct message go = { .kind = MESSAGE_GO };
	int r = launch->visit(launch->context, child, err);

	if (r < 0) {
		kill(child, SIGKILL);
		return r;
	}
	r = send_message(socket, &go);
	return r < 0 ? error_errno(err, -r, "the process that becomes the command has ended") : 0;
}

/* Until both are done: *RET_CHILD, or an error; what there is has ended then. */
static int await_child(const struct launch *launch, int socket, pid_t *ret_child, struct error *err)
{
	bool is_ready = false;
	struct message message;
	pid_t child = 0;
	int r = 0;

	while (receive_message(socket, &message)) {
		if (message.kind == MESSAGE_CHILD)
			child = message.pid;
		is_ready |= message.kind == MESSAGE_READY;
		if (message.kind == MESSAGE_FAILED && r == 0) {
			r = message.err.code ? -message.err.code : -EINVAL;
			if (err)
				*err = message.err;
		}
		/* The two may come in either order. */
		if (is_ready && child && r == 0) {
			is_ready = false;
			r = visit(launch, socket, child, err);
		}
	}
	if (r == 0 && child == 0)
		r = error_set(err, ERROR_INTERNAL, 0, "the process that makes the namespaces was killed");
	if (r < 0 && child > 0)
		reap(child);
	*ret_child = child;
	return r;
}

static int run(const struct launch *launch, const sigset_t *signals, const sigset_t *mask, int *ret_status, struct error *err)
{
	struct sys_clone_args args = { .flags = launch->flags & LAUNCH_USER_NAMESPACE ? CLONE_NEWUSER : 0, .exit_signal = SIGCHLD };
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	pid_t between, child = 0;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, errno, "cannot make a socket pair");
	ours = ends[0];
	theirs = ends[1];
	between = sys_clone3(&args);
	if (between == 0) {
		close(ours);
		run_between(launch, theirs, mask);
	}
	if (between < 0) {
		r = error_errno(err, errno, args.flags ? "cannot make a user namespace" : "cannot make a process");
		if (args.flags)
			error_hint(err, "`bivy doctor user-namespaces` tells what is in the way");
		return r;
	}
	if (args.flags)
		narrate("clone3(CLONE_NEWUSER) = %d", (int)between);
	close_and_forget(&theirs);
	r = write_maps(launch, between, ours, err);
	if (r < 0) {
		close_and_forget(&ours); /* it waits for a word, and ends without */
		reap(between);
		return r;
	}
	r = await_child(launch, ours, &child, err);
	reap(between);
	if (r == 0)
		*ret_status = wait_for_child(launch, child, signals);
	return r;
}

int launch_run(const struct launch *launch, int *ret_status, struct error *err)
{
	sigset_t signals, mask;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(&signals, passed[i]);
	sigprocmask(SIG_BLOCK, &signals, &mask);
	role_set("parent");
	r = run(launch, &signals, &mask, ret_status, err);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return r;
}
