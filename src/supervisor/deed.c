/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/deed.h"
#include "supervisor/loop.h"

#include <stdalign.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>

/* ---- packets ------------------------------------------------------------------------- */

/* Whether a call that failed is made once more: it was interrupted, or the kernel had no memory for it, which passes, as in loop_run(). */
static bool is_repeated(void)
{
	bool lacks_memory = errno == ENOMEM || errno == ENOBUFS, is_interrupted = errno == EINTR;

	if (lacks_memory)
		ignore_result(nanosleep(&(struct timespec){ .tv_nsec = MEMORY_PATIENCE_NS }, NULL)); /* sooner does not matter */
	return lacks_memory || is_interrupted;
}

/* Two parts, of which the second may be empty, and descriptors. */
static int send_parts(int socket, const struct iovec parts[2], const int *fds, size_t count, int flags)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * DEED_FDS)] = { 0 };
	struct msghdr header = { .msg_iov = (struct iovec *)parts, .msg_iovlen = 2 };
	ssize_t n;

	if (count > DEED_FDS)
		return -EMSGSIZE;
	if (count > 0) {
		struct cmsghdr *head = (struct cmsghdr *)control;

		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	}
	do
		n = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
	while (n < 0 && is_repeated());
	return n >= 0 ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
}

static size_t take_descriptors(struct msghdr *header, int *fds)
{
	size_t count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int); /* there was room for DEED_FDS */
		memcpy(fds, CMSG_DATA(part), count * sizeof(int));
	}
	return count;
}

static void close_all(int *fds, size_t count)
{
	while (count > 0)
		close_and_forget(&fds[--count]);
}

/* What does not fit into the parts is no packet of ours. */
static int receive_parts(int socket, const struct iovec parts[2], size_t *ret_length, int fds[static DEED_FDS], size_t *ret_count, int flags)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * DEED_FDS)];
	struct msghdr header = { .msg_iov = (struct iovec *)parts, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof control };
	ssize_t n;

	do
		n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && is_repeated());
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	*ret_count = take_descriptors(&header, fds);
	if (n == 0) {
		close_all(fds, *ret_count);
		return -EPIPE;
	}
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		close_all(fds, *ret_count);
		return -EBADMSG;
	}
	*ret_length = (size_t)n;
	return 0;
}

/* ---- deeds ------------------------------------------------------------------------------ */

bool deed_is_answered(uint32_t type)
{
	return type < DEED_EXEC;
}

int deed_send(int socket, const struct deed *deed, const struct deed_luggage *luggage)
{
	static const struct deed more = { .type = DEED_MORE };
	const char *text = luggage ? luggage->text : NULL;
	size_t left = luggage ? luggage->length : 0;
	int r = left > DEED_TEXT_LIMIT ? -EMSGSIZE : 0;

	for (; r == 0 && left > DEED_PIECE; text += DEED_PIECE, left -= DEED_PIECE)
		r = send_parts(socket, (struct iovec[]){ { (void *)&more, sizeof more }, { (void *)text, DEED_PIECE } }, NULL, 0, 0);
	if (r < 0)
		return r;
	return send_parts(socket, (struct iovec[]){ { (void *)deed, sizeof *deed }, { (void *)text, left } }, luggage ? luggage->fds : NULL,
		luggage ? luggage->count : 0, 0);
}

/* Of the text in the packet that comes next, most of which are short: memory for the longest would be mapped, and unmapped, for each. */
static int length_of_next(int socket, size_t *ret)
{
	ssize_t n;

	do
		n = recv(socket, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (n < 0 && is_repeated());
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	*ret = n > (ssize_t)sizeof(struct deed) ? (size_t)n - sizeof(struct deed) : 0;
	/* One that is too long is found to be when it is received. */
	if (*ret > DEED_PIECE)
		*ret = DEED_PIECE;
	return 0;
}

/* One packet, whose text comes behind what there is. */
static int receive_piece(int socket, struct deed_packet *packet)
{
	size_t length = 0, piece = 0;
	struct iovec parts[2];
	int r;

	r = length_of_next(socket, &piece);
	if (r < 0)
		return r;
	packet->text = memory_resize(packet->text, packet->length + piece + 1, 1);
	parts[0] = (struct iovec){ &packet->deed, sizeof packet->deed };
	parts[1] = (struct iovec){ packet->text + packet->length, piece };
	r = receive_parts(socket, parts, &length, packet->fds, &packet->count, 0);
	if (r < 0)
		return r;
	if (length < sizeof packet->deed || packet->deed.type >= DEED_TYPES)
		return -EBADMSG;
	packet->length += length - sizeof packet->deed;
	packet->text[packet->length] = '\0';
	return 0;
}

int deed_receive(int socket, struct deed_packet *ret)
{
	_cleanup_deed_packet_ struct deed_packet packet = DEED_PACKET_INIT;
	int r;

	do {
		close_all(packet.fds, packet.count);
		packet.count = 0;
		r = receive_piece(socket, &packet);
		if (r == 0 && packet.length > DEED_TEXT_LIMIT)
			r = -EBADMSG;
	} while (r == 0 && packet.deed.type == DEED_MORE);
	if (r < 0)
		return r;
	*ret = packet;
	packet = DEED_PACKET_INIT;
	return 0;
}

void deed_packet_done(struct deed_packet *packet)
{
	close_all(packet->fds, packet->count);
	packet->count = 0;
	free(packet->text);
	packet->text = NULL;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* As it travels; without an error only the head does. */
struct answer_packet {
	int32_t result, number;
	struct error error;
};

#define ANSWER_HEAD offsetof(struct answer_packet, error)

int deed_answer_send(int socket, const struct deed_answer *answer)
{
	const struct answer_packet packet = { .result = answer->result, .number = answer->number, .error = answer->error };

	return send_parts(socket, (struct iovec[]){ { (void *)&packet, answer->result < 0 ? sizeof packet : ANSWER_HEAD }, { NULL, 0 } }, answer->fds,
		answer->count, 0);
}

int deed_answer_receive(int socket, struct deed_answer *ret)
{
	struct answer_packet packet = { .result = 0 };
	int fds[DEED_FDS], r;
	size_t length = 0, count = 0;

	r = receive_parts(socket, (struct iovec[]){ { &packet, sizeof packet }, { NULL, 0 } }, &length, fds, &count, 0);
	if (r < 0)
		return r;
	if (count > ARRAY_SIZE(ret->fds) || length != (packet.result < 0 ? sizeof packet : ANSWER_HEAD)) {
		close_all(fds, count);
		return -EBADMSG;
	}
	packet.error.message[sizeof packet.error.message - 1] = '\0';
	packet.error.hint[sizeof packet.error.hint - 1] = '\0';
	*ret = (struct deed_answer){ .result = packet.result, .number = packet.number, .count = count, .error = packet.error };
	memcpy(ret->fds, fds, count * sizeof *fds);
	return 0;
}

/* ---- notices -------------------------------------------------------------------------------- */

int deed_notice_send(int socket, const struct deed_notice *notice)
{
	return send_parts(socket, (struct iovec[]){ { (void *)notice, sizeof *notice }, { NULL, 0 } }, NULL, 0, MSG_DONTWAIT);
}

int deed_notice_receive(int socket, struct deed_notice *ret)
{
	struct deed_notice notice;
	int fds[DEED_FDS], r;
	size_t length = 0, count = 0;

	r = receive_parts(socket, (struct iovec[]){ { &notice, sizeof notice }, { NULL, 0 } }, &length, fds, &count, MSG_DONTWAIT);
	if (r < 0)
		return r;
	close_all(fds, count);
	if (length != sizeof notice)
		return -EBADMSG;
	notice.text[sizeof notice.text - 1] = '\0';
	*ret = notice;
	return 0;
}
