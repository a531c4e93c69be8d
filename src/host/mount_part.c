/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount_part.h"

#include "host/beneath.h"
#include "host/fdpass.h"
#include "host/mount.h"
#include "host/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct part {
	int mount_fd;
	const char *path;
	bool recursive;
};

/* The result is the exit status: 0 or an errno. */
static int work_as_child(const struct part *part, int socket_fd)
{
	_cleanup_close_ int fd = -EBADF, clone_fd = -EBADF;
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	/* Whatever it covers: it is used by descriptor. */
	if (sys_move_mount(part->mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	r = beneath_open(part->mount_fd, part->path, O_PATH, 0, &fd);
	if (r == 0)
		r = mount_clone_tree(fd, "", part->recursive, &clone_fd);
	return r == 0 ? fdpass_send(socket_fd, clone_fd, "", 1) : r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int mount_part_clone(int mount_fd, const char *path, bool recursive, int *ret_fd)
{
	const struct part part = { mount_fd, path, recursive };
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF, fd = -EBADF;
	int pair[2], received, r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-work_as_child(&part, theirs));
	close_and_forget(&theirs);
	received = fdpass_receive(ours, &fd);
	r = wait_for(pid);
	if (r < 0 || received < 0)
		return r < 0 ? r : received;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
