/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a build, as BuildKit tells it: moby.buildkit.v1.StatusResponse. */
#include "api/grpc_build.h"

#include <inttypes.h>
#include <time.h>

#define STREAM_OUT 1
#define STREAM_ERR 2
#define WARNING_LEVEL 1
#define NS_PER_S 1000000000

enum { VERTEXES = 1, STATUSES, LOGS, WARNINGS }; /* fields of a StatusResponse */

struct api_grpc_vertex {
	char *title, *digest;
	char **inputs; /* digests; NULL-terminated */
	int64_t begun_ns, ended_ns;
	bool is_cached;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- vertices --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

/* A digest by its looks only: readers ask no more of it than to be another for each vertex. */
static char *make_digest(struct arena *arena, const char *title, size_t number, const char *ref)
{
	const char *text = arena_printf(arena, "%s %zu %s", ref, number, title);
	uint64_t parts[4];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = mix(mix(UINT64_C(0xcbf29ce484222325) + i, text), text);
	return arena_printf(arena, "sha256:%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, parts[0], parts[1], parts[2], parts[3]);
}

static void plan(struct api_grpc_view *view, const struct build_event *event)
{
	struct api_grpc_vertex *vertex;
	size_t count = 0;

	if (view->count == view->capacity) {
		view->capacity = view->capacity ? 2 * view->capacity : 64;
		view->vertices = memory_resize(view->vertices, view->capacity, sizeof *view->vertices);
	}
	vertex = &view->vertices[view->count];
	*vertex = (struct api_grpc_vertex){ .title = arena_strdup(view->arena, event->title),
		.digest = event->digest ? arena_strdup(view->arena, event->digest) : make_digest(view->arena, event->title, view->count, view->ref),
		.inputs = arena_alloc(view->arena, event->input_count + 1, sizeof *vertex->inputs) };
	for (size_t i = 0; i < event->input_count; i++)
		if (event->inputs[i] < view->count)
			vertex->inputs[count++] = view->vertices[event->inputs[i]].digest;
	view->count++;
}

static void note_time(struct api_grpc_vertex *vertex, enum build_event_kind kind, int64_t now)
{
	if (kind == BUILD_PLANNED)
		return;
	if (!vertex->begun_ns)
		vertex->begun_ns = now;
	if (kind != BUILD_STARTED)
		vertex->ended_ns = now;
	vertex->is_cached |= kind == BUILD_CACHED;
}

/* ---- messages ------------------------------------------------------------------------------------ */

static void write_vertex(const struct api_grpc_vertex *vertex, const struct build_event *event, struct buf *out)
{
	protobuf_write_text(out, 1, vertex->digest);
	for (char **input = vertex->inputs; *input; input++)
		protobuf_write_text(out, 2, *input);
	protobuf_write_text(out, 3, vertex->title);
	protobuf_write_uint(out, 4, vertex->is_cached);
	protobuf_write_time(out, 5, vertex->begun_ns);
	protobuf_write_time(out, 6, vertex->ended_ns);
	if (event->kind == BUILD_FAILED)
		protobuf_write_text(out, 7, event->error ? event->error->message : "it failed");
	else if (event->kind == BUILD_CANCELED)
		protobuf_write_text(out, 7, "context canceled");
}

static void write_status(const struct api_grpc_vertex *vertex, const struct build_event *event, int64_t now, struct buf *out)
{
	protobuf_write_text(out, 1, event->text);
	protobuf_write_text(out, 2, vertex->digest);
	protobuf_write_uint(out, 4, event->current);
	protobuf_write_uint(out, 5, event->total);
	protobuf_write_time(out, 6, now);
	protobuf_write_time(out, 7, vertex->begun_ns);
	if (event->current >= event->total)
		protobuf_write_time(out, 8, now);
}

static void write_log(const struct api_grpc_vertex *vertex, const struct build_event *event, int64_t now, struct buf *out)
{
	protobuf_write_text(out, 1, vertex->digest);
	protobuf_write_time(out, 2, now);
	protobuf_write_uint(out, 3, event->is_error_stream ? STREAM_ERR : STREAM_OUT);
	protobuf_write_bytes(out, 4, event->text, event->length);
}

void api_grpc_write_source(const struct dockerfile *dockerfile, const struct dockerfile_mark *mark, uint32_t info, uint32_t ranges, struct buf *out)
{
	_cleanup_buf_ struct buf text = BUF_INIT, data = BUF_INIT, range = BUF_INIT;

	for (size_t i = 0; i < dockerfile->line_count; i++)
		buf_printf(&data, "%s\n", dockerfile->lines[i]);
	protobuf_write_text(&text, 1, dockerfile->name);
	protobuf_write_bytes(&text, 2, data.data, data.length);
	protobuf_write_text(&text, 4, "Dockerfile");
	protobuf_write_bytes(out, info, text.data, text.length);
	for (uint32_t i = 1; i <= 2; i++) { /* from the line to itself */
		_cleanup_buf_ struct buf position = BUF_INIT;

		protobuf_write_uint(&position, 1, mark->line);
		protobuf_write_bytes(&range, i, position.data, position.length);
	}
	protobuf_write_bytes(out, ranges, range.data, range.length);
}

static void write_warning(const struct api_grpc_view *view, const struct build_event *event, struct buf *out)
{
	const struct lint_rule *rule = lint_rules;
	_cleanup_free_ char *text = str_printf("%s%s%s", event->rule ? event->rule : "", event->rule ? ": " : "", event->text);

	while (rule->name && !str_equal(rule->name, event->rule))
		rule++;
	if (event->vertex < view->count)
		protobuf_write_text(out, 1, view->vertices[event->vertex].digest);
	else if (view->count)
		protobuf_write_text(out, 1, view->vertices[0].digest); /* it is about the file */
	protobuf_write_uint(out, 2, WARNING_LEVEL);
	protobuf_write_bytes(out, 3, text, strlen(text));
	if (rule->name) {
		protobuf_write_bytes(out, 4, rule->description, strlen(rule->description));
		protobuf_write_text(out, 5, rule->url);
	}
	if (event->mark.line && view->report->dockerfile)
		api_grpc_write_source(view->report->dockerfile, &event->mark, 6, 7, out);
}

/* ---- events ------------------------------------------------------------------------------------------ */

static uint32_t encode(struct api_grpc_view *view, const struct build_event *event, struct buf *out)
{
	struct api_grpc_vertex *vertex;
	int64_t now = now_ns();

	if (event->kind == BUILD_WARNING) {
		write_warning(view, event, out);
		return WARNINGS;
	}
	if (event->kind == BUILD_PLANNED)
		plan(view, event);
	if (event->kind == BUILD_TICK || event->vertex >= view->count)
		return 0;
	vertex = &view->vertices[event->vertex];
	if (event->kind == BUILD_LOG) {
		write_log(vertex, event, now, out);
		return LOGS;
	}
	if (event->kind == BUILD_STATUS) {
		write_status(vertex, event, now, out);
		return STATUSES;
	}
	note_time(vertex, event->kind, now);
	write_vertex(vertex, event, out);
	return VERTEXES;
}

void api_grpc_view_tell(void *context, const struct build_event *event)
{
	_cleanup_buf_ struct buf part = BUF_INIT, message = BUF_INIT;
	struct api_grpc_view *view = context;
	uint32_t field = encode(view, event, &part);

	if (!field)
		return;
	protobuf_write_bytes(&message, field, part.data, part.length);
	view->send(view->context, &message);
}

void api_grpc_view_done(struct api_grpc_view *view)
{
	free(view->vertices);
}
