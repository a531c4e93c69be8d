/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream.h"
#include "base/file.h"

#define RAW_TYPE "application/vnd.docker.raw-stream"
#define FRAMES_TYPE "application/vnd.docker.multiplexed-stream"
#define FRAMES_TYPE_SINCE 42

const char *api_stream_content_type(const struct api_call *call, bool terminal)
{
	return terminal || call->target.minor < FRAMES_TYPE_SINCE ? RAW_TYPE : FRAMES_TYPE;
}

void api_stream_add_head(struct buf *out, unsigned stream, size_t length)
{
	const unsigned char head[API_STREAM_HEAD] = { (unsigned char)stream, 0, 0, 0, (unsigned char)(length >> 24), (unsigned char)(length >> 16),
		(unsigned char)(length >> 8), (unsigned char)length };

	buf_add(out, head, sizeof head);
}

static int upgrade(struct api_stream *stream, struct container_wire *wire, struct error *err)
{
	const char *protocol = api_call_header(stream->call, "Upgrade");
	const struct spec_pair headers[] = {
		{ .key = (char *)"Content-Type", .value = (char *)api_stream_content_type(stream->call, stream->terminal) },
		{ .key = (char *)"Upgrade", .value = (char *)protocol },
		{ NULL },
	};
	int r = api_reply_upgrade(stream->call, headers, &stream->fd, &stream->said, err);

	if (r < 0)
		return r;
	wire->in = wire->out = stream->fd;
	wire->said = stream->said.data;
	wire->said_length = stream->said.length;
	return 0;
}

int api_stream_open(void *context, struct container_wire *wire, struct error *err)
{
	struct api_stream *stream = context;
	int r;

	if (api_call_wants_upgrade(stream->call)) {
		r = upgrade(stream, wire, err);
	} else {
		r = api_reply_open(stream->call, 200, api_stream_content_type(stream->call, stream->terminal), err);
		wire->in = -EBADF; /* the body of the request was all that there is */
		wire->out = stream->call->socket;
	}
	return r == 0 && stream->begin ? stream->begin(stream, wire->out, err) : r;
}

void api_stream_done(struct api_stream *stream)
{
	close_and_forget(&stream->fd);
	buf_done(&stream->said);
}
