/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject: runs a command, and lets one system call of it, or of a process that comes from it, fail, or kills the process at it.
 *
 *   inject [-a PID]… [-q QUIET_MS] [-u ID] -l LOG COMMAND…             writes the calls that there are
 *   inject [-a PID]… [-q QUIET_MS] [-u ID] -l LOG -c CASE COMMAND…     does to one of them what CASE says
 *
 * CASE is PROCESS:CALL:N:FAULT: the N-th CALL (from 1) of that process gets the error FAULT (EIO, …) instead of being made, or
 * the process gets SIGKILL in its place (KILL). PROCESS is a path of births: 0 is the command, 0.2 its second child (threads
 * are children, too), a, b, … are those that -a names. So a case means the same in each run, whatever the scheduler does;
 * strace(1) counts the calls of each process alike, and would make all of them fail at once.
 *
 * Only programs whose names contain "bivy" are looked at: others are let go when they are executed. LOG has a line for each
 * call, "PROCESS PROGRAM CALL N FLAG DETAIL" (FLAG: `n` for a descriptor that does not block, `s` for another pipe or socket, `c`
 * for a file that may be made, or `-`), and at last "hit" if the case has come about. After the case nobody is traced any more;
 * without, until nobody has made a call for QUIET_MS after the command's end.
 *
 * With -u the command is that user's, and what is executed setuid is so in spite of who traces, who is root.
 *
 * Exits as the command, or with 128 and its signal. x86-64 alone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS "bivy" /* part of the name of those that are looked at */

enum { MAXIMUM_PROCESSES = 1024, MAXIMUM_ATTACHED = 8, LONGEST_MS = 3000, LOADER_SIZE = 256 << 10 };

enum trait {
	TRAIT_FD = 1 << 0,      /* its first argument is a descriptor that may block */
	TRAIT_PATH_0 = 1 << 1,  /* which argument is worth showing */
	TRAIT_PATH_1 = 1 << 2,
	TRAIT_FLAGS_2 = 1 << 3, /* which argument may have MSG_DONTWAIT */
	TRAIT_FLAGS_3 = 1 << 4,
	TRAIT_OPEN = 1 << 5,    /* its third argument may have O_CREAT */
};

static const struct call {
	const char *name;
	unsigned long number;
	unsigned traits;
} calls[] = {
	{ "accept4", SYS_accept4, TRAIT_FD },
	{ "bind", SYS_bind, 0 },
	{ "bpf", SYS_bpf, 0 },
	{ "brk", SYS_brk, 0 },
	{ "capset", SYS_capset, 0 },
	{ "chdir", SYS_chdir, TRAIT_PATH_0 },
	{ "chroot", SYS_chroot, TRAIT_PATH_0 },
	{ "clone", SYS_clone, 0 },
	{ "clone3", SYS_clone3, 0 },
	{ "close_range", SYS_close_range, 0 },
	{ "connect", SYS_connect, TRAIT_FD },
	{ "copy_file_range", SYS_copy_file_range, 0 },
	{ "dup3", SYS_dup3, 0 },
	{ "epoll_create1", SYS_epoll_create1, 0 },
	{ "epoll_ctl", SYS_epoll_ctl, 0 },
	{ "epoll_pwait", SYS_epoll_pwait, 0 },
	{ "epoll_wait", SYS_epoll_wait, 0 },
	{ "eventfd2", SYS_eventfd2, 0 },
	{ "execve", SYS_execve, TRAIT_PATH_0 },
	{ "execveat", SYS_execveat, TRAIT_PATH_1 },
	{ "faccessat", SYS_faccessat, TRAIT_PATH_1 },
	{ "fallocate", SYS_fallocate, 0 },
	{ "fchdir", SYS_fchdir, 0 },
	{ "fchmod", SYS_fchmod, 0 },
	{ "fchmodat", SYS_fchmodat, TRAIT_PATH_1 },
	{ "fchown", SYS_fchown, 0 },
	{ "fchownat", SYS_fchownat, TRAIT_PATH_1 },
	{ "fcntl", SYS_fcntl, 0 },
	{ "fdatasync", SYS_fdatasync, 0 },
	{ "flock", SYS_flock, 0 },
	{ "fork", SYS_fork, 0 },
	{ "fsconfig", SYS_fsconfig, 0 },
	{ "fsetxattr", SYS_fsetxattr, TRAIT_PATH_1 },
	{ "fsmount", SYS_fsmount, 0 },
	{ "fsopen", SYS_fsopen, TRAIT_PATH_0 },
	{ "fstat", SYS_fstat, 0 },
	{ "fstatfs", SYS_fstatfs, 0 },
	{ "fsync", SYS_fsync, 0 },
	{ "ftruncate", SYS_ftruncate, 0 },
	{ "getdents64", SYS_getdents64, 0 },
	{ "getrandom", SYS_getrandom, 0 },
	{ "getsockopt", SYS_getsockopt, 0 },
	{ "inotify_add_watch", SYS_inotify_add_watch, TRAIT_PATH_1 },
	{ "inotify_init1", SYS_inotify_init1, 0 },
	{ "ioctl", SYS_ioctl, 0 },
	{ "linkat", SYS_linkat, TRAIT_PATH_1 },
	{ "listen", SYS_listen, 0 },
	{ "lseek", SYS_lseek, 0 },
	{ "memfd_create", SYS_memfd_create, TRAIT_PATH_0 },
	{ "mkdir", SYS_mkdir, TRAIT_PATH_0 },
	{ "mkdirat", SYS_mkdirat, TRAIT_PATH_1 },
	{ "mknodat", SYS_mknodat, TRAIT_PATH_1 },
	{ "mmap", SYS_mmap, 0 },
	{ "mount", SYS_mount, TRAIT_PATH_1 },
	{ "mount_setattr", SYS_mount_setattr, TRAIT_PATH_1 },
	{ "move_mount", SYS_move_mount, 0 },
	{ "mremap", SYS_mremap, 0 },
	{ "newfstatat", SYS_newfstatat, TRAIT_PATH_1 },
	{ "open", SYS_open, TRAIT_PATH_0 },
	{ "open_tree", SYS_open_tree, TRAIT_PATH_1 },
	{ "openat", SYS_openat, TRAIT_PATH_1 | TRAIT_OPEN },
	{ "openat2", SYS_openat2, TRAIT_PATH_1 },
	{ "pidfd_getfd", SYS_pidfd_getfd, 0 },
	{ "pidfd_open", SYS_pidfd_open, 0 },
	{ "pidfd_send_signal", SYS_pidfd_send_signal, 0 },
	{ "pipe2", SYS_pipe2, 0 },
	{ "pivot_root", SYS_pivot_root, 0 },
	{ "poll", SYS_poll, 0 },
	{ "ppoll", SYS_ppoll, 0 },
	{ "prctl", SYS_prctl, 0 },
	{ "pread64", SYS_pread64, 0 },
	{ "prlimit64", SYS_prlimit64, 0 },
	{ "pwrite64", SYS_pwrite64, 0 },
	{ "read", SYS_read, TRAIT_FD },
	{ "readlink", SYS_readlink, TRAIT_PATH_0 },
	{ "readlinkat", SYS_readlinkat, TRAIT_PATH_1 },
	{ "readv", SYS_readv, TRAIT_FD },
	{ "recvfrom", SYS_recvfrom, TRAIT_FD | TRAIT_FLAGS_3 },
	{ "recvmsg", SYS_recvmsg, TRAIT_FD | TRAIT_FLAGS_2 },
	{ "rename", SYS_rename, TRAIT_PATH_0 },
	{ "renameat", SYS_renameat, TRAIT_PATH_1 },
	{ "renameat2", SYS_renameat2, TRAIT_PATH_1 },
	{ "rmdir", SYS_rmdir, TRAIT_PATH_0 },
	{ "seccomp", SYS_seccomp, 0 },
	{ "sendfile", SYS_sendfile, 0 },
	{ "sendmsg", SYS_sendmsg, TRAIT_FD | TRAIT_FLAGS_2 },
	{ "sendto", SYS_sendto, TRAIT_FD | TRAIT_FLAGS_3 },
	{ "setgid", SYS_setgid, 0 },
	{ "setgroups", SYS_setgroups, 0 },
	{ "sethostname", SYS_sethostname, 0 },
	{ "setns", SYS_setns, 0 },
	{ "setresgid", SYS_setresgid, 0 },
	{ "setresuid", SYS_setresuid, 0 },
	{ "setsid", SYS_setsid, 0 },
	{ "setsockopt", SYS_setsockopt, 0 },
	{ "setuid", SYS_setuid, 0 },
	{ "signalfd4", SYS_signalfd4, 0 },
	{ "socket", SYS_socket, 0 },
	{ "socketpair", SYS_socketpair, 0 },
	{ "splice", SYS_splice, 0 },
	{ "stat", SYS_stat, TRAIT_PATH_0 },
	{ "statfs", SYS_statfs, TRAIT_PATH_0 },
	{ "statx", SYS_statx, TRAIT_PATH_1 },
	{ "symlinkat", SYS_symlinkat, TRAIT_PATH_0 },
	{ "timerfd_create", SYS_timerfd_create, 0 },
	{ "timerfd_settime", SYS_timerfd_settime, 0 },
	{ "umount2", SYS_umount2, TRAIT_PATH_0 },
	{ "unlink", SYS_unlink, TRAIT_PATH_0 },
	{ "unlinkat", SYS_unlinkat, TRAIT_PATH_1 },
	{ "unshare", SYS_unshare, 0 },
	{ "utimensat", SYS_utimensat, TRAIT_PATH_1 },
	{ "vfork", SYS_vfork, 0 },
	{ "wait4", SYS_wait4, 0 },
	{ "waitid", SYS_waitid, 0 },
	{ "write", SYS_write, TRAIT_FD },
	{ "writev", SYS_writev, TRAIT_FD },
};

enum { CALL_COUNT = sizeof calls / sizeof *calls };

static const struct {
	const char *name;
	int number;
} errors[] = { { "EIO", EIO }, { "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "EINTR", EINTR }, { "EAGAIN", EAGAIN }, { "EMFILE", EMFILE },
	{ "EPERM", EPERM }, { "ENOBUFS", ENOBUFS } };

struct process {
	pid_t pid; /* 0: a free place */
	bool is_known; /* its path is */
	bool is_held;  /* it has stopped, and waits to be known */
	uint64_t loader; /* where its dynamic loader is, or 0 */
	char path[64];
	char program[32];
	int children;
	int counts[CALL_COUNT];
};

static struct {
	struct process processes[MAXIMUM_PROCESSES];
	FILE *log;
	pid_t command;
	bool command_has_ended;
	const char *path; /* of the case, or NULL */
	int call, nth, error; /* error 0: it is killed */
} state;

static void fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(124);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* ---- processes ---------------------------------------------------------------------------------------- */

static struct process *find(pid_t pid)
{
	struct process *empty = NULL;

	for (size_t i = 0; i < MAXIMUM_PROCESSES; i++) {
		if (state.processes[i].pid == pid)
			return &state.processes[i];
		if (state.processes[i].pid == 0 && !empty)
			empty = &state.processes[i];
	}
	if (!empty) {
		errno = EAGAIN;
		fail("too many processes");
	}
	*empty = (struct process){ .pid = pid };
	return empty;
}

/* The name of what it executes. What is mounted by itself and attached nowhere has none but what it was called by. */
static void read_program(struct process *process)
{
	char path[64], target[PATH_MAX];
	const char *name;
	ssize_t length;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/exe", process->pid);
	length = readlink(path, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = '\0';
	if (!target[0] || strcmp(target, "/") == 0) {
		snprintf(path, sizeof path, "/proc/%d/cmdline", process->pid);
		file = fopen(path, "re");
		length = file ? (ssize_t)fread(target, 1, sizeof target - 1, file) : 0;
		target[length] = '\0';
		if (file)
			fclose(file);
	}
	name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	if (strncmp(name, "memfd:", 6) == 0)
		name += 6;
	if (name[0])
		snprintf(process->program, sizeof process->program, "%.*s", (int)strcspn(name, " "), name);
}

/* Of what it executes. What the loader does before the program begins is not the program's to mend. */
static void read_loader(struct process *process)
{
	uint64_t pair[2];
	char path[64];
	FILE *file;

	process->loader = 0;
	snprintf(path, sizeof path, "/proc/%d/auxv", process->pid);
	file = fopen(path, "re");
	while (file && fread(pair, sizeof pair, 1, file) == 1 && pair[0] != AT_NULL)
		if (pair[0] == AT_BASE)
			process->loader = pair[1];
	if (file)
		fclose(file);
}

static bool is_in_loader(const struct process *process, uint64_t address)
{
	return process->loader && address >= process->loader && address < process->loader + LOADER_SIZE;
}

static void adopt(struct process *parent, pid_t pid)
{
	struct process *child = find(pid);

	parent->children++;
	if (snprintf(child->path, sizeof child->path, "%s.%d", parent->path, parent->children) >= (int)sizeof child->path)
		child->path[0] = '?';
	snprintf(child->program, sizeof child->program, "%s", parent->program);
	child->loader = parent->loader;
	child->is_known = true;
	if (child->is_held) {
		child->is_held = false;
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	}
}

static void attach(pid_t pid, const char *path)
{
	struct process *process = find(pid);

	snprintf(process->path, sizeof process->path, "%s", path);
	if (pid != state.command)
		snprintf(process->program, sizeof process->program, "bivy-runtime"); /* a supervisor; see read_program() */
	process->is_known = true;
	if (ptrace(PTRACE_SEIZE, pid, 0,
		    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC) < 0)
		fail("cannot trace");
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		fail("cannot stop");
	read_program(process);
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static int find_call(unsigned long number)
{
	for (int i = 0; i < CALL_COUNT; i++)
		if (calls[i].number == number)
			return i;
	return -1;
}

/* `n`, `s`, or `-` for what is no stream. */
static char tell_stream(pid_t pid, int fd)
{
	char path[64], line[128];
	unsigned flags = 0;
	struct stat status;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &status) < 0 || S_ISREG(status.st_mode))
		return '-';
	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	if (file)
		fclose(file);
	if (flags & O_NONBLOCK)
		return 'n';
	return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? 's' : '-';
}

static void write_text(pid_t pid, uint64_t address)
{
	char text[200] = "";
	struct iovec here = { text, sizeof text - 1 }, there = { (void *)(uintptr_t)address, sizeof text - 1 };

	/* What lies at the end of a page has less. */
	while (there.iov_len > 0 && process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
		there.iov_len /= 2;
	for (char *c = text; *c; c++)
		if (*c <= ' ')
			*c = '?';
	fputs(text, state.log);
}

static void write_call(const struct process *process, int call, const struct __ptrace_syscall_info *info)
{
	unsigned traits = calls[call].traits;
	const uint64_t *args = info->entry.args;
	char flag = '-';

	if ((traits & TRAIT_FLAGS_2 && args[2] & MSG_DONTWAIT) || (traits & TRAIT_FLAGS_3 && args[3] & MSG_DONTWAIT))
		flag = 'n';
	else if (traits & TRAIT_FD)
		flag = tell_stream(process->pid, (int)args[0]);
	else if (traits & TRAIT_OPEN && args[2] & O_CREAT)
		flag = 'c';
	fprintf(state.log, "%s %s %s %d %c ", process->path, process->program, calls[call].name, process->counts[call], flag);
	if (traits & TRAIT_PATH_0)
		write_text(process->pid, args[0]);
	else if (traits & TRAIT_PATH_1)
		write_text(process->pid, args[1]);
	else
		fprintf(state.log, "%llx,%llx,%llx", (unsigned long long)args[0], (unsigned long long)args[1], (unsigned long long)args[2]);
	fputc('\n', state.log);
}

static void change_registers(pid_t pid, unsigned long long number, unsigned long long result)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0)
		fail("cannot read registers");
	registers.orig_rax = number;
	registers.rax = result;
	if (ptrace(PTRACE_SETREGS, pid, 0, &registers) < 0)
		fail("cannot write registers");
}

/* The call is not made, and its result is what a failing one has: set at its end, as filters of seccomp have their say between. */
static void make_fail(pid_t pid, int error)
{
	int status;

	change_registers(pid, (unsigned long long)-1, (unsigned long long)-ENOSYS);
	if (ptrace(PTRACE_SYSCALL, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) != pid)
		fail("cannot go on");
	if (WIFSTOPPED(status))
		change_registers(pid, (unsigned long long)-1, (unsigned long long)-error);
}

/* Whether the case has come about. */
static bool see_call(struct process *process)
{
	struct __ptrace_syscall_info info;
	int call;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	call = find_call(info.entry.nr);
	if (call < 0 || !strstr(process->program, PROGRAMS) || is_in_loader(process, info.instruction_pointer))
		return false;
	process->counts[call]++;
	if (!state.path) {
		write_call(process, call, &info);
		return false;
	}
	if (call != state.call || process->counts[call] != state.nth || strcmp(process->path, state.path) != 0)
		return false;
	write_call(process, call, &info);
	if (state.error)
		make_fail(process->pid, state.error);
	else
		kill(process->pid, SIGKILL);
	return true;
}

/* ---- stops ---------------------------------------------------------------------------------------------- */

static void see_birth(struct process *process)
{
	unsigned long pid;

	if (ptrace(PTRACE_GETEVENTMSG, process->pid, 0, &pid) == 0)
		adopt(process, (pid_t)pid);
}

/* Whether it is let go. */
static bool see_execution(struct process *process)
{
	read_program(process);
	read_loader(process);
	if (strstr(process->program, PROGRAMS))
		return false;
	ptrace(PTRACE_DETACH, process->pid, 0, 0);
	process->pid = 0;
	return true;
}

/* Whether the case has come about. */
static bool see_stop(pid_t pid, int status)
{
	struct process *process = find(pid);
	int number = WSTOPSIG(status), event = status >> 16, signal = 0;

	if (!process->is_known) {
		process->is_held = true;
		return false;
	}
	if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0);
		return false;
	}
	if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK)
		see_birth(process);
	else if (event == PTRACE_EVENT_EXEC && see_execution(process))
		return false;
	else if (number == (SIGTRAP | 0x80) && see_call(process))
		return true;
	else if (event == 0 && number != (SIGTRAP | 0x80))
		signal = number;
	ptrace(PTRACE_SYSCALL, pid, 0, signal);
	return false;
}

/* Of all that happens until the case has come about or nothing does any more. */
static void trace(int quiet_ms)
{
	int64_t last = now_ms(), end = INT64_MAX;
	int status;
	pid_t pid;

	while (now_ms() < end) {
		pid = waitpid(-1, &status, __WALL | (state.command_has_ended ? WNOHANG : 0));
		if (pid < 0 && errno == ECHILD)
			return;
		if (pid < 0)
			fail("cannot wait");
		if (pid == 0) {
			if (now_ms() - last > quiet_ms)
				return;
			usleep(500);
			continue;
		}
		last = now_ms();
		if (WIFSTOPPED(status)) {
			if (see_stop(pid, status)) {
				fputs("hit\n", state.log);
				return;
			}
			continue;
		}
		find(pid)->pid = 0;
		if (pid == state.command) {
			state.command_has_ended = true;
			end = last + LONGEST_MS;
		}
	}
}

/* ---- command line ----------------------------------------------------------------------------------------- */

static int find_error(const char *name)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	return strcmp(name, "KILL") == 0 ? 0 : -1;
}

static void read_case(char *text)
{
	char *call, *nth, *fault = NULL;

	state.path = strtok_r(text, ":", &text);
	call = strtok_r(NULL, ":", &text);
	nth = strtok_r(NULL, ":", &text);
	fault = strtok_r(NULL, ":", &text);
	for (state.call = 0; fault && state.call < CALL_COUNT; state.call++)
		if (strcmp(calls[state.call].name, call) == 0)
			break;
	state.nth = fault ? atoi(nth) : 0;
	state.error = fault ? find_error(fault) : -1;
	if (!fault || state.call == CALL_COUNT || state.nth <= 0 || state.error < 0) {
		fputs("inject: a case is PROCESS:CALL:N:FAULT\n", stderr);
		exit(2);
	}
}

/* In the command's process: waits until it is traced. Who becomes another is not told of its parent's death unless he asks for it then. */
static void become(int fd, long user, char *const *argv)
{
	char byte;

	if (user >= 0 && (setgroups(0, NULL) < 0 || setresgid((gid_t)user, (gid_t)user, (gid_t)user) < 0 ||
				 setresuid((uid_t)user, (uid_t)user, (uid_t)user) < 0))
		fail("cannot become the user");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(fd, &byte, 1) != 1)
		_exit(124);
	close(fd);
	execvp(argv[0], argv);
	fail("cannot execute the command");
}

/* Who traces is a process of its own: when it ends, all are let go. */
static pid_t start_tracer(pid_t *attached, int count, int go, int quiet_ms)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < count; i++)
		attach(attached[i], (char[]){ (char)('a' + i), '\0' });
	attach(state.command, "0");
	if (write(go, "", 1) != 1)
		fail("cannot start the command");
	trace(quiet_ms);
	fclose(state.log);
	_exit(0);
}

int main(int argc, char **argv)
{
	pid_t attached[MAXIMUM_ATTACHED], tracer;
	int go[2], count = 0, quiet_ms = 50, option, status;
	long user = -1;

	while ((option = getopt(argc, argv, "+a:c:l:q:u:")) != -1) {
		if (option == 'a' && count < MAXIMUM_ATTACHED)
			attached[count++] = atoi(optarg);
		else if (option == 'c')
			read_case(optarg);
		else if (option == 'l')
			state.log = fopen(optarg, "we");
		else if (option == 'q')
			quiet_ms = atoi(optarg);
		else if (option == 'u')
			user = atol(optarg);
		else
			return 2;
	}
	if (!state.log || !argv[optind] || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0)
		fail("cannot begin");
	state.command = fork();
	if (state.command == 0)
		become(go[0], user, argv + optind);
	tracer = state.command < 0 ? -1 : start_tracer(attached, count, go[1], quiet_ms);
	close(go[0]);
	close(go[1]);
	if (tracer < 0 || waitpid(state.command, &status, 0) < 0 || waitpid(tracer, NULL, 0) < 0)
		fail("cannot wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
