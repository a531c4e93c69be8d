/* SPDX-License-Identifier: Apache-2.0 */
#include "api/grpc_build.h"
#include "api/grpc_call.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"

#define SOURCE_TYPE "github.com/moby/buildkit/errdefs.Source+json"

/* ---- errors -------------------------------------------------------------------------------------- */

/* As clients show it: the source, and which lines of it. */
static void write_source(const struct dockerfile *dockerfile, const struct dockerfile_mark *mark, struct buf *out)
{
	_cleanup_buf_ struct buf data = BUF_INIT, text = BUF_INIT;
	struct json_writer w = { .out = out };

	for (size_t i = 0; i < dockerfile->line_count; i++)
		buf_printf(&data, "%s\n", dockerfile->lines[i]);
	base64_encode(data.data ? data.data : "", data.length, &text);
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "info", '{');
	json_write_string(&w, "filename", dockerfile->name);
	json_write_string(&w, "data", text.data ? text.data : "");
	json_write_string(&w, "language", "Dockerfile");
	json_write_close(&w, '}');
	json_write_open(&w, "ranges", '[');
	json_write_open(&w, NULL, '{');
	for (int i = 0; i < 2; i++) {
		json_write_open(&w, i ? "end" : "start", '{');
		json_write_uint(&w, "line", mark->line);
		json_write_close(&w, '}');
	}
	json_write_close(&w, '}');
	json_write_close(&w, ']');
	json_write_close(&w, '}');
}

/* A google.rpc.Status with what the error is about. */
static void write_details(const struct build_report *report, const struct error *error, struct buf *out)
{
	_cleanup_buf_ struct buf source = BUF_INIT, any = BUF_INIT;

	if (!report->dockerfile || !report->mark.line)
		return;
	write_source(report->dockerfile, &report->mark, &source);
	protobuf_write_uint(out, 1, SPEC_GRPC_UNKNOWN);
	protobuf_write_text(out, 2, error->message);
	protobuf_write_text(&any, 1, SOURCE_TYPE);
	protobuf_write_bytes(&any, 2, source.data, source.length);
	protobuf_write_bytes(out, 3, any.data, any.length);
}

void api_grpc_word_failure(const struct build_report *report, struct error *err)
{
	const char *command = report->failed_title ? strstr(report->failed_title, "] RUN ") : NULL;

	if (!command || !report->exit_code)
		return;
	command += strlen("] RUN ");
	error_set(err, ERROR_INTERNAL, 0, "process \"%s%.700s\" did not complete successfully: exit code: %lld", command[0] == '[' ? "" : "/bin/sh -c ", command,
		(long long)report->exit_code);
}

/* ---- results ------------------------------------------------------------------------------------------ */

/* The descriptor of what was made, in base64. */
static char *describe(struct arena *arena, const struct build_report *report)
{
	_cleanup_buf_ struct buf document = BUF_INIT, text = BUF_INIT;
	struct json_writer w = { .out = &document };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "mediaType", report->media_type);
	json_write_string(&w, "digest", report->digest);
	json_write_uint(&w, "size", report->target_size);
	if (report->annotation_count) {
		json_write_open(&w, "annotations", '{');
		for (size_t i = 0; i < report->annotation_count; i++)
			json_write_string(&w, report->annotations[i].key, report->annotations[i].value);
		json_write_close(&w, '}');
	}
	json_write_close(&w, '}');
	base64_encode(document.data, document.length, &text);
	return arena_strdup(arena, text.data);
}

static void write_result(struct arena *arena, const struct build_report *report, struct buf *out)
{
	_cleanup_buf_ struct buf names = BUF_INIT;

	for (char **name = report->names; name && *name; name++)
		buf_printf(&names, "%s%s", names.length ? "," : "", *name);
	if (report->image_id)
		protobuf_write_pair(out, 1, "containerimage.config.digest", report->image_id);
	if (report->digest) {
		protobuf_write_pair(out, 1, "containerimage.digest", report->digest);
		protobuf_write_pair(out, 1, "containerimage.descriptor", describe(arena, report));
	}
	if (names.length)
		protobuf_write_pair(out, 1, "image.name", names.data);
	for (size_t i = 0; i < report->provenance_count; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		const char *key = report->provenance_count == 1 ? "buildx.build.provenance" : arena_printf(arena, "buildx.build.provenance/%s", report->provenance[i].key);

		base64_encode(report->provenance[i].value, strlen(report->provenance[i].value), &text);
		protobuf_write_pair(out, 1, key, text.data);
	}
}

/* ---- all -------------------------------------------------------------------------------------------------- */

static void send_message(void *context, const struct buf *message)
{
	const struct api_grpc_build *build = context;
	_cleanup_buf_ struct buf frame = BUF_INIT;

	api_grpc_add_message(message, &frame);
	ignore_result(fd_write_all(build->fd, frame.data, frame.length)); /* who has gone ends us */
}

void api_grpc_build(const struct api_grpc_build *build)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT, details = BUF_INIT, result = BUF_INIT;
	struct build_report report = { .dockerfile = NULL };
	struct api_grpc_view view = { .send = send_message, .context = (void *)build, .ref = build->solve->ref, .arena = arena, .report = &report };
	struct build_request request;
	struct error err = ERROR_INIT;
	int r = api_grpc_build_decode(arena, build->solve, build->bridge, &request, &err);

	request.directories = build->directories;
	request.tell = api_grpc_view_tell;
	request.tell_context = &view;
	if (r == 0)
		r = build_run(arena, &request, &report, &err);
	spec_grpc_prefix_encode(SPEC_GRPC_END, 0, &out);
	if (r < 0) {
		api_grpc_word_failure(&report, &err);
		if (report.dockerfile || err.kind != ERROR_UNSUPPORTED)
			err.kind = ERROR_INTERNAL; /* which clients show without a word for it, and SOURCE has the same */
		write_details(&report, &err, &details);
	} else {
		write_result(arena, &report, &result);
		api_grpc_add_message(&result, &out);
	}
	api_grpc_add_status(r < 0 ? &err : NULL, details.length ? &details : NULL, &out);
	ignore_result(fd_write_all(build->fd, out.data, out.length));
	api_grpc_view_done(&view);
}
