/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/packets.h"

#include <stdalign.h>
#include <sys/socket.h>

void packet_done(struct packet *packet)
{
	for (size_t i = 0; i < packet->count; i++)
		close_and_forget(&packet->fds[i]);
	arena_free(packet->arena);
	*packet = (struct packet){ 0 };
}

static void take_descriptors(struct msghdr *header, struct packet *packet)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		packet->count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (packet->count > SPEC_SUPERVISION_FDS)
			packet->count = SPEC_SUPERVISION_FDS; /* there was no room for more */
		memcpy(packet->fds, CMSG_DATA(part), packet->count * sizeof(int));
	}
}

static int decode(const char *text, size_t length, int flags, struct packet *packet, struct error *err)
{
	int r;

	if (flags & (MSG_TRUNC | MSG_CTRUNC)) {
		error_set(err, ERROR_INVALID, EMSGSIZE, "message");
		return -EBADMSG;
	}
	packet->arena = arena_new();
	r = spec_message_decode(packet->arena, text, length, &packet->message, err);
	if (r == 0 && packet->message->type != SPEC_MESSAGE_REQUEST)
		r = error_set(err, ERROR_INVALID, 0, "message: not a request");
	return r < 0 ? -EBADMSG : 0;
}

int packet_receive(int socket, struct packet *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SPEC_SUPERVISION_FDS)];
	struct iovec part = { .iov_len = SPEC_SUPERVISION_PACKET };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	_cleanup_packet_ struct packet packet = { 0 };
	ssize_t n;
	int r;

	/* Most are short: memory for the longest would be mapped, and unmapped, for each. */
	do
		n = recv(socket, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0) {
		if (n < (ssize_t)SPEC_SUPERVISION_PACKET)
			part.iov_len = (size_t)n + 1;
		part.iov_base = text = memory_new(part.iov_len, 1);
		do
			n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
	}
	/* It is still there when there is memory again. */
	if (n < 0)
		return errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS ? -EAGAIN : -EPIPE;
	take_descriptors(&header, &packet);
	if (n == 0)
		return -EPIPE;
	r = decode(text, (size_t)n, header.msg_flags, &packet, err);
	if (r < 0)
		return r;
	*ret = packet;
	packet = (struct packet){ 0 };
	return 0;
}

int packet_send(int socket, const struct spec_message *message)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	ssize_t n;

	spec_message_encode(message, &text);
	if (text.length > SPEC_SUPERVISION_PACKET)
		return -EMSGSIZE;
	do
		n = send(socket, text.data, text.length, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}
