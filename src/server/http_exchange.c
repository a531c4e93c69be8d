/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_exchange.h"
#include "base/json.h"
#include "host/fdpass.h"
#include "server/http_patience.h"
#include "server/http_ping.h"
#include "spec/http_call.h"
#include "spec/http_head.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ROUNDS_TO_END 3 /* of the library: it takes note, closes, forgets */
#define BLOCK (16u << 10) /* of a reply's body that is taken at once */

struct http_exchange {
	struct http_front *front;
	struct http_exchange *next, **place; /* in the front's list */
	struct MHD_Connection *connection;
	struct arena *arena;
	const char *target;
	struct http_watch call;   /* .fd is ours; -EBADF: none, or no more */
	struct http_watch client; /* the connection's own socket: whether the client has gone; only while we wait for the call */
	bool has_begun, body_has_ended, is_suspended, has_gone;
	bool is_ping;     /* there is no call */
	bool may_upgrade; /* it asks to: the call is not half-closed */
	struct buf head; /* what came of the reply's head */
	bool has_reply;
	struct spec_http_reply reply;
};

/* ---- waiting ------------------------------------------------------------------------------ */

/* Lets libmicrohttpd go on with it, which calls us again. */
static void resume(struct http_exchange *exchange)
{
	http_watch_end(exchange->front->epoll_fd, &exchange->call);
	http_watch_end(exchange->front->epoll_fd, &exchange->client);
	if (!exchange->is_suspended)
		return;
	exchange->is_suspended = false;
	MHD_resume_connection(exchange->connection);
}

static void close_call(struct http_exchange *exchange)
{
	http_watch_end(exchange->front->epoll_fd, &exchange->call);
	close_and_forget(&exchange->call.fd);
}

/* The call has something, or takes something again. */
static void take_call(struct http_watch *watch, uint32_t events _unused_)
{
	resume((struct http_exchange *)((char *)watch - offsetof(struct http_exchange, call)));
}

/* The client is not there any more: nobody needs what the call is doing for it. */
static void take_client(struct http_watch *watch, uint32_t events _unused_)
{
	struct http_exchange *exchange = (struct http_exchange *)((char *)watch - offsetof(struct http_exchange, client));

	exchange->has_gone = true;
	exchange->front->rounds_due = ROUNDS_TO_END;
	close_call(exchange);
	resume(exchange);
}

/* Nothing is done about the connection until the call is ready for EVENTS, or the client has gone. */
static int wait_for_call(struct http_exchange *exchange, uint32_t events)
{
	int r = http_watch_set(exchange->front->epoll_fd, &exchange->call, events);

	if (r == 0)
		r = http_watch_set(exchange->front->epoll_fd, &exchange->client, EPOLLRDHUP);
	if (r < 0) {
		http_watch_end(exchange->front->epoll_fd, &exchange->call);
		return r;
	}
	MHD_suspend_connection(exchange->connection);
	exchange->is_suspended = true;
	return 0;
}

/* ---- replies of our own ---------------------------------------------------------------------- */

static void count(const struct http_front *front, unsigned status)
{
	if (front->counts && status / 100 < ARRAY_SIZE(front->counts->replies))
		__atomic_add_fetch(&front->counts->replies[status / 100], 1, __ATOMIC_RELAXED);
}

static enum MHD_Result refuse(const struct http_exchange *exchange, unsigned status, const char *message)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	struct json_writer w = { .out = &body };
	struct MHD_Response *response;
	enum MHD_Result result;

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "message", message);
	json_write_close(&w, '}');
	buf_add_char(&body, '\n');
	response = MHD_create_response_from_buffer(body.length, body.data, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close"); /* nobody knows where the next request begins */
	count(exchange->front, status);
	result = MHD_queue_response(exchange->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- the request ------------------------------------------------------------------------------- */

void *http_exchange_begin(void *front, const char *target, struct MHD_Connection *connection)
{
	struct http_exchange *exchange = memory_new(1, sizeof *exchange);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	exchange->front = front;
	exchange->next = exchange->front->first_exchange;
	exchange->place = &exchange->front->first_exchange;
	if (exchange->next)
		exchange->next->place = &exchange->next;
	exchange->front->first_exchange = exchange;
	exchange->connection = connection;
	exchange->arena = arena_new();
	exchange->target = arena_strdup(exchange->arena, target);
	exchange->call = (struct http_watch){ .fd = -EBADF, .ready = take_call };
	exchange->client = (struct http_watch){ .fd = info ? info->connect_fd : -EBADF, .ready = take_client };
	return exchange;
}

void http_exchange_end(void *front, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode code _unused_)
{
	struct http_exchange *exchange = TAKE_PTR(*slot);

	if (!exchange)
		return;
	http_patience_resume(front, connection);
	*exchange->place = exchange->next;
	if (exchange->next)
		exchange->next->place = exchange->place;
	http_watch_end(exchange->front->epoll_fd, &exchange->client);
	close_call(exchange);
	buf_done(&exchange->head);
	arena_free(exchange->arena);
	free(exchange);
}

struct header_list {
	struct arena *arena;
	struct spec_pair pairs[SPEC_HTTP_HEADER_LIMIT];
	size_t count;
	bool is_full;
};

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind _unused_, const char *key, const char *value)
{
	struct header_list *list = context;

	if (list->count == SPEC_HTTP_HEADER_LIMIT) {
		list->is_full = true;
		return MHD_NO;
	}
	list->pairs[list->count++] = (struct spec_pair){ .key = arena_strdup(list->arena, key), .value = arena_strdup(list->arena, value ? value : "") };
	return MHD_YES;
}

/*
 * The head as a packet; -E2BIG if it is too much, -EBADMSG: it is none, *RET says why. The first head of a connection was judged as a whole
 * (http_greeting.c); what the library makes of later ones is not to have more than one meaning either, or who is in front of us, and lets
 * some requests through, can be told of others.
 */
static int encode(struct http_exchange *exchange, const char *method, const char *version, struct spec_http_fault *ret, struct buf *out)
{
	struct header_list list = { .arena = exchange->arena };
	struct spec_http_request request = { .method = (char *)method, .target = (char *)exchange->target };
	uint64_t length;
	int r;

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, add_header, &list);
	request.headers = list.pairs;
	request.header_count = list.count;
	exchange->may_upgrade = spec_http_wants_upgrade(list.pairs, list.count, &length);
	if (list.is_full)
		return -E2BIG;
	r = spec_http_headers_judge(version, list.pairs, list.count, ret);
	return r < 0 ? r : spec_http_request_encode(&request, out);
}

/* Sends it to bivy-server with one end of a pair of sockets, of which we keep the other. */
static int send_call(struct http_exchange *exchange, const struct buf *packet)
{
	_cleanup_close_ int theirs = -EBADF;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	exchange->call.fd = pair[0];
	theirs = pair[1];
	if (fcntl(exchange->call.fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	r = fdpass_send(exchange->front->broker, theirs, packet->data, packet->length);
	if (r < 0)
		close_call(exchange);
	return r;
}

static enum MHD_Result begin_call(struct http_exchange *exchange, const char *method, const char *version)
{
	_cleanup_buf_ struct buf packet = BUF_INIT;
	struct spec_http_fault fault;
	int r = encode(exchange, method, version, &fault, &packet);

	exchange->has_begun = true;
	http_patience_rest(exchange->front, exchange->connection);
	if (r == -EBADMSG)
		return refuse(exchange, fault.status, fault.text);
	/* Answered once its body is there, too: the library keeps no connection of a request that was answered before. */
	if (http_ping_is(method, exchange->target)) {
		exchange->is_ping = true;
		return MHD_YES;
	}
	if (r == 0)
		r = send_call(exchange, &packet);
	if (r == -E2BIG)
		return refuse(exchange, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "the head of the request is too large");
	if (r < 0)
		return refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, error_words(-r));
	return MHD_YES;
}

/* Hands on what there is of the body; whoever does not want it has it thrown away. */
static enum MHD_Result pass_body(struct http_exchange *exchange, const char *data, size_t *size)
{
	ssize_t n = send(exchange->call.fd, data, *size, MSG_NOSIGNAL);

	if (n >= 0)
		*size -= (size_t)n;
	else if (errno == EAGAIN || errno == EINTR)
		return wait_for_call(exchange, EPOLLOUT) == 0 ? MHD_YES : MHD_NO;
	else
		*size = 0;
	return MHD_YES;
}

/* ---- the reply ----------------------------------------------------------------------------------- */

/* Reads what is there of COUNT bytes in all: 1 once there are so many, 0: not yet, -errno. */
static int gather(struct http_exchange *exchange, size_t count)
{
	while (exchange->head.length < count) {
		char block[4096];
		size_t missing = count - exchange->head.length;
		ssize_t n = recv(exchange->call.fd, block, missing < sizeof block ? missing : sizeof block, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -EPIPE;
		buf_add(&exchange->head, block, (size_t)n);
	}
	return 1;
}

/* 1 once the reply's head is there, 0: not yet, -errno. */
static int read_head(struct http_exchange *exchange)
{
	int length, r = gather(exchange, SPEC_HTTP_PREFIX);

	if (r <= 0)
		return r;
	length = spec_http_reply_length((const unsigned char *)exchange->head.data);
	if (length < 0)
		return length;
	r = gather(exchange, SPEC_HTTP_PREFIX + (size_t)length);
	if (r <= 0)
		return r;
	r = spec_http_reply_decode(exchange->arena, exchange->head.data + SPEC_HTTP_PREFIX, (size_t)length, &exchange->reply);
	exchange->has_reply = r == 0;
	return r < 0 ? r : 1;
}

/* MHD_ContentReaderCallback: the next of the body. */
static ssize_t read_body(void *context, uint64_t position _unused_, char *block, size_t size)
{
	struct http_exchange *exchange = context;
	struct iovec part = { .iov_base = block, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (exchange->has_gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = recvmsg(exchange->call.fd, &message, 0);
	/* A descriptor, which nobody here takes, says that it ends too early (spec/http_call.h). */
	if (n > 0 && message.msg_flags & MSG_CTRUNC)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n > 0)
		return n;
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if ((errno == EAGAIN || errno == EINTR) && wait_for_call(exchange, EPOLLIN) == 0)
		return 0;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* MHD_UpgradeHandler: the client's socket goes to who has the call, with what it has said already; we know it no more. */
static void hand_over(void *context, struct MHD_Connection *connection _unused_, void *request_context _unused_, const char *said, size_t length, MHD_socket socket,
	struct MHD_UpgradeResponseHandle *handle)
{
	struct http_exchange *exchange = context;
	uint32_t count = (uint32_t)length;

	/* It is no more than a head may have, so it fits the socket's buffer. A failure ends the call, and so both. */
	if (fdpass_send(exchange->call.fd, socket, &count, sizeof count) == 0 && length > 0)
		ignore_result(send(exchange->call.fd, said, length, MSG_NOSIGNAL));
	close_call(exchange);
	MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static struct MHD_Response *make_response(struct http_exchange *exchange)
{
	const struct spec_http_reply *reply = &exchange->reply;

	if (reply->upgrades)
		return MHD_create_response_for_upgrade(hand_over, exchange);
	if (reply->has_length && reply->length == 0)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_callback(reply->has_length ? reply->length : MHD_SIZE_UNKNOWN, BLOCK, read_body, exchange, NULL);
}

static enum MHD_Result queue_reply(struct http_exchange *exchange)
{
	const struct spec_http_reply *reply = &exchange->reply;
	struct MHD_Response *response = make_response(exchange);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].key, reply->headers[i].value);
	count(exchange->front, reply->status);
	result = MHD_queue_response(exchange->connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result take_reply(struct http_exchange *exchange)
{
	int r = read_head(exchange);

	if (r > 0)
		return queue_reply(exchange);
	if (r == 0)
		return wait_for_call(exchange, EPOLLIN) == 0 ? MHD_YES : MHD_NO;
	return refuse(exchange, MHD_HTTP_INTERNAL_SERVER_ERROR, "what worked on the request has ended without an answer");
}

enum MHD_Result http_exchange_handle(void *front _unused_, struct MHD_Connection *connection _unused_, const char *url _unused_, const char *method,
	const char *version, const char *upload_data, size_t *upload_data_size, void **slot)
{
	struct http_exchange *exchange = *slot;

	if (!exchange || exchange->has_gone)
		return MHD_NO;
	if (!exchange->has_begun)
		return begin_call(exchange, method, version);
	if (*upload_data_size > 0)
		return pass_body(exchange, upload_data, upload_data_size);
	if (exchange->is_ping) {
		count(exchange->front, MHD_HTTP_OK);
		return http_ping_answer(exchange->connection, method);
	}
	if (!exchange->body_has_ended) {
		exchange->body_has_ended = true;
		if (!exchange->may_upgrade)
			ignore_result(shutdown(exchange->call.fd, SHUT_WR)); /* it may have ended, which its reply says */
	}
	return take_reply(exchange);
}

void http_exchange_end_all(struct http_front *front)
{
	for (struct http_exchange *exchange = front->first_exchange; exchange; exchange = exchange->next) {
		exchange->has_gone = true;
		close_call(exchange);
		resume(exchange);
	}
}
