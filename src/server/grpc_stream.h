/* SPDX-License-Identifier: Apache-2.0 */
/* One call of bivy-grpc: a stream of HTTP/2 on one side, a socket of frames (spec/grpc_call.h) on the other. */
#ifndef BIVY_SERVER_GRPC_STREAM_H
#define BIVY_SERVER_GRPC_STREAM_H

#include "server/grpc_link.h"

/* What the client calls; the stream has ID. -ENOMEM: there are too many. */
int grpc_stream_begin(struct grpc_link *link, int32_t id) _must_check_;

/* Who has connected to us wants to call the client; FD is the stream's, whatever becomes of it. */
void grpc_stream_accept(struct grpc_link *link, int fd);

/* All of them go. */
void grpc_stream_end_all(struct grpc_link *link);

/* Of libnghttp2's callbacks what is about a stream; each returns what that wants. */
int grpc_stream_take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length, const uint8_t *value,
	size_t value_length, uint8_t flags, void *context);
int grpc_stream_take_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context);
int grpc_stream_take_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *context);
int grpc_stream_take_close(nghttp2_session *session, int32_t id, uint32_t code, void *context);

#endif
