/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/{id}/logs. */
#include "api/containers_logs.h"
#include "api/routes.h"
#include "api/stream.h"
#include "base/file.h"
#include "engine/log_text.h"

#include <limits.h>

#define FLUSH_BYTES (32u << 10)

/* ---- records --------------------------------------------------------------------------- */

/* Only what can be read at all is answered with 200. */
static int open_reply(struct api_logs *logs)
{
	struct api_call *call = TAKE_PTR(logs->opens);

	return call ? api_reply_open(call, 200, api_stream_content_type(call, logs->terminal), NULL) : 0;
}

static int flush(struct api_logs *logs)
{
	int r = open_reply(logs);

	if (r == 0 && logs->pending.length)
		r = fd_write_all(logs->fd, logs->pending.data, logs->pending.length);
	logs->pending.length = 0;
	return r;
}

static void flush_idle(void *context)
{
	ignore_result(flush(context)); /* the next record finds the same */
}

static int add(void *context, const struct spec_log_record *record)
{
	struct api_logs *logs = context;
	bool *in_line = &logs->in_line[record->stream == 2];
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (logs->timestamps && !*in_line)
		log_text_add_timestamp(&line, record->time_ns);
	if (logs->details && !*in_line)
		log_text_add_details(&line, record);
	buf_add(&line, record->text, record->length);
	if (!record->partial)
		buf_add_char(&line, '\n');
	*in_line = record->partial;
	if (!logs->terminal)
		api_stream_add_head(&logs->pending, record->stream == 2 ? 2 : 1, line.length);
	buf_add(&logs->pending, line.data, line.length);
	return logs->pending.length >= FLUSH_BYTES ? flush(logs) : 0;
}

int api_logs_send(struct api_logs *logs, struct logs_request *request, struct error *err)
{
	int r;

	request->each = add;
	request->idle = flush_idle;
	request->context = logs;
	r = logs_read(request, err);
	if (r == 0 && (r = flush(logs)) < 0)
		r = error_errno(err, -r, "cannot answer");
	buf_done(&logs->pending);
	return r;
}

/* ---- the request --------------------------------------------------------------------------- */

/* What is no number means all, as with docker. */
static int64_t decode_tail(const struct api_call *call)
{
	const char *text = api_target_value(&call->target, "tail");
	int64_t tail;

	return str_is_empty(text) || str_to_i64(text, 10, &tail) < 0 || tail < 0 ? -1 : tail;
}

static const char *decode_limit(const struct api_call *call, const char *name)
{
	const char *text = api_target_value(&call->target, name);

	return str_is_empty(text) || str_equal(text, "0") ? NULL : text;
}

int api_container_logs(struct api_call *call, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct logs_request request = {
		.directories = call->directories,
		.container = call->names[0],
		.follow = api_target_flag(&call->target, "follow", false),
		.out = api_target_flag(&call->target, "stdout", false),
		.err = api_target_flag(&call->target, "stderr", false),
		.tail = decode_tail(call),
		.since = decode_limit(call, "since"),
		.until = decode_limit(call, "until"),
	};
	struct api_logs logs = {
		.fd = call->socket,
		.timestamps = api_target_flag(&call->target, "timestamps", false),
		.details = api_target_flag(&call->target, "details", false),
	};
	int r;

	if (!request.out && !request.err)
		return error_set(err, ERROR_INVALID, 0, "Bad parameters: you must choose at least one stream");
	r = container_record_open(call->arena, call->directories, call->names[0], &record, err);
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r < 0)
		return r;
	logs.terminal = record.container->config.tty;
	logs.opens = call;
	return api_logs_send(&logs, &request, err);
}
