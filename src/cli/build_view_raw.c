/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build_view_raw.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/moment.h"

#include <inttypes.h>

#define STREAM_OUT 1
#define STREAM_ERR 2
#define WARNING_LEVEL 1

/* ---- what vertices are called ----------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

/* A digest by its looks only: readers ask no more of it than to be the same for the same vertex, and another for each other. */
static char *make_digest(const char *title, size_t number)
{
	_cleanup_free_ char *text = str_printf("%zu %s", number, title);
	uint64_t parts[4];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = mix(mix(UINT64_C(0xcbf29ce484222325) + i, text), text);
	return str_printf("sha256:%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, parts[0], parts[1], parts[2], parts[3]);
}

static void plan(struct build_view *view, const struct build_event *event)
{
	struct build_view_vertex *vertex = &view->vertices[view->count - 1];

	vertex->digest = event->digest ? str_dup(event->digest) : make_digest(vertex->title, view->count - 1);
	vertex->inputs = memory_new(event->input_count + 1, sizeof *vertex->inputs);
	for (size_t i = 0; i < event->input_count; i++)
		if (event->inputs[i] < view->count)
			vertex->inputs[vertex->input_count++] = event->inputs[i];
}

/* ---- documents ---------------------------------------------------------------------------------- */

static void write_time(struct json_writer *w, const char *key, int64_t ns)
{
	const struct timespec moment = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	moment_add(&moment, &text);
	json_write_string(w, key, text.data);
}

static void write_base64(struct json_writer *w, const char *key, const char *bytes, size_t length)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	base64_encode(bytes, length, &text);
	json_write_string(w, key, text.data);
}

static void write_vertex(struct json_writer *w, const struct build_view *view, const struct build_event *event)
{
	const struct build_view_vertex *vertex = &view->vertices[event->vertex];

	json_write_string(w, "digest", vertex->digest);
	if (vertex->input_count) {
		json_write_open(w, "inputs", '[');
		for (size_t i = 0; i < vertex->input_count; i++)
			json_write_string(w, NULL, view->vertices[vertex->inputs[i]].digest);
		json_write_close(w, ']');
	}
	json_write_string(w, "name", vertex->title);
	if (vertex->begun_ns)
		write_time(w, "started", vertex->begun_ns);
	if (vertex->ended_ns)
		write_time(w, "completed", vertex->ended_ns);
	if (vertex->state == BUILD_VIEW_CACHED)
		json_write_bool(w, "cached", true);
	if (vertex->state == BUILD_VIEW_FAILED)
		json_write_string(w, "error", event->error ? event->error->message : "it failed");
	if (vertex->state == BUILD_VIEW_CANCELED)
		json_write_string(w, "error", "canceled");
}

static void write_log(struct json_writer *w, const struct build_view *view, const struct build_event *event, const struct build_view_place *place)
{
	json_write_string(w, "vertex", view->vertices[event->vertex].digest);
	json_write_int(w, "stream", event->is_error_stream ? STREAM_ERR : STREAM_OUT);
	write_base64(w, "data", event->text, event->length);
	write_time(w, "timestamp", place->wall_ns);
}

static void write_status(struct json_writer *w, const struct build_view *view, const struct build_event *event, const struct build_view_place *place)
{
	const struct build_view_vertex *vertex = &view->vertices[event->vertex];

	json_write_string(w, "id", event->text);
	json_write_string(w, "vertex", vertex->digest);
	if (event->total)
		json_write_uint(w, "total", event->total);
	json_write_uint(w, "current", event->current);
	write_time(w, "timestamp", place->wall_ns);
	if (vertex->begun_ns)
		write_time(w, "started", vertex->begun_ns);
	if (event->current >= event->total)
		write_time(w, "completed", place->wall_ns);
}

static void write_range(struct json_writer *w, const struct dockerfile_mark *mark)
{
	json_write_open(w, "range", '[');
	json_write_open(w, NULL, '{');
	for (int i = 0; i < 2; i++) {
		json_write_open(w, i ? "end" : "start", '{');
		json_write_uint(w, "line", mark->line);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
	json_write_close(w, ']');
}

static void write_warning(struct json_writer *w, const struct build_event *event)
{
	const struct lint_rule *rule = lint_rules;
	_cleanup_free_ char *text = str_printf("%s%s%s", event->rule ? event->rule : "", event->rule ? ": " : "", event->text);

	while (rule->name && !str_equal(rule->name, event->rule))
		rule++;
	json_write_int(w, "level", WARNING_LEVEL);
	write_base64(w, "short", text, strlen(text));
	if (rule->name) {
		json_write_open(w, "detail", '[');
		write_base64(w, NULL, rule->description, strlen(rule->description));
		json_write_close(w, ']');
		json_write_string(w, "url", rule->url);
	}
	if (event->mark.line)
		write_range(w, &event->mark);
}

/* ---- events ----------------------------------------------------------------------------------------- */

static const char *list_of(enum build_event_kind kind)
{
	switch (kind) {
	case BUILD_PLANNED:
	case BUILD_STARTED:
	case BUILD_CACHED:
	case BUILD_DONE:
	case BUILD_FAILED:
	case BUILD_CANCELED:
		return "vertexes";
	case BUILD_LOG:
		return "logs";
	case BUILD_STATUS:
		return "statuses";
	case BUILD_WARNING:
		return "warnings";
	case BUILD_TICK:
		break;
	}
	return NULL;
}

static void note_time(struct build_view_vertex *vertex, enum build_event_kind kind, int64_t now)
{
	if (kind == BUILD_PLANNED)
		return;
	if (!vertex->begun_ns)
		vertex->begun_ns = now;
	if (kind != BUILD_STARTED)
		vertex->ended_ns = now;
}

void build_view_raw_take(struct build_view *view, const struct build_event *event, const struct build_view_place *place, struct buf *out)
{
	struct json_writer w = { .out = out };
	const char *list = list_of(event->kind);

	if (event->kind == BUILD_PLANNED)
		plan(view, event);
	if (!list || (event->kind != BUILD_WARNING && event->vertex >= view->count))
		return;
	json_write_open(&w, NULL, '{');
	json_write_open(&w, list, '[');
	json_write_open(&w, NULL, '{');
	if (event->kind == BUILD_LOG) {
		write_log(&w, view, event, place);
	} else if (event->kind == BUILD_STATUS) {
		write_status(&w, view, event, place);
	} else if (event->kind == BUILD_WARNING) {
		write_warning(&w, event);
	} else {
		note_time(&view->vertices[event->vertex], event->kind, place->wall_ns);
		write_vertex(&w, view, event);
	}
	json_write_close(&w, '}');
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
