/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fdpass.h"
#include "base/str.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdalign.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/*
 * The address of NAME in DIRFD. *ret_dir is a directory that must stay open
 * while it is used, or -EBADF.
 */
static int make_address(int dirfd, const char *name, struct sockaddr_un *ret, int *ret_dir)
{
	const char *slash = strrchr(name, '/');
	_cleanup_free_ char *directory = NULL;
	_cleanup_close_ int dir = -EBADF;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (dirfd == AT_FDCWD && strlen(name) < sizeof ret->sun_path) {
		memcpy(ret->sun_path, name, strlen(name));
		return 0;
	}
	directory = slash ? str_dup(name) : str_dup(".");
	if (slash)
		directory[slash == name ? 1 : slash - name] = '\0';
	dir = openat(dirfd, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if ((size_t)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", dir, slash ? slash + 1 : name) >= sizeof ret->sun_path)
		return -ENAMETOOLONG;
	*ret_dir = TAKE_FD(dir);
	return 0;
}

static int open_socket(int dirfd, const char *name, int type, int (*attach)(int, const struct sockaddr *, socklen_t), int *ret)
{
	_cleanup_close_ int fd = -EBADF, dir = -EBADF;
	struct sockaddr_un address;
	int r = make_address(dirfd, name, &address, &dir);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* connect(2) of a unix socket that was interrupted has not begun. */
	while (attach(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		if (errno != EINTR)
			return -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

int fdpass_connect_at(int dirfd, const char *name, int type, int *ret)
{
	return open_socket(dirfd, name, type, connect, ret);
}

int fdpass_bind_at(int dirfd, const char *name, int type, int *ret)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_socket(dirfd, name, type, bind, &fd);

	if (r < 0)
		return r;
	if (type != SOCK_DGRAM && listen(fd, 8) < 0)
		return -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

int fdpass_connect(const char *path, int *ret)
{
	return fdpass_connect_at(AT_FDCWD, path, SOCK_STREAM, ret);
}

int fdpass_send_all(int socket, const int *fds, size_t count, const void *data, size_t length)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(FDPASS_LIMIT * sizeof *fds)] = { 0 };
	struct iovec part = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *head = (struct cmsghdr *)control;
	ssize_t n;

	if (count > FDPASS_LIMIT)
		return -EINVAL;
	if (count > 0) {
		packet.msg_control = control;
		packet.msg_controllen = CMSG_SPACE(count * sizeof *fds);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(count * sizeof *fds);
		memcpy(CMSG_DATA(head), fds, count * sizeof *fds);
	}
	do
		n = sendmsg(socket, &packet, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int fdpass_send(int socket, int fd, const void *data, size_t length)
{
	return fdpass_send_all(socket, &fd, 1, data, length);
}

int fdpass_receive_all(int socket, void *data, size_t size, size_t *ret_length, int fds[static FDPASS_LIMIT], size_t *ret_count)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(FDPASS_LIMIT * sizeof *fds)];
	struct iovec part = { .iov_base = data, .iov_len = size };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	size_t count = 0;
	ssize_t n;

	do
		n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* Credentials and the like are passed over; there is one part of descriptors at most, unix(7). */
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&packet); head; head = CMSG_NXTHDR(&packet, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS || count > 0)
			continue;
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
		memcpy(fds, CMSG_DATA(head), count * sizeof *fds);
	}
	if (n == 0 || packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
		return n == 0 ? -EPIPE : -EBADMSG;
	}
	*ret_length = (size_t)n;
	*ret_count = count;
	return 0;
}

int fdpass_receive_data(int socket, void *data, size_t size, size_t *ret_length, int *ret_fd)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { .iov_base = data, .iov_len = size };
	/* CMSG_LEN, not CMSG_SPACE: the padding of the latter has room for a second descriptor, which nobody would close. */
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_LEN(sizeof(int)) };
	struct cmsghdr *head;
	ssize_t n;

	do
		n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&packet);
	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return n == 0 ? -EPIPE : -EBADMSG;
	memcpy(ret_fd, CMSG_DATA(head), sizeof *ret_fd);
	*ret_length = (size_t)n;
	return 0;
}

/* There is nothing to poll(2) for; SIOCOUTQ of a unix socket counts what its reader has not taken yet. */
void fdpass_wait_read(int socket, unsigned timeout_ms)
{
	int64_t left_us = (int64_t)timeout_ms * 1000, pause_us = 50;
	int unread;

	while (left_us > 0 && ioctl(socket, SIOCOUTQ, &unread) == 0 && unread > 0) {
		nanosleep(&(struct timespec){ .tv_nsec = pause_us * 1000 }, NULL);
		left_us -= pause_us;
		if (pause_us < 2000)
			pause_us *= 2;
	}
}

int fdpass_receive(int socket, int *ret_fd)
{
	char data[256];
	size_t length;

	return fdpass_receive_data(socket, data, sizeof data, &length, ret_fd);
}
