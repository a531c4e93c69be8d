/* SPDX-License-Identifier: Apache-2.0 */
#include "home/birth.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/str.h"
#include "home/holder.h"
#include "home/namespaces.h"
#include "host/fdpass.h"
#include "host/idmap.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "spec/subid.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct birth {
	const char *run_root;
	int directory_fd;
	int socket;    /* to the other one of the two: a byte from outside when the maps are there, a struct error from inside at the end */
	struct home_namespaces namespaces;
	void (*warn)(void *context, const char *text);
	void *context;
};

static void tell(const struct birth *birth, const char *format, ...) _printf_(2, 3);
static void tell(const struct birth *birth, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	birth->warn(birth->context, text);
}

/* ---- which ids ------------------------------------------------------------------------ */

/* The caller's own as root, and behind it what FILE grants him. */
static struct idmap_range *read_ranges(struct arena *arena, const char *file, const char *name, uint32_t own_id, size_t *ret_count)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct idmap_range *ranges = arena_alloc(arena, SPEC_SUBID_LIMIT + 1, sizeof *ranges);
	struct spec_subid *granted = NULL;
	size_t count = 0;
	uint32_t next = 1;

	ranges[0] = (struct idmap_range){ 0, own_id, 1 };
	if (file_read_at(AT_FDCWD, file, SPEC_SUBID_FILE_LIMIT, &text) == 0 && text.data)
		spec_subid_read(arena, text.data, name, getuid(), &granted, &count);
	for (size_t i = 0; i < count; i++) {
		if (granted[i].count > UINT32_MAX - next) {
			count = i;
			break;
		}
		ranges[i + 1] = (struct idmap_range){ next, granted[i].first, granted[i].count };
		next += granted[i].count;
	}
	*ret_count = count + 1;
	return ranges;
}

/* newuidmap(1) asks the system for the name; that it is not known here, or another, is found out there. */
static const char *name_of_user(void)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? user->pw_name : getenv("USER");
}

static struct idmap read_ids(struct arena *arena)
{
	const char *name = name_of_user();
	struct idmap map = { 0 };

	map.uids = read_ranges(arena, "/etc/subuid", name, getuid(), &map.uid_count);
	map.gids = read_ranges(arena, "/etc/subgid", name, getgid(), &map.gid_count);
	return map;
}

/* ---- inside ----------------------------------------------------------------------------- */

/* It belongs to no terminal and to nobody's job. */
static int leave_caller(const struct birth *birth)
{
	int keep[] = { birth->directory_fd, birth->socket, birth->namespaces.fds[HOME_NETWORK] };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* those that have none fail */
	signal(SIGPIPE, SIG_IGN);
	if (null < 0 || setsid() < 0 || chdir("/") < 0)
		return -errno;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	umask(077);
	for (unsigned fd = STDERR_FILENO + 1, limit = (unsigned)sysconf(_SC_OPEN_MAX); fd < limit && fd < 1024; fd++) {
		bool is_kept = false;

		for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
			is_kept |= keep[i] == (int)fd;
		if (!is_kept)
			close((int)fd);
	}
	return 0;
}

static int prepare(struct birth *birth, int *ret_listener, struct error *err)
{
	int r = leave_caller(birth);

	if (r < 0)
		return error_errno(err, -r, "cannot leave the session of the caller");
	r = home_namespaces_open_own(&birth->namespaces, birth->run_root, err);
	if (r == 0)
		r = home_namespaces_note(&birth->namespaces, birth->directory_fd, HOME_NOTE, err);
	if (r == 0)
		r = holder_listen(birth->directory_fd, ret_listener, err);
	return r;
}

/* The holder, in its user and mount namespaces. */
_noreturn_ static void live(struct birth *birth)
{
	struct error error = ERROR_INIT;
	int listener = -EBADF, r;
	char byte;

	/* Who was to write the maps is gone: then nobody is anybody here. */
	if (recv(birth->socket, &byte, 1, 0) != 1)
		_exit(1);
	r = prepare(birth, &listener, &error);
	if (send(birth->socket, &error, sizeof error, MSG_NOSIGNAL) != sizeof error || r < 0)
		_exit(1);
	close_and_forget(&birth->socket);
	holder_run(birth->run_root, birth->directory_fd, listener, &birth->namespaces);
	_exit(0);
}

/* ---- outside ------------------------------------------------------------------------------ */

/* A child in new namespaces, or in those that were found. */
static pid_t start_child(struct birth *birth)
{
	bool is_new = birth->namespaces.fds[HOME_USER] < 0 || birth->namespaces.fds[HOME_MOUNT] < 0;
	struct sys_clone_args args = { .flags = is_new ? CLONE_NEWUSER | CLONE_NEWNS : 0, .exit_signal = SIGCHLD };
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	pid = sys_clone3(&args);
	if (pid < 0)
		pid = -errno;
	if (pid == 0) {
		close(sockets[0]);
		birth->socket = sockets[1];
		if (!is_new && (setns(birth->namespaces.fds[HOME_USER], CLONE_NEWUSER) < 0 || setns(birth->namespaces.fds[HOME_MOUNT], CLONE_NEWNS) < 0))
			_exit(1);
		live(birth);
	}
	close(sockets[1]);
	if (pid > 0)
		birth->socket = sockets[0];
	else
		close(sockets[0]);
	return pid;
}

static void end_child(struct birth *birth, pid_t pid)
{
	close_and_forget(&birth->socket);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Lets the child go on, and hears what became of it. */
static int see_through(struct birth *birth, struct error *err)
{
	struct error error = ERROR_INIT;
	ssize_t n = send(birth->socket, "", 1, MSG_NOSIGNAL);

	while (n == 1 && (n = recv(birth->socket, &error, sizeof error, 0)) < 0 && errno == EINTR)
		n = 1;
	if (n != sizeof error)
		return error_set(err, ERROR_INTERNAL, 0, "cannot hold namespaces for '%s': the holder has ended", birth->run_root);
	if (error.kind == ERROR_NONE)
		return 0;
	*err = error;
	return error.code ? -error.code : -EINVAL;
}

static int explain_start(int code, struct error *err)
{
	int r = error_errno(err, code, "cannot make a user namespace");

	if (code == EPERM || code == EACCES)
		error_hint(err, "`sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`, as far as there are these, lets users do it");
	else if (code == ENOSPC || code == EUSERS)
		error_hint(err, "user.max_user_namespaces is the number of those there may be");
	return r;
}

/* With MAP; a map that was refused leaves a child that can have no other. */
static int try_with(struct birth *birth, const struct idmap *map, struct error *err)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	pid_t pid = start_child(birth);
	int r;

	if (pid < 0)
		return explain_start(-pid, err);
	r = procfs_open_host(&procfs_fd);
	r = r < 0 ? error_errno(err, -r, "cannot open '/proc'") : map ? idmap_write(procfs_fd, pid, map, err) : 0;
	if (r == 0)
		r = see_through(birth, err);
	if (r < 0)
		end_child(birth, pid);
	else
		close_and_forget(&birth->socket);
	return r;
}

/* One id is the caller's own, and needs nobody's help. */
static int make(struct birth *birth, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct idmap map = read_ids(arena);
	struct error refusal = ERROR_INIT;
	int r;

	if (map.uid_count > 1 && map.gid_count > 1) {
		r = try_with(birth, &map, &refusal);
		if (r == 0 || (refusal.kind != ERROR_NOT_FOUND && refusal.kind != ERROR_DENIED)) {
			*err = refusal;
			return r;
		}
		tell(birth, "files and users of containers all are root's: %s; `bivy doctor` says more", refusal.message);
	} else {
		tell(birth, "files and users of containers all are root's: no ids are granted to this user in %s; `bivy doctor` says more",
		     map.uid_count > 1 ? "/etc/subgid" : "/etc/subuid");
	}
	map.uid_count = map.gid_count = 1;
	return try_with(birth, &map, err);
}

/* Names in a directory that others can write to could be theirs. */
static int open_run_root(const char *path, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	int r = file_make_directories(path, 0700);

	if (r == 0 || r == -EEXIST) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 || fstat(fd, &status) < 0 ? -errno : 0;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot use the directory '%s'", path);
	if (status.st_uid != geteuid() || status.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, ERROR_DENIED, 0, "cannot use the directory '%s': others can write to it", path);
		error_hint(err, "--run-root names another");
		return -EPERM;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool is_there(int directory_fd)
{
	_cleanup_close_ int fd = -EBADF;

	return fdpass_connect_at(directory_fd, HOME_SOCKET, SOCK_SEQPACKET, &fd) == 0;
}

static int lock(int directory_fd, int *ret_fd)
{
	int fd = openat(directory_fd, HOME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return -errno;
	while ((r = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
		;
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int home_birth(const char *run_root, void (*warn)(void *context, const char *text), void *context, struct error *err)
{
	_cleanup_close_ int directory_fd = -EBADF, lock_fd = -EBADF;
	struct birth birth = { .run_root = run_root, .socket = -EBADF, .namespaces = HOME_NAMESPACES_INIT, .warn = warn, .context = context };
	int r = open_run_root(run_root, &directory_fd, err);

	if (r < 0)
		return r;
	r = lock(directory_fd, &lock_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot lock '%s/" HOME_LOCK "'", run_root);
	if (is_there(directory_fd))
		return 0;
	birth.directory_fd = directory_fd;
	r = home_namespaces_find(directory_fd, HOME_NOTE, &birth.namespaces, err);
	if (r == 0)
		r = birth.namespaces.fds[HOME_USER] >= 0 ? try_with(&birth, NULL, err) : make(&birth, err);
	home_namespaces_done(&birth.namespaces);
	return r;
}
