/* SPDX-License-Identifier: Apache-2.0 */
/* POST /containers/{id}/attach, and the size of what is attached to. */
#include "api/containers_logs.h"
#include "api/routes.h"
#include "api/stream.h"
#include "api/websocket.h"
#include "engine/detach_keys.h"

/* What was written before: logs=1. */
static int send_logs(struct api_stream *stream, int fd, struct error *err _unused_)
{
	const struct api_target *target = &stream->call->target;
	struct api_logs logs = { .terminal = stream->terminal, .fd = fd };
	struct logs_request request = {
		.directories = stream->call->directories,
		.container = stream->call->names[0],
		.out = api_target_flag(target, "stdout", false),
		.err = api_target_flag(target, "stderr", false),
		.tail = -1,
	};

	/* A driver that keeps nothing has nothing to show. */
	if (request.out || request.err)
		ignore_result(api_logs_send(&logs, &request, NULL));
	return 0;
}

/* Without streams there is nothing but what was written before. */
static int send_logs_alone(struct api_stream *stream, struct error *err)
{
	struct container_wire wire = { .in = -EBADF, .out = -EBADF };

	return api_stream_open(stream, &wire, err);
}

static int attach(struct api_stream *stream, struct error *err)
{
	struct api_call *call = stream->call;
	const struct api_target *target = &call->target;
	struct container_wire wire = { .in = -EBADF, .out = -EBADF, .open = api_stream_open, .context = stream };
	const char *keys = api_target_value(target, "detachKeys");
	const struct container_attach_request request = {
		.directories = call->directories,
		.container = call->names[0],
		.attachment = {
			.in = api_target_flag(target, "stdin", false),
			.out = api_target_flag(target, "stdout", false),
			.err = api_target_flag(target, "stderr", false),
			.wire = &wire,
			.detach_keys = str_is_empty(keys) ? NULL : keys,
		},
	};
	struct container_start_report report;
	struct detach_keys parsed;
	int r = detach_keys_parse(request.attachment.detach_keys, &parsed, err);

	return r < 0 ? r : container_attach(&request, &report, err);
}

int api_container_attach(struct api_call *call, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_api_stream_ struct api_stream stream = API_STREAM_INIT;
	_cleanup_buf_ struct buf body = BUF_INIT;
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = container_record_open(call->arena, call->directories, call->names[0], &record, err);
	if (r < 0)
		return r;
	stream.call = call;
	stream.terminal = record.container->config.tty;
	if (api_target_flag(&call->target, "logs", false))
		stream.begin = send_logs;
	return api_target_flag(&call->target, "stream", false) ? attach(&stream, err) : send_logs_alone(&stream, err);
}

/* ---- as a web socket --------------------------------------------------------------------------- */

struct web {
	struct api_call *call;
	struct api_websocket socket;
};

static int open_web(void *context, struct container_wire *wire, struct error *err)
{
	struct web *web = context;
	int r = api_websocket_open(web->call, &web->socket, err);

	wire->in = wire->out = web->socket.fd;
	return r;
}

int api_container_attach_web(struct api_call *call, struct error *err)
{
	struct web web = { .call = call, .socket = API_WEBSOCKET_INIT };
	struct container_wire wire = { .in = -EBADF, .out = -EBADF, .unframed = true, .open = open_web, .context = &web };
	const char *keys = api_target_value(&call->target, "detachKeys");
	const struct container_attach_request request = {
		.directories = call->directories,
		.container = call->names[0],
		.attachment = {
			.in = api_target_flag(&call->target, "stdin", false),
			.out = api_target_flag(&call->target, "stdout", false),
			.err = api_target_flag(&call->target, "stderr", false),
			.wire = &wire,
			.detach_keys = str_is_empty(keys) ? NULL : keys,
		},
	};
	struct container_start_report report;
	int r = container_attach(&request, &report, err);

	api_websocket_close(&web.socket);
	return r;
}

/* ---- resize --------------------------------------------------------------------------------- */

int api_decode_size(const struct api_call *call, uint32_t *ret_width, uint32_t *ret_height, struct error *err)
{
	int64_t width = 0, height = 0;
	int r = api_target_number(&call->target, "w", 0, UINT16_MAX, &width, err);

	if (r == 0)
		r = api_target_number(&call->target, "h", 0, UINT16_MAX, &height, err);
	*ret_width = (uint32_t)width;
	*ret_height = (uint32_t)height;
	return r;
}

int api_container_resize(struct api_call *call, struct error *err)
{
	uint32_t width, height;
	int r = api_decode_size(call, &width, &height, err);

	if (r == 0)
		r = container_resize(call->directories, call->names[0], width, height, err);
	return r < 0 ? r : api_reply_empty(call, 200, err);
}
