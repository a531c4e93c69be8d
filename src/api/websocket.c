/* SPDX-License-Identifier: Apache-2.0 */
#include "api/websocket.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/sha1.h"

#include <fcntl.h>
#include <signal.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define FRAME_LIMIT (1u << 20) /* bytes of one of the client's */
#define BLOCK (16u << 10)
#define FD_LIMIT 1024 /* the request's process has few */

enum opcode { OPCODE_MORE = 0, OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

/* ---- frames to the client ------------------------------------------------------------------- */

/* Both processes send: a lock between them keeps frames whole. */
static int send_frame(int fd, int lock_fd, enum opcode opcode, const void *bytes, size_t length)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	unsigned char head[4] = { (unsigned char)(0x80 | opcode), length < 126 ? (unsigned char)length : 126, (unsigned char)(length >> 8), (unsigned char)length };
	int r;

	if (fcntl(lock_fd, F_SETLKW, &lock) < 0)
		return -errno;
	r = fd_write_all(fd, head, length < 126 ? 2 : 4);
	if (r == 0)
		r = fd_write_all(fd, bytes, length);
	lock.l_type = F_UNLCK;
	ignore_result(fcntl(lock_fd, F_SETLK, &lock)); /* of a file that is there */
	return r;
}

_noreturn_ static void be_writer(int from, int client_fd, int lock_fd)
{
	static const unsigned char normal[] = { 1000 >> 8, 1000 & 0xff };
	char block[BLOCK];
	ssize_t n;

	while ((n = read(from, block, sizeof block)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && send_frame(client_fd, lock_fd, OPCODE_BINARY, block, (size_t)n) < 0)
			_exit(0);
	ignore_result(send_frame(client_fd, lock_fd, OPCODE_CLOSE, normal, sizeof normal)); /* it may have gone */
	ignore_result(shutdown(client_fd, SHUT_WR));
	_exit(0);
}

/* ---- frames of the client ----------------------------------------------------------------------- */

struct reader {
	int client_fd;
	struct buf said; /* that came before we had the socket */
	size_t used;
};

static bool take(struct reader *reader, void *ret, size_t length)
{
	char *at = ret;

	while (length > 0) {
		size_t there = reader->said.length - reader->used, part = there < length ? there : length;
		ssize_t n;

		if (part > 0) {
			memcpy(at, reader->said.data + reader->used, part);
			reader->used += part;
			n = (ssize_t)part;
		} else {
			n = read(reader->client_fd, at, length);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

/* The next frame, unmasked; false: the end, or what is none. */
static bool take_frame(struct reader *reader, unsigned *ret_opcode, struct buf *ret)
{
	unsigned char head[2], more[8] = { 0 }, mask[4];
	uint64_t length;
	size_t count;

	if (!take(reader, head, sizeof head) || head[0] & 0x70 || !(head[1] & 0x80)) /* extensions were not agreed on, and clients mask */
		return false;
	length = head[1] & 0x7f;
	count = length == 126 ? 2 : length == 127 ? 8 : 0;
	if (!take(reader, more, count))
		return false;
	for (size_t i = 0; i < count; i++)
		length = i == 0 ? more[0] : length << 8 | more[i];
	if (length > FRAME_LIMIT || !take(reader, mask, sizeof mask))
		return false;
	ret->length = 0;
	for (uint64_t i = 0; i < length; i++) {
		unsigned char byte;

		if (!take(reader, &byte, 1))
			return false;
		buf_add_char(ret, (char)(byte ^ mask[i % 4]));
	}
	*ret_opcode = head[0] & 0x0f;
	return true;
}

_noreturn_ static void be_reader(struct reader *reader, int to, int lock_fd)
{
	struct buf frame = BUF_INIT;
	unsigned opcode;

	while (take_frame(reader, &opcode, &frame) && opcode != OPCODE_CLOSE) {
		if (opcode == OPCODE_PING && frame.length < 126)
			ignore_result(send_frame(reader->client_fd, lock_fd, OPCODE_PONG, frame.data, frame.length)); /* the next read finds the same */
		else if (opcode <= OPCODE_BINARY && frame.length > 0 && fd_write_all(to, frame.data, frame.length) < 0)
			break;
	}
	ignore_result(shutdown(to, SHUT_WR));
	_exit(0);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

/* Of a process that we start: what it does not need is somebody's stream, who waits for its end. */
static void keep_alone(int a, int b, int c)
{
	int limit = (int)sysconf(_SC_OPEN_MAX);

	for (int fd = STDERR_FILENO + 1; fd < (limit > 0 && limit < FD_LIMIT ? limit : FD_LIMIT); fd++)
		if (fd != a && fd != b && fd != c)
			close(fd);
}

static int start(struct api_websocket *socket, struct reader *reader, struct error *err)
{
	_cleanup_close_ int theirs = -EBADF, lock_fd = memfd_create("websocket", MFD_CLOEXEC);
	int pair[2];

	if (lock_fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	socket->fd = pair[0];
	theirs = pair[1];
	socket->reader = fork();
	if (socket->reader == 0) {
		keep_alone(socket->client_fd, theirs, lock_fd);
		be_reader(reader, theirs, lock_fd);
	}
	socket->writer = socket->reader < 0 ? -1 : fork();
	if (socket->writer == 0) {
		keep_alone(socket->client_fd, theirs, lock_fd);
		be_writer(theirs, socket->client_fd, lock_fd);
	}
	return socket->writer < 0 ? error_errno(err, errno, "cannot start a process") : 0;
}

int api_websocket_open(struct api_call *call, struct api_websocket *ret, struct error *err)
{
	const char *key = api_call_header(call, "Sec-WebSocket-Key"), *protocol = api_call_header(call, "Upgrade");
	unsigned char digest[SHA1_BYTES];
	_cleanup_buf_ struct buf accept = BUF_INIT;
	struct reader reader = { .client_fd = -EBADF };
	char *text;
	int r;

	if (!key || !protocol || strcasecmp(protocol, "websocket") != 0 || !api_call_wants_upgrade(call))
		return error_set(err, ERROR_INVALID, 0, "bad request: a web socket was expected");
	text = arena_printf(call->arena, "%s" MAGIC, key);
	sha1(text, strlen(text), digest);
	base64_encode(digest, sizeof digest, &accept);
	r = api_reply_upgrade(call, (const struct spec_pair[]){ { .key = (char *)"Upgrade", .value = (char *)"websocket" },
		{ .key = (char *)"Sec-WebSocket-Accept", .value = accept.data }, { NULL } }, &reader.client_fd, &reader.said, err);
	if (r < 0)
		return r;
	ret->client_fd = reader.client_fd;
	r = start(ret, &reader, err);
	buf_done(&reader.said);
	return r;
}

void api_websocket_close(struct api_websocket *socket)
{
	if (socket->fd >= 0)
		ignore_result(shutdown(socket->fd, SHUT_WR)); /* the writer sends the rest */
	if (socket->writer > 0)
		ignore_result(waitpid(socket->writer, NULL, 0));
	if (socket->reader > 0 && kill(socket->reader, SIGKILL) == 0)
		ignore_result(waitpid(socket->reader, NULL, 0));
	close_and_forget(&socket->fd);
	close_and_forget(&socket->client_fd);
}
