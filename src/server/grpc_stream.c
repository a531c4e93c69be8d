/* SPDX-License-Identifier: Apache-2.0 */
#include "server/grpc_stream.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/memory.h"
#include "host/fdpass.h"
#include "spec/grpc_call.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define MESSAGE_PREFIX 5 /* of gRPC: whether it is compressed, and its length */
#define BLOCK (64u << 10)
#define NAMES "content-type", "te", "user-agent", "grpc-timeout", "grpc-accept-encoding" /* of headers that are no metadata */

struct grpc_stream {
	struct grpc_link *link;
	struct grpc_stream *next, **place; /* in the link's list */
	int32_t id;               /* 0: none yet; -1: none any more */
	struct http_watch call;   /* its socket */

	/* From the client. */
	struct arena *arena;
	struct spec_grpc_head head;
	size_t head_length;       /* bytes of all headers */
	unsigned char prefix[MESSAGE_PREFIX];
	size_t prefix_length;
	uint32_t message_left;    /* bytes of the message that are still to come */
	struct buf to_call;       /* frames that its socket has not taken yet */
	size_t to_call_done;
	size_t unconsumed;        /* bytes of HTTP/2 that are in there */
	struct spec_grpc_status status; /* asking: of trailers */
	struct buf details;

	/* From the call. */
	unsigned char frame[SPEC_GRPC_PREFIX];
	size_t frame_length;
	uint32_t frame_left;
	enum spec_grpc_kind kind;
	struct buf control;       /* what came of a HEAD or STATUS */
	struct buf from_call;     /* bytes that HTTP/2 has not taken yet */
	size_t from_call_done;
	bool has_answered;        /* serving: headers are on their way */
	bool has_ended;           /* nothing more comes from the call */
	struct buf trailer_text, trailer_details; /* serving */
};

static bool serves(const struct grpc_link *link)
{
	return link->listening.fd < 0;
}

static void take_call(struct http_watch *watch, uint32_t events);

static struct grpc_stream *make(struct grpc_link *link, int32_t id, int fd)
{
	struct grpc_stream *stream = memory_new(1, sizeof *stream);

	stream->link = link;
	stream->id = id;
	stream->call = (struct http_watch){ .fd = fd, .ready = take_call };
	stream->arena = arena_new();
	stream->status = (struct spec_grpc_status){ .code = SPEC_GRPC_UNKNOWN, .message = (char *)"the client has not answered" };
	stream->next = link->first;
	stream->place = &link->first;
	if (stream->next)
		stream->next->place = &stream->next;
	link->first = stream;
	link->stream_count++;
	return stream;
}

/* If HTTP/2 still has it, it is told that nobody needs it any more. */
static void end(struct grpc_stream *stream)
{
	struct grpc_link *link = stream->link;

	if (stream->id > 0) {
		nghttp2_session_set_stream_user_data(link->session, stream->id, NULL);
		if (stream->unconsumed)
			ignore_result(nghttp2_session_consume_connection(link->session, stream->unconsumed));
		ignore_result(nghttp2_submit_rst_stream(link->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL));
	}
	*stream->place = stream->next;
	if (stream->next)
		stream->next->place = stream->place;
	link->stream_count--;
	http_watch_end(link->epoll_fd, &stream->call);
	close_and_forget(&stream->call.fd);
	buf_done(&stream->to_call);
	buf_done(&stream->details);
	buf_done(&stream->control);
	buf_done(&stream->from_call);
	buf_done(&stream->trailer_text);
	buf_done(&stream->trailer_details);
	arena_free(stream->arena);
	free(stream);
}

void grpc_stream_end_all(struct grpc_link *link)
{
	while (link->first) {
		link->first->id = -1;
		end(link->first);
	}
}

/* ---- to the call -------------------------------------------------------------------------------- */

/* What it waits for: room for what the client has said, and what it says itself as long as that can be passed on. */
static int wait_for_call(struct grpc_stream *stream)
{
	size_t held = stream->from_call.length - stream->from_call_done;
	uint32_t events = 0;

	if (stream->call.fd < 0)
		return 0;
	if (stream->to_call_done < stream->to_call.length)
		events |= EPOLLOUT;
	if (!stream->has_ended && held < GRPC_WINDOW)
		events |= EPOLLIN;
	else if (!events)
		events = EPOLLRDHUP;
	return http_watch_set(stream->link->epoll_fd, &stream->call, events);
}

/* -EPIPE: it has gone. */
static int write_call(struct grpc_stream *stream)
{
	while (stream->to_call_done < stream->to_call.length) {
		ssize_t n = send(stream->call.fd, stream->to_call.data + stream->to_call_done, stream->to_call.length - stream->to_call_done,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return -EPIPE;
		stream->to_call_done += (size_t)n;
	}
	stream->to_call.length = stream->to_call_done = 0;
	/* The client may send as much again. */
	if (stream->id > 0 && stream->unconsumed)
		ignore_result(nghttp2_session_consume(stream->link->session, stream->id, stream->unconsumed));
	else if (stream->unconsumed)
		ignore_result(nghttp2_session_consume_connection(stream->link->session, stream->unconsumed));
	stream->unconsumed = 0;
	return 0;
}

/* Whether it goes on. */
static bool push_call(struct grpc_stream *stream)
{
	if (write_call(stream) == 0 && wait_for_call(stream) == 0 && (stream->id >= 0 || stream->to_call.length > 0))
		return true;
	end(stream);
	return false;
}

/* ---- from the client ------------------------------------------------------------------------------ */

static bool is_metadata(const char *name)
{
	static const char *const others[] = { NAMES };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (str_equal(name, others[i]))
			return false;
	return name[0] != ':';
}

/* Serving. */
static void take_request_header(struct grpc_stream *stream, const char *name, const char *value)
{
	struct spec_grpc_head *head = &stream->head;

	if (str_equal(name, ":path"))
		head->method = arena_strdup(stream->arena, value);
	if (!is_metadata(name) || head->count == SPEC_GRPC_METADATA_LIMIT)
		return;
	if (!head->metadata)
		head->metadata = arena_alloc(stream->arena, SPEC_GRPC_METADATA_LIMIT, sizeof *head->metadata);
	head->metadata[head->count++] = (struct spec_pair){ .key = arena_strdup(stream->arena, name), .value = arena_strdup(stream->arena, value) };
}

/* Asking. */
static void take_answer_header(struct grpc_stream *stream, const char *name, const char *value)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint64_t code;

	if (str_equal(name, ":status") && !str_equal(value, "200"))
		stream->status.message = arena_printf(stream->arena, "the client has answered with status %s", value);
	if (str_equal(name, "grpc-status") && str_to_u64(value, 10, &code) == 0) {
		stream->status.code = code > UINT32_MAX ? SPEC_GRPC_UNKNOWN : (uint32_t)code;
		stream->status.message = (char *)"";
	}
	if (str_equal(name, "grpc-message")) {
		spec_grpc_text_decode(value, strlen(value), &text);
		stream->status.message = arena_strdup(stream->arena, text.data ? text.data : "");
	}
	if (str_equal(name, "grpc-status-details-bin"))
		ignore_result(base64_decode(value, strlen(value), &stream->details));
}

int grpc_stream_take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length, const uint8_t *value,
	size_t value_length, uint8_t flags _unused_, void *context)
{
	struct grpc_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	if (!stream)
		return 0;
	stream->head_length += name_length + value_length + 2;
	if (stream->head_length > SPEC_GRPC_HEAD_LIMIT)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	/* Both have a NUL behind them; and none within, which nghttp2 sees to. */
	if (serves(context))
		take_request_header(stream, (const char *)name, (const char *)value);
	else
		take_answer_header(stream, (const char *)name, (const char *)value);
	return 0;
}

int grpc_stream_begin(struct grpc_link *link, int32_t id)
{
	struct grpc_stream *stream;

	if (link->stream_count >= GRPC_STREAM_LIMIT)
		return -ENOMEM;
	stream = make(link, id, -EBADF);
	return nghttp2_session_set_stream_user_data(link->session, id, stream) < 0 ? -ENOMEM : 0;
}

/* Serving: all headers are there. */
static int open_call(struct grpc_stream *stream)
{
	_cleanup_close_ int theirs = -EBADF;
	int pair[2];

	if (!stream->head.method || spec_grpc_head_encode(&stream->head, &stream->to_call) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -EINVAL;
	stream->call.fd = pair[0];
	theirs = pair[1];
	if (fcntl(stream->call.fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return fdpass_send(stream->link->calls, theirs, "", 1);
}

/* Serving: the client has said all; asking: it comes with STATUS. */
static void take_end(struct grpc_stream *stream)
{
	if (stream->prefix_length > 0) { /* in the middle of a message */
		end(stream);
		return;
	}
	spec_grpc_prefix_encode(SPEC_GRPC_END, 0, &stream->to_call);
	push_call(stream);
}

int grpc_stream_take_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct grpc_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	if (!stream || !serves(context) || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		if (open_call(stream) < 0) {
			end(stream);
			return 0;
		}
		if (!push_call(stream))
			return 0;
	}
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		take_end(stream);
	return 0;
}

/* Messages as frames; -EBADMSG for what is compressed, which nobody has been told that we take, or too much. */
static int add_messages(struct grpc_stream *stream, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		if (stream->message_left > 0) {
			size_t count = length < stream->message_left ? length : stream->message_left;

			buf_add(&stream->to_call, bytes, count);
			stream->message_left -= (uint32_t)count;
			bytes += count;
			length -= count;
		} else {
			stream->prefix[stream->prefix_length++] = *bytes++;
			length--;
			if (stream->prefix_length < MESSAGE_PREFIX)
				continue;
			stream->message_left = (uint32_t)stream->prefix[1] << 24 | (uint32_t)stream->prefix[2] << 16 | (uint32_t)stream->prefix[3] << 8 | stream->prefix[4];
			if (stream->prefix[0] != 0 || stream->message_left > SPEC_GRPC_MESSAGE_LIMIT)
				return -EBADMSG;
			spec_grpc_prefix_encode(SPEC_GRPC_MESSAGE, stream->message_left, &stream->to_call);
		}
		if (stream->message_left == 0)
			stream->prefix_length = 0;
	}
	return 0;
}

int grpc_stream_take_data(nghttp2_session *session, uint8_t flags _unused_, int32_t id, const uint8_t *bytes, size_t length, void *context _unused_)
{
	struct grpc_stream *stream = nghttp2_session_get_stream_user_data(session, id);

	if (!stream || stream->call.fd < 0) {
		ignore_result(nghttp2_session_consume(session, id, length));
		return 0;
	}
	stream->unconsumed += length;
	if (add_messages(stream, bytes, length) < 0)
		end(stream);
	else
		push_call(stream);
	return 0;
}

/* HTTP/2 knows it no more. Who asked is told how it ended, and then that is all. */
int grpc_stream_take_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
	struct grpc_stream *stream = nghttp2_session_get_stream_user_data(session, id);

	if (!stream)
		return 0;
	stream->id = -1;
	if (serves(context) || stream->prefix_length > 0) {
		end(stream);
		return 0;
	}
	if (code != NGHTTP2_NO_ERROR && stream->status.code == SPEC_GRPC_OK)
		stream->status.code = SPEC_GRPC_UNAVAILABLE;
	stream->status.details = (const unsigned char *)stream->details.data;
	stream->status.details_length = stream->details.length;
	if (spec_grpc_status_encode(&stream->status, &stream->to_call) < 0)
		end(stream);
	else
		push_call(stream);
	return 0;
}

/* ---- to the client ------------------------------------------------------------------------------------ */

#define HEADER(name_, value_, length_) \
	((nghttp2_nv){ .name = (uint8_t *)(name_), .value = (uint8_t *)(value_), .namelen = strlen(name_), .valuelen = (length_) })

static int submit_trailers(struct grpc_stream *stream)
{
	char code[16];
	nghttp2_nv headers[3];
	size_t count = 0;

	snprintf(code, sizeof code, "%u", stream->status.code);
	headers[count++] = HEADER("grpc-status", code, strlen(code));
	if (stream->trailer_text.length)
		headers[count++] = HEADER("grpc-message", stream->trailer_text.data, stream->trailer_text.length);
	if (stream->trailer_details.length)
		headers[count++] = HEADER("grpc-status-details-bin", stream->trailer_details.data, stream->trailer_details.length);
	return nghttp2_submit_trailer(stream->link->session, stream->id, headers, count);
}

/* nghttp2_data_source_read_callback: what the call has said. */
static ssize_t read_call(nghttp2_session *session, int32_t id, uint8_t *out, size_t length, uint32_t *flags, nghttp2_data_source *source _unused_,
	void *context _unused_)
{
	struct grpc_stream *stream = nghttp2_session_get_stream_user_data(session, id);
	size_t count = stream ? stream->from_call.length - stream->from_call_done : 0;

	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (count > length)
		count = length;
	if (count)
		memcpy(out, stream->from_call.data + stream->from_call_done, count);
	stream->from_call_done += count;
	if (stream->from_call_done < stream->from_call.length)
		return (ssize_t)count;
	stream->from_call.length = stream->from_call_done = 0;
	if (wait_for_call(stream) < 0) /* there is room again */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (!stream->has_ended)
		return count ? (ssize_t)count : NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (serves(stream->link)) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		if (submit_trailers(stream) < 0)
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return (ssize_t)count;
}

static int answer(struct grpc_stream *stream)
{
	const nghttp2_nv headers[] = { HEADER(":status", "200", 3), HEADER("content-type", "application/grpc", 16) };
	const nghttp2_data_provider provider = { .read_callback = read_call };

	if (stream->has_answered)
		return 0;
	stream->has_answered = true;
	return nghttp2_submit_response(stream->link->session, stream->id, headers, ARRAY_SIZE(headers), &provider);
}

static int ask(struct grpc_stream *stream)
{
	struct spec_grpc_head head;
	const nghttp2_data_provider provider = { .read_callback = read_call };
	nghttp2_nv *headers;
	size_t count = 0;

	if (stream->id != 0 || spec_grpc_head_decode(stream->arena, stream->control.data, stream->control.length, &head) < 0)
		return -EBADMSG;
	headers = arena_alloc(stream->arena, head.count + 6, sizeof *headers);
	headers[count++] = HEADER(":method", "POST", 4);
	headers[count++] = HEADER(":scheme", "http", 4);
	headers[count++] = HEADER(":path", head.method, strlen(head.method));
	headers[count++] = HEADER(":authority", "localhost", 9);
	headers[count++] = HEADER("content-type", "application/grpc", 16);
	headers[count++] = HEADER("te", "trailers", 8);
	for (size_t i = 0; i < head.count; i++)
		headers[count++] = HEADER(head.metadata[i].key, head.metadata[i].value, strlen(head.metadata[i].value));
	stream->id = nghttp2_submit_request(stream->link->session, NULL, headers, count, &provider, stream);
	if (stream->id > 0)
		return 0;
	stream->id = -1;
	return -EBADMSG;
}

/* Serving: the end of the call. */
static int take_status(struct grpc_stream *stream)
{
	struct spec_grpc_status status;

	if (spec_grpc_status_decode(stream->arena, stream->control.data, stream->control.length, &status) < 0)
		return -EBADMSG;
	stream->status = status;
	stream->has_ended = true;
	if (!str_is_empty(status.message))
		spec_grpc_text_encode(status.message, &stream->trailer_text);
	if (status.details_length)
		base64_encode(status.details, status.details_length, &stream->trailer_details);
	return answer(stream);
}

/* ---- from the call ----------------------------------------------------------------------------------------- */

static int begin_message(struct grpc_stream *stream)
{
	const unsigned char prefix[MESSAGE_PREFIX] = { 0, (unsigned char)(stream->frame_left >> 24), (unsigned char)(stream->frame_left >> 16),
		(unsigned char)(stream->frame_left >> 8), (unsigned char)stream->frame_left };

	if (stream->id == 0)
		return -EBADMSG;
	buf_add(&stream->from_call, prefix, sizeof prefix);
	return 0;
}

/* A frame is whole. */
static int end_frame(struct grpc_stream *stream)
{
	int r = 0;

	stream->frame_length = 0;
	if (stream->kind == SPEC_GRPC_HEAD)
		r = ask(stream);
	else if (stream->kind == SPEC_GRPC_STATUS)
		r = take_status(stream);
	else if (stream->kind == SPEC_GRPC_END)
		stream->has_ended = true;
	stream->control.length = 0;
	return r;
}

static int begin_frame(struct grpc_stream *stream)
{
	bool is_answer = serves(stream->link);

	if (spec_grpc_prefix_decode(stream->frame, &stream->kind, &stream->frame_left) < 0 || stream->has_ended)
		return -EBADMSG;
	if (stream->kind != SPEC_GRPC_MESSAGE && (stream->kind == SPEC_GRPC_STATUS) != is_answer)
		return -EBADMSG;
	return stream->kind == SPEC_GRPC_MESSAGE ? begin_message(stream) : 0;
}

static int take_frames(struct grpc_stream *stream, const char *bytes, size_t length)
{
	int r = 0;

	while (r == 0 && length > 0) {
		size_t count;

		if (stream->frame_length < SPEC_GRPC_PREFIX) {
			stream->frame[stream->frame_length++] = (unsigned char)*bytes++;
			length--;
			if (stream->frame_length < SPEC_GRPC_PREFIX)
				continue;
			r = begin_frame(stream);
		}
		count = length < stream->frame_left ? length : stream->frame_left;
		if (r == 0 && count)
			buf_add(stream->kind == SPEC_GRPC_MESSAGE ? &stream->from_call : &stream->control, bytes, count);
		bytes += count;
		length -= count;
		stream->frame_left -= (uint32_t)count;
		if (r == 0 && stream->frame_left == 0)
			r = end_frame(stream);
	}
	return r;
}

/* The call has gone before its end. */
static void give_up(struct grpc_stream *stream)
{
	_cleanup_buf_ struct buf frame = BUF_INIT;
	const struct spec_grpc_status status = { .code = SPEC_GRPC_INTERNAL, .message = (char *)"what worked on the call has ended without an answer" };

	http_watch_end(stream->link->epoll_fd, &stream->call);
	if (!serves(stream->link) || stream->has_ended || stream->id <= 0 || stream->frame_length > 0) {
		if (!stream->has_ended || !serves(stream->link))
			end(stream);
		return;
	}
	ignore_result(spec_grpc_status_encode(&status, &frame)); /* it is not too long */
	if (take_frames(stream, frame.data, frame.length) < 0)
		end(stream);
}

static void take_call(struct http_watch *watch, uint32_t events)
{
	struct grpc_stream *stream = (struct grpc_stream *)((char *)watch - offsetof(struct grpc_stream, call));
	struct grpc_link *link = stream->link;
	static char block[BLOCK];
	ssize_t n = -1;

	if ((events & EPOLLOUT) && !push_call(stream))
		return grpc_link_flush(link);
	errno = EAGAIN;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		n = recv(stream->call.fd, block, sizeof block, MSG_DONTWAIT);
	if (n > 0 && take_frames(stream, block, (size_t)n) < 0) {
		log_debug("a call says what it may not");
		end(stream);
	} else if (n > 0) {
		if (stream->id > 0 && !stream->has_answered && serves(link))
			ignore_result(answer(stream));
		else if (stream->id > 0)
			ignore_result(nghttp2_session_resume_data(link->session, stream->id)); /* it may not wait */
		if (wait_for_call(stream) < 0)
			end(stream);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		give_up(stream);
	}
	grpc_link_flush(link);
}

void grpc_stream_accept(struct grpc_link *link, int fd)
{
	struct grpc_stream *stream;

	if (link->stream_count >= GRPC_STREAM_LIMIT) {
		close(fd);
		return;
	}
	stream = make(link, 0, fd);
	if (wait_for_call(stream) < 0)
		end(stream);
}
