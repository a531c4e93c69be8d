/* SPDX-License-Identifier: Apache-2.0 */
#include "api/websocket.h"
#include "api/websocket_frame.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/sha1.h"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define BLOCK (16u << 10)
#define FD_LIMIT 1024 /* the request's process has few */
#define LINGER_MS 5000 /* that a client has for the rest, once its container has ended */

/* ---- the process between both ------------------------------------------------------------------- */

struct relay {
	int client, inner;
	struct websocket_decoder decoder;
	struct buf said;          /* of the client, before we had the socket */
	unsigned char in[BLOCK];  /* of the client, as it came */
	size_t in_length, in_used;
	const unsigned char *plain; /* what is for the inner end, in .in or .said */
	size_t plain_length;
	unsigned char out[WEBSOCKET_HEAD_LIMIT + BLOCK]; /* a frame for the client */
	size_t out_length, out_used;
	unsigned char pong[WEBSOCKET_CONTROL_LIMIT];
	size_t pong_length;
	bool has_pong, client_has_ended, inner_has_ended, is_closed; /* .is_closed: the client was told of the end */
};

static void end_client(struct relay *relay)
{
	relay->client_has_ended = true;
	ignore_result(shutdown(relay->inner, SHUT_WR)); /* it may be gone */
}

/* The next of what the client has said. A ping whose answer waits for another's is forgotten, as RFC 6455 allows. */
static void decode_next(struct relay *relay)
{
	bool is_said = relay->said.length > 0;
	unsigned char *bytes = is_said ? (unsigned char *)relay->said.data : relay->in;
	size_t length = is_said ? relay->said.length : relay->in_length, used, result_length;
	const unsigned char *result = NULL;
	enum websocket_event event = websocket_decode(&relay->decoder, bytes + relay->in_used, length - relay->in_used, &used, &result, &result_length);

	relay->in_used += used;
	if (event == WEBSOCKET_DATA) {
		relay->plain = result;
		relay->plain_length = result_length;
	} else if (event == WEBSOCKET_PINGED) {
		memcpy(relay->pong, result, result_length);
		relay->pong_length = result_length;
		relay->has_pong = true;
	} else if (event != WEBSOCKET_NOTHING) {
		end_client(relay);
	}
	if (relay->in_used == length)
		relay->in_used = relay->in_length = relay->said.length = 0;
}

static bool has_said(const struct relay *relay)
{
	return relay->said.length > 0 || relay->in_length > 0;
}

/* What is decoded is written before more of it is decoded: the bytes stay where they are until then. */
static void write_inner(struct relay *relay)
{
	while (!relay->client_has_ended) {
		ssize_t n;

		while (relay->plain_length == 0 && has_said(relay) && !relay->client_has_ended)
			decode_next(relay);
		if (relay->plain_length == 0)
			return;
		n = send(relay->inner, relay->plain, relay->plain_length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			return end_client(relay);
		relay->plain += n;
		relay->plain_length -= (size_t)n;
	}
}

static void read_client(struct relay *relay)
{
	ssize_t n = recv(relay->client, relay->in, sizeof relay->in, MSG_DONTWAIT);

	if (n > 0)
		relay->in_length = (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end_client(relay);
}

static void put_frame(struct relay *relay, enum websocket_opcode opcode, const void *bytes, size_t length)
{
	size_t head = websocket_frame_head(relay->out, opcode, length);

	memmove(relay->out + head, bytes, length);
	relay->out_length = head + length;
	relay->out_used = 0;
}

static void read_inner(struct relay *relay)
{
	unsigned char block[BLOCK];
	ssize_t n = recv(relay->inner, block, sizeof block, MSG_DONTWAIT);

	if (n > 0)
		put_frame(relay, WEBSOCKET_BINARY, block, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		relay->inner_has_ended = true;
}

/* What is there to be said, once the frame before it has been. */
static void fill_out(struct relay *relay)
{
	static const unsigned char normal[] = { 1000 >> 8, 1000 & 0xff };

	if (relay->has_pong) {
		put_frame(relay, WEBSOCKET_PONG, relay->pong, relay->pong_length);
		relay->has_pong = false;
	} else if (relay->inner_has_ended && !relay->is_closed) {
		put_frame(relay, WEBSOCKET_CLOSE, normal, sizeof normal);
		relay->is_closed = true;
	}
}

/* False: it is not there any more. */
static bool write_client(struct relay *relay)
{
	if (relay->out_length == 0)
		fill_out(relay);
	while (relay->out_length > 0) {
		ssize_t n = send(relay->client, relay->out + relay->out_used, relay->out_length - relay->out_used, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		relay->out_used += (size_t)n;
		if (relay->out_used == relay->out_length) {
			relay->out_length = relay->out_used = 0;
			fill_out(relay);
		}
	}
	return true;
}

/* False: it is over. */
static bool step(struct relay *relay)
{
	bool listens = !relay->client_has_ended && relay->plain_length == 0 && !has_said(relay);
	bool reads = !relay->inner_has_ended && relay->out_length == 0;
	struct pollfd polls[] = {
		{ .fd = relay->client, .events = (short)((listens ? POLLIN : 0) | (relay->out_length > 0 ? POLLOUT : 0)) },
		{ .fd = reads || relay->plain_length > 0 ? relay->inner : -1, .events = (short)((reads ? POLLIN : 0) | (relay->plain_length > 0 ? POLLOUT : 0)) },
	};
	int count = poll(polls, ARRAY_SIZE(polls), relay->inner_has_ended ? LINGER_MS : -1);

	if (count <= 0)
		return count < 0 && errno == EINTR;
	if (polls[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return false;
	if (polls[0].revents & POLLIN)
		read_client(relay);
	if (polls[1].revents & (POLLIN | POLLHUP | POLLERR) && reads)
		read_inner(relay);
	write_inner(relay);
	return write_client(relay) && !(relay->is_closed && relay->out_length == 0);
}

_noreturn_ static void be_relay(struct relay *relay)
{
	write_inner(relay);
	while (step(relay))
		;
	ignore_result(shutdown(relay->client, SHUT_WR)); /* it may be gone */
	_exit(0);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

/* Of a process that we start: what it does not need is somebody's stream, who waits for its end. */
static void keep_alone(int a, int b)
{
	int limit = (int)sysconf(_SC_OPEN_MAX);

	for (int fd = STDERR_FILENO + 1; fd < (limit > 0 && limit < FD_LIMIT ? limit : FD_LIMIT); fd++)
		if (fd != a && fd != b)
			close(fd);
}

static int start(struct api_websocket *socket, struct relay *relay, struct error *err)
{
	_cleanup_close_ int theirs = -EBADF;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	socket->fd = pair[0];
	theirs = pair[1];
	socket->relay = fork();
	if (socket->relay == 0) {
		keep_alone(socket->client_fd, theirs);
		relay->inner = theirs;
		be_relay(relay);
	}
	return socket->relay < 0 ? error_errno(err, errno, "cannot start a process") : 0;
}

int api_websocket_open(struct api_call *call, struct api_websocket *ret, struct error *err)
{
	const char *key = api_call_header(call, "Sec-WebSocket-Key"), *protocol = api_call_header(call, "Upgrade");
	unsigned char digest[SHA1_BYTES];
	_cleanup_buf_ struct buf accept = BUF_INIT;
	struct relay relay = { .client = -EBADF };
	char *text;
	int r;

	if (!key || !protocol || strcasecmp(protocol, "websocket") != 0 || !api_call_wants_upgrade(call))
		return error_set(err, ERROR_INVALID, 0, "bad request: a web socket was expected");
	text = arena_printf(call->arena, "%s" MAGIC, key);
	sha1(text, strlen(text), digest);
	base64_encode(digest, sizeof digest, &accept);
	r = api_reply_upgrade(call, (const struct spec_pair[]){ { .key = (char *)"Upgrade", .value = (char *)"websocket" },
		{ .key = (char *)"Sec-WebSocket-Accept", .value = accept.data }, { NULL } }, &relay.client, &relay.said, err);
	if (r < 0)
		return r;
	ret->client_fd = relay.client;
	r = start(ret, &relay, err);
	buf_done(&relay.said);
	return r;
}

void api_websocket_close(struct api_websocket *socket)
{
	if (socket->fd >= 0)
		ignore_result(shutdown(socket->fd, SHUT_WR)); /* the rest is sent, or nobody takes it for a while */
	if (socket->relay > 0)
		ignore_result(waitpid(socket->relay, NULL, 0));
	close_and_forget(&socket->fd);
	close_and_forget(&socket->client_fd);
}
