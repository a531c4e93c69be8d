/* SPDX-License-Identifier: Apache-2.0 */
#include "server/grpc_link.h"
#include "base/log.h"
#include "server/grpc_stream.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BLOCK (64u << 10)
#define OUT_LIMIT (256u << 10) /* bytes that wait for the client */
#define LINK_WINDOW (4 << 20)  /* bytes of all streams together */

/* ---- to the client ------------------------------------------------------------------------- */

static void write_out(struct grpc_link *link)
{
	while (link->out_done < link->out.length) {
		ssize_t n = send(link->client.fd, link->out.data + link->out_done, link->out.length - link->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			link->ends = true;
		if (n <= 0)
			return;
		link->out_done += (size_t)n;
	}
	link->out.length = link->out_done = 0;
}

static void gather(struct grpc_link *link)
{
	while (link->out.length - link->out_done < OUT_LIMIT) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(link->session, &bytes);

		if (n < 0)
			link->ends = true;
		if (n <= 0)
			return;
		buf_add(&link->out, bytes, (size_t)n);
	}
}

void grpc_link_flush(struct grpc_link *link)
{
	uint32_t events = EPOLLIN;

	do {
		gather(link);
		write_out(link);
	} while (!link->ends && link->out.length == 0 && nghttp2_session_want_write(link->session) && nghttp2_session_get_outbound_queue_size(link->session) > 0);
	if (link->out.length > 0)
		events |= EPOLLOUT;
	if (!nghttp2_session_want_read(link->session) && link->out.length == 0)
		link->ends = true;
	if (http_watch_set(link->epoll_fd, &link->client, events) < 0)
		link->ends = true;
}

/* ---- from the client ------------------------------------------------------------------------- */

static void take_bytes(struct grpc_link *link, const void *bytes, size_t length)
{
	ssize_t n = nghttp2_session_mem_recv(link->session, bytes, length);

	if (n >= 0)
		return;
	log_debug("the client speaks no HTTP/2: %s", nghttp2_strerror((int)n));
	link->ends = true;
}

static void take_client(struct http_watch *watch, uint32_t events)
{
	struct grpc_link *link = (struct grpc_link *)((char *)watch - offsetof(struct grpc_link, client));
	static char block[BLOCK];
	ssize_t n;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(link->client.fd, block, sizeof block, MSG_DONTWAIT);
		if (n > 0)
			take_bytes(link, block, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			link->ends = true;
	}
	if (!link->ends)
		grpc_link_flush(link);
}

static int take_begin(nghttp2_session *session _unused_, const nghttp2_frame *frame, void *context)
{
	struct grpc_link *link = context;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	return grpc_stream_begin(link, frame->hd.stream_id) < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* ---- the session -------------------------------------------------------------------------------- */

static int open_session(struct grpc_link *link)
{
	const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, GRPC_STREAM_LIMIT },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, GRPC_WINDOW }, { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 } };
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	bool serves = link->listening.fd < 0;
	int r = nghttp2_session_callbacks_new(&callbacks);

	if (r == 0)
		r = nghttp2_option_new(&option);
	if (r == 0) {
		nghttp2_option_set_no_auto_window_update(option, 1);
		nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, take_begin);
		nghttp2_session_callbacks_set_on_header_callback(callbacks, grpc_stream_take_header);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, grpc_stream_take_frame);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, grpc_stream_take_data);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, grpc_stream_take_close);
		r = serves ? nghttp2_session_server_new2(&link->session, callbacks, link, option)
			   : nghttp2_session_client_new2(&link->session, callbacks, link, option);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	if (r == 0) /* a client may not speak of push to a server but to forbid it, a server not at all */
		r = nghttp2_submit_settings(link->session, NGHTTP2_FLAG_NONE, settings, ARRAY_SIZE(settings) - (serves ? 1 : 0));
	if (r == 0)
		r = nghttp2_session_set_local_window_size(link->session, NGHTTP2_FLAG_NONE, 0, LINK_WINDOW);
	return r;
}

static void take_listening(struct http_watch *watch, uint32_t events _unused_)
{
	struct grpc_link *link = (struct grpc_link *)((char *)watch - offsetof(struct grpc_link, listening));
	int fd = accept4(link->listening.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		grpc_stream_accept(link, fd);
}

static int begin(struct grpc_link *link, struct error *err)
{
	int r;

	link->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (link->epoll_fd < 0)
		return error_errno(err, errno, "cannot wait for the client");
	r = open_session(link);
	if (r < 0)
		return error_set(err, ERROR_INTERNAL, 0, "cannot speak HTTP/2: %s", nghttp2_strerror(r));
	if (link->listening.fd >= 0)
		r = http_watch_set(link->epoll_fd, &link->listening, EPOLLIN);
	return r < 0 ? error_errno(err, -r, "cannot wait for calls") : 0;
}

int grpc_link_run(const struct grpc_link_request *request, struct error *err)
{
	struct grpc_link link = { .epoll_fd = -EBADF, .client = { .fd = request->client, .ready = take_client },
		.listening = { .fd = request->listening, .ready = take_listening }, .calls = request->calls };
	int r = begin(&link, err);

	if (r == 0 && request->said_length)
		take_bytes(&link, request->said, request->said_length);
	if (r == 0)
		grpc_link_flush(&link);
	while (r == 0 && !link.ends) {
		r = http_watch_round(link.epoll_fd, -1);
		r = r < 0 ? error_errno(err, -r, "cannot wait for the client") : 0;
	}
	grpc_stream_end_all(&link);
	nghttp2_session_del(link.session);
	close_and_forget(&link.epoll_fd);
	buf_done(&link.out);
	return r;
}
