/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of containers as docker's API carries them: with a terminal the bytes
 * as they are, else in frames; over the client's own socket if it asks for that
 * (Upgrade: tcp), else as the body of the reply.
 */
#ifndef BIVY_API_STREAM_H
#define BIVY_API_STREAM_H

#include "api/call.h"
#include "engine/containers.h"

#define API_STREAM_HEAD 8 /* bytes before a frame */

/* The type of the content; clients before 1.42 know but one. */
const char *api_stream_content_type(const struct api_call *call, bool terminal);

/* Adds the head of a frame of LENGTH bytes: 1 is the standard output, 2 the standard error. */
void api_stream_add_head(struct buf *out, unsigned stream, size_t length);

struct api_stream {
	struct api_call *call;
	bool terminal;
	/* Called with the wire before anything of the container goes to it; or NULL. */
	int (*begin)(struct api_stream *stream, int fd, struct error *err);
	/* What api_stream_done() releases. */
	int fd; /* of the client; -EBADF: it is the call's */
	struct buf said;
};

#define API_STREAM_INIT ((struct api_stream){ .fd = -EBADF })

/* For struct container_wire: .open, with the stream as context. */
int api_stream_open(void *stream, struct container_wire *wire, struct error *err) _must_check_;

void api_stream_done(struct api_stream *stream);
#define _cleanup_api_stream_ _cleanup_(api_stream_done)

#endif
