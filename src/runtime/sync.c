/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sync.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Without an error only the head travels: most packets are 8 bytes. */
#define HEAD_BYTES offsetof(struct sync_message, error)

int sync_pair(int ret_ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0 ? -errno : 0;
}

static int send_packet(int socket, const struct sync_message *message, size_t bytes, int fd)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec part = { .iov_base = (void *)message, .iov_len = bytes };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *head = (struct cmsghdr *)control;

		packet.msg_control = control;
		packet.msg_controllen = sizeof control;
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	do
		n = sendmsg(socket, &packet, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int sync_send(int socket, enum sync_type type, int32_t value, int fd)
{
	struct sync_message message = { .type = type, .value = value };

	return send_packet(socket, &message, HEAD_BYTES, fd);
}

int sync_send_error(int socket, const struct error *error)
{
	struct sync_message message = { .type = SYNC_ERROR, .error = *error };

	return send_packet(socket, &message, sizeof message, -1);
}

static int take_descriptor(struct msghdr *packet)
{
	int fd = -EBADF;

	for (struct cmsghdr *head = CMSG_FIRSTHDR(packet); head; head = CMSG_NXTHDR(packet, head))
		if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof fd))
			memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}

int sync_receive(int socket, struct sync_message *ret, int *ret_fd)
{
	struct sync_message message = { 0 };
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { .iov_base = &message, .iov_len = sizeof message };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_LEN(sizeof(int)) };
	_cleanup_close_ int fd = -EBADF;
	ssize_t n;

	do
		n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	fd = take_descriptor(&packet);
	if (n == 0)
		return -EPIPE;
	if ((size_t)n < HEAD_BYTES || (message.type == SYNC_ERROR && (size_t)n != sizeof message))
		return -EBADMSG;
	/* The other side may be a process that container code had influence on: keep the text terminated. */
	message.error.message[sizeof message.error.message - 1] = '\0';
	message.error.hint[sizeof message.error.hint - 1] = '\0';
	*ret = message;
	if (ret_fd)
		*ret_fd = TAKE_FD(fd);
	return 0;
}

int sync_ask(int socket, enum sync_type type, int32_t value)
{
	struct sync_message answer;
	int r = sync_send(socket, type, value, -1);

	if (r == 0)
		r = sync_receive(socket, &answer, NULL);
	if (r < 0)
		return r;
	return answer.type == SYNC_GO ? 0 : -EBADMSG;
}
